import { CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  MarkLineComponent,
  TitleComponent,
} from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { html, raw } from 'hono/html';

use([
  CustomChart,
  GridComponent,
  LineChart,
  MarkLineComponent,
  ScatterChart,
  SVGRenderer,
  TitleComponent,
]);

/** As the style of the page has it. */
export const FONT = 'var(--font)';

export interface ChartSize {
  Width: number;
  Height: number;
}

/** What a chart says to those who do not see it. */
export interface ChartWords {
  /** Unique in the page. */
  Id: string;
  Title: string;
  Description: string;
}

/**
 * Draws a chart as static SVG. Its colors are variables of the page's style,
 * so that one drawing serves light, dark and paper.
 */
export function svgChart(
  option: EChartsCoreOption,
  { Width, Height }: ChartSize,
  { Id, Title, Description }: ChartWords,
) {
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: Width,
    height: Height,
  });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: FONT, color: 'var(--ink)' },
    ...option,
  });
  const drawing = chart.renderToSVGString({ useViewBox: true });
  chart.dispose();
  return html`<svg viewBox="0 0 ${Width} ${Height}" role="img" aria-labelledby="${Id}-title ${Id}-desc"><title id="${Id}-title">${Title}</title><desc id="${Id}-desc">${Description}</desc>${raw(contentOf(drawing))}</svg>`;
}

/**
 * The drawing without its frame, without what only scripts would use, and
 * without clip paths: nothing is drawn outside, and their ids change with every
 * drawing. Text in it is escaped, so that none of it looks like these.
 */
function contentOf(svg: string): string {
  return svg
    .replace(/^<svg[^>]*>/, '')
    .replace(/<(style|defs)[ >].*?<\/\1>/gs, '')
    .replace(/<\/svg>\s*$/, '')
    .replace(/ (?:ecmeta_\w+|class|pointer-events|clip-path)="[^"<>]*"/g, '')
    .replaceAll('></path>', '/>')
    .replaceAll('></rect>', '/>');
}

/** Midnights that label an axis, at regular intervals and at most `most`. */
export function days(from: number, to: number, most: number): number[] {
  const DAY = 86_400_000;
  const first = Math.ceil(from / DAY) * DAY;
  const count = Math.floor((to - first) / DAY) + 1;
  const steps = [1, 2, 7, 14, 28, 56, 91, 182, 364];
  const step = steps.find((one) => count / one <= most) ?? 728;
  return Array.from(
    { length: Math.max(0, Math.ceil(count / step)) },
    (_, at) => first + at * step * DAY,
  );
}
