import type {
  CustomSeriesRenderItemAPI,
  CustomSeriesRenderItemParams,
} from 'echarts';
import { visible } from '../../../shared/errors/text.ts';
import type { ReportModel, ReportRow } from '../report-model.ts';
import { utc } from '../time-text.ts';
import { keyPaint } from './key-paint.ts';
import { dayAxis, FONT, svgChart } from './svg-chart.ts';

/** Keeps text readable on a pattern. */
const HALO = { stroke: 'var(--chart-paper)', lineWidth: 4 };

/** What is marked on the line of a stream, and how. */
const MARKS = {
  FAILED: { symbol: 'diamond', color: 'var(--bad)' },
  ROLLED_BACK: { symbol: 'triangle', color: 'var(--warn)' },
  EXTERNAL_START: { symbol: 'circle', color: 'var(--ink)' },
  EXTERNAL_STOP: { symbol: 'rect', color: 'var(--bad)' },
} as const;

function markOf(row: ReportRow): keyof typeof MARKS | undefined {
  if (row.kind !== 'ROTATION') return row.kind;
  if (row.result === 'ROLLED_BACK') return 'ROLLED_BACK';
  return row.outcome.Status === 'FAILED' ? 'FAILED' : undefined;
}

/**
 * Draws which key each stream had over the period, on one line for each stream.
 *
 * @param part the number of the chart, since there may be several
 */
export function timelineChart(
  model: ReportModel,
  part: number,
  isNarrow: boolean,
) {
  const { streams, from, to } = model;
  const bar = isNarrow ? 14 : 17;
  /** On a phone, a stream's name is above its line. */
  const shift = isNarrow ? 8 : 0;
  const bars = streams.flatMap(({ spans, ring }, line) =>
    spans.map((span) => ({ ...span, line, ...keyPaint(span.KeyId, ring) })),
  );
  const renderItem = (
    { dataIndex }: CustomSeriesRenderItemParams,
    api: CustomSeriesRenderItemAPI,
  ) => {
    const one = bars[dataIndex];
    if (one === undefined) return;
    const { KeyId, fill, ink, label } = one;
    const [x, middle] = api.coord([one.from, one.line]) as [number, number];
    const [right] = api.coord([one.to, one.line]) as [number, number];
    const width = Math.max(1.5, right - x);
    const y = middle + shift - bar / 2;
    const rectangle = {
      type: 'rect' as const,
      shape: { x, y, width, height: bar },
      style: {
        fill,
        ...borderOf(KeyId),
        lineWidth: width > 4 ? 1 : 0,
      },
    };
    const text = fitLabel(KeyId, label, width);
    if (text === undefined) {
      return { type: 'group' as const, children: [rectangle] };
    }
    const style = {
      text,
      x: x + width / 2,
      y: y + bar / 2,
      fill: ink,
      ...(fill.startsWith('url') && HALO),
      font: `${isNarrow ? 9 : 11}px ${FONT}`,
      align: 'center' as const,
      verticalAlign: 'middle' as const,
    };
    const children = [rectangle, { type: 'text' as const, style }];
    return { type: 'group' as const, children };
  };
  const marks = Object.entries(MARKS).map(([name, { symbol, color }]) => ({
    type: 'scatter',
    silent: true,
    symbol,
    symbolSize: 10,
    symbolOffset: [0, shift - bar / 2],
    itemStyle: {
      color,
      opacity: 1,
      borderColor: 'var(--chart-paper)',
      borderWidth: 1.5,
    },
    data: streams.flatMap(({ rows }, line) =>
      rows.filter((row) => markOf(row) === name).map(({ at }) => [at, line]),
    ),
  }));
  return svgChart(
    {
      id: `timeline-${part}${isNarrow ? '-narrow' : ''}`,
      title: `Keys of ${streams.length} streams from ${utc(from)} to ${utc(to)}`,
      description:
        'One line for each stream, with a bar for each of its keys. The table Keys over the period in the section of each stream has the same keys.',
      width: isNarrow ? 360 : 1080,
      height: (isNarrow ? 38 : 27) * streams.length + 44,
    },
    {
      grid: {
        left: isNarrow ? 2 : 150,
        right: isNarrow ? 2 : 12,
        top: 6,
        bottom: 38,
        outerBoundsMode: 'none',
      },
      xAxis: {
        ...dayAxis(model, isNarrow ? 5 : 16, {
          fontSize: isNarrow ? 10 : 12,
          ...(isNarrow && { alignMinLabel: 'left' }),
        }),
        splitLine: { lineStyle: { color: 'var(--line)' } },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: streams.map((stream) => visible(stream.StreamName)),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: {
          interval: 0,
          color: 'var(--ink)',
          fontSize: 12,
          width: isNarrow ? 340 : 138,
          overflow: 'truncate',
          ...(isNarrow && {
            inside: true,
            margin: 0,
            verticalAlign: 'bottom',
            padding: [0, 0, 1, 0],
          }),
        },
      },
      series: [
        {
          type: 'custom',
          silent: true,
          renderItem,
          data: bars.map((one) => [one.from, one.line]),
        },
        ...marks,
      ],
    },
  );
}

/** Dashes for an unknown key: a pattern becomes a large picture in a PDF. */
function borderOf(keyId: string | null | undefined) {
  if (keyId === undefined) return { stroke: 'var(--muted)', lineDash: [2, 2] };
  return { stroke: keyId === null ? 'var(--bad)' : 'var(--chart-paper)' };
}

/** The key with its place in the ring, or the place alone, as far as it fits. */
function fitLabel(
  keyId: string | null | undefined,
  label: string,
  width: number,
): string | undefined {
  const CHARACTER = 6.2;
  const full =
    keyId === null
      ? 'not encrypted'
      : keyId === undefined
        ? 'unknown'
        : `${label}  ${visible(keyId)}`;
  if (full.length * CHARACTER + 8 <= width) return full;
  return label.length * CHARACTER + 2 <= width ? label : undefined;
}
