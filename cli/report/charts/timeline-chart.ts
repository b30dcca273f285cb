import type {
  CustomSeriesRenderItemAPI,
  CustomSeriesRenderItemParams,
} from 'echarts';
import { visible } from '../../../shared/errors/text.ts';
import type { Entry, ReportModel } from '../report-model.ts';
import { dayText, utc } from '../time-text.ts';
import { keyPaint } from './key-paint.ts';
import { days, FONT, svgChart } from './svg-chart.ts';

/** Keeps text readable on a pattern. */
const HALO = { stroke: 'var(--chart-paper)', lineWidth: 4 };

/** What is marked on the line of a stream, and how. */
const MARKS = {
  FAILED: { Shape: 'diamond', Color: 'var(--bad)' },
  ROLLED_BACK: { Shape: 'triangle', Color: 'var(--warn)' },
  START_BY_OTHERS: { Shape: 'circle', Color: 'var(--ink)' },
} as const;
type Mark = keyof typeof MARKS;

function markOf(entry: Entry): Mark | undefined {
  if (entry.Kind === 'START_BY_OTHERS') return 'START_BY_OTHERS';
  if (entry.Result === 'ROLLED_BACK') return 'ROLLED_BACK';
  return entry.Outcome.Status === 'FAILED' ? 'FAILED' : undefined;
}

/**
 * Which key each stream had over the period, a line for each stream.
 *
 * @param part which one it is, where there are several
 */
export function timelineChart(
  model: ReportModel,
  part: number,
  isNarrow: boolean,
) {
  const { Streams, From, To } = model;
  const Width = isNarrow ? 360 : 1080;
  const row = isNarrow ? 38 : 27;
  const bar = isNarrow ? 14 : 17;
  /** On a phone, a stream's name stands above its line. */
  const shift = isNarrow ? 8 : 0;
  const Height = row * Streams.length + 44;
  const ticks = days(From, To, isNarrow ? 5 : 16);
  const spans = Streams.flatMap((stream, at) =>
    stream.Spans.map((span) => ({ span, at, stream })),
  );
  const renderItem = (
    { dataIndex }: CustomSeriesRenderItemParams,
    api: CustomSeriesRenderItemAPI,
  ) => {
    const one = spans[dataIndex];
    if (one === undefined) return;
    const [left = 0, middle = 0] = api.coord([one.span.From, one.at]);
    const [right = 0] = api.coord([one.span.To, one.at]);
    const width = Math.max(1.5, right - left);
    const y = middle + shift - bar / 2;
    const { Fill, Ink, Label } = keyPaint(one.span, one.stream.Ring);
    const text = labelFor(one.span.KeyId, Label, width);
    return {
      type: 'group' as const,
      children: [
        {
          type: 'rect' as const,
          shape: { x: left, y, width, height: bar },
          style: {
            fill: Fill,
            stroke:
              one.span.KeyId === null ? 'var(--bad)' : 'var(--chart-paper)',
            lineWidth: width > 4 ? 1 : 0,
          },
        },
        ...(text === ''
          ? []
          : [
              {
                type: 'text' as const,
                style: {
                  text,
                  x: left + width / 2,
                  y: y + bar / 2,
                  fill: Ink,
                  ...(Fill.startsWith('url') && HALO),
                  font: `${isNarrow ? 9 : 11}px ${FONT}`,
                  align: 'center' as const,
                  verticalAlign: 'middle' as const,
                },
              },
            ]),
      ],
    };
  };
  const marks = Object.entries(MARKS).map(([name, { Shape, Color }]) => ({
    type: 'scatter',
    silent: true,
    symbol: Shape,
    symbolSize: 10,
    symbolOffset: [0, shift - bar / 2],
    itemStyle: {
      color: Color,
      opacity: 1,
      borderColor: 'var(--chart-paper)',
      borderWidth: 1.5,
    },
    data: Streams.flatMap((stream, at) =>
      stream.Entries.filter((entry) => markOf(entry) === name).map((entry) => [
        entry.At,
        at,
      ]),
    ),
  }));
  return svgChart(
    {
      grid: {
        left: isNarrow ? 2 : 150,
        right: isNarrow ? 2 : 12,
        top: 6,
        bottom: 38,
        outerBoundsMode: 'none',
      },
      xAxis: {
        type: 'value',
        min: From,
        max: To,
        axisLine: { lineStyle: { color: 'var(--line-strong)' } },
        axisTick: { customValues: ticks },
        axisLabel: {
          customValues: ticks,
          formatter: dayText,
          color: 'var(--muted)',
          fontSize: isNarrow ? 10 : 12,
          hideOverlap: true,
          ...(isNarrow && { alignMinLabel: 'left' }),
        },
        splitLine: { lineStyle: { color: 'var(--line)' } },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: Streams.map((stream) => visible(stream.StreamName)),
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
          data: spans.map(({ span, at }) => [span.From, at]),
        },
        ...marks,
      ],
    },
    { Width, Height },
    {
      Id: `timeline-${part}${isNarrow ? '-narrow' : ''}`,
      Title: `Keys of ${Streams.length} streams from ${utc(From)} to ${utc(To)}`,
      Description:
        'One line for each stream, with a bar for each key that it had. The section of each stream says the same, under Keys over the period.',
    },
  );
}

/** The key's name where there is room for it, else its place, else nothing. */
function labelFor(
  keyId: string | null | undefined,
  label: string,
  width: number,
): string {
  const CHARACTER = 6.2;
  const full =
    keyId === null
      ? 'not encrypted'
      : keyId === undefined
        ? 'not known'
        : `${label}  ${visible(keyId)}`;
  if (full.length * CHARACTER + 8 <= width) return full;
  return label.length * CHARACTER + 2 <= width ? label : '';
}
