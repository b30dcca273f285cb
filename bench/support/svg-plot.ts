import { BarChart, LineChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Plot } from '../section.ts';

use([
  BarChart,
  GridComponent,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  SVGRenderer,
  TitleComponent,
]);

const WIDTH = 760;
const HEIGHT = 320;

/** Distinguishable also without colors, by the order of the legend. */
const COLORS = ['--1', '--2', '--3', '--4'].map((name) => `var(${name})`);

/** One drawing for light and dark: the reader's setting chooses the colors. */
const STYLE = `<style>
svg{--ink:#1f2328;--muted:#59636e;--line:#d1d9e0;--1:#0969da;--2:#bc4c00;--3:#1a7f37;--4:#8250df;--mark:#cf222e}
@media (prefers-color-scheme:dark){svg{--ink:#f0f6fc;--muted:#9198a1;--line:#3d444d;--1:#4493f8;--2:#db6d28;--3:#3fb950;--4:#ab7df8;--mark:#f85149}}
</style>`;

/** Draws a plot as an SVG file without scripts. */
export function svgPlot(plot: Plot): string {
  const { title, x, xLabel, yLabel, series, kind, isLogarithmic, mark } = plot;
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH,
    height: HEIGHT,
  });
  const muted = { color: 'var(--muted)', fontSize: 11 };
  const isCrowded = x.length > 8;
  chart.setOption({
    animation: false,
    color: COLORS,
    title: {
      text: title,
      left: 8,
      top: 6,
      textStyle: { color: 'var(--ink)', fontSize: 14, fontWeight: 600 },
    },
    legend: {
      show: series.length > 1,
      left: 8,
      top: 32,
      itemGap: 28,
      textStyle: muted,
      inactiveColor: 'var(--muted)',
    },
    grid: { left: 56, right: 88, top: 88, bottom: isCrowded ? 88 : 48 },
    xAxis: {
      type: 'category',
      data: x,
      name: xLabel,
      nameLocation: 'middle',
      nameGap: 28,
      nameTextStyle: muted,
      axisLabel: {
        ...muted,
        interval: 0,
        ...(isCrowded ? { rotate: 40 } : { width: 120, overflow: 'break' }),
      },
      axisLine: { lineStyle: { color: 'var(--line)' } },
      axisTick: { show: false },
    },
    yAxis: {
      type: isLogarithmic ? 'log' : 'value',
      name: yLabel,
      nameTextStyle: muted,
      axisLabel: muted,
      splitLine: { lineStyle: { color: 'var(--line)' } },
    },
    series: series.map(({ name, values }, at) => ({
      type: kind === 'bars' ? 'bar' : 'line',
      name: name,
      data: values,
      barMaxWidth: 36,
      symbol: 'circle',
      ...(at === 0 &&
        mark && {
          markLine: {
            silent: true,
            symbol: 'none',
            lineStyle: { color: 'var(--mark)', type: 'dashed' },
            label: {
              formatter: `${mark.name} ${mark.value}`,
              color: 'var(--mark)',
              fontSize: 11,
            },
            data: [{ yAxis: mark.value }],
          },
        }),
    })),
  });
  const drawing = chart.renderToSVGString({ useViewBox: true });
  chart.dispose();
  return `${drawing
    .replace(/<style[^>]*>.*?<\/style>/s, '')
    .replace(/ (?:ecmeta_\w+|class|pointer-events)="[^"<>]*"/g, '')
    .replace(/^<svg[^>]*>/, (tag) =>
      tag.replace('>', ` role="img" aria-label="${title}">${STYLE}`),
    )}\n`;
}
