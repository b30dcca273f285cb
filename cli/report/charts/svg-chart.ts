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

/** The font of the page's style. */
export const FONT = 'var(--font)';

/** One of the drawings of a chart. */
export interface Drawing {
  /** Unique in the page. */
  id: string;
  /** For readers who do not see the chart. */
  title: string;
  description: string;
  width: number;
  height: number;
}

/**
 * Draws a chart as static SVG. Its colors are variables of the page's style,
 * so that one drawing serves light, dark and paper.
 */
export function svgChart(
  { id, title, description, width, height }: Drawing,
  option: EChartsCoreOption,
) {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: FONT, color: 'var(--ink)' },
    ...option,
  });
  const svg = chart.renderToSVGString({ useViewBox: true });
  chart.dispose();
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc"><title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>${raw(contentOf(svg))}</svg>`;
}

/**
 * Removes the frame of a drawing, what only scripts would use, and clip paths:
 * nothing is drawn outside, and their ids change with every drawing. Text in it is
 * escaped, so that it never matches.
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

/** A horizontal axis of days, with at most `most` labels, each at a midnight. */
export function dayAxis(
  { from, to }: { from: number; to: number },
  most: number,
  label: object,
) {
  const customValues = midnights(from, to, most);
  return {
    type: 'value',
    min: from,
    max: to,
    axisLine: { lineStyle: { color: 'var(--line-strong)' } },
    axisTick: { customValues },
    axisLabel: {
      customValues,
      formatter: dayText,
      color: 'var(--muted)',
      hideOverlap: true,
      ...label,
    },
  };
}

function midnights(from: number, to: number, most: number): number[] {
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

/** A day on an axis, as `26 Oct`. */
function dayText(at: number): string {
  return new Date(at).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    timeZone: 'UTC',
  });
}
