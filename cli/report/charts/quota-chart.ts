import { visible } from '../../../shared/errors/text.ts';
import { QUOTA_LIMIT } from '../../../shared/ledger/window.ts';
import type { ReportModel, StreamModel } from '../report-model.ts';
import { dayText, utc } from '../time-text.ts';
import { days, svgChart } from './svg-chart.ts';

/**
 * How much of each stream's quota was used over the period.
 *
 * @param part which one it is, where there are several
 */
export function quotaChart(
  model: ReportModel,
  part: number,
  isNarrow: boolean,
) {
  const { Streams, From, To } = model;
  const Width = isNarrow ? 360 : 1080;
  const columns = isNarrow ? 2 : 4;
  const gap = isNarrow ? 14 : 28;
  const left = 24;
  const cell = (Width - left - 8 - gap * (columns - 1)) / columns;
  const plot = isNarrow ? 52 : 62;
  const row = plot + 48;
  const rows = Math.ceil(Streams.length / columns);
  const Height = rows * row + 4;
  const place = (at: number) => ({
    x: left + (at % columns) * (cell + gap),
    y: Math.floor(at / columns) * row + 22,
  });
  const ticks = days(From, To, isNarrow ? 3 : 5);
  const each = <Part>(part: (stream: StreamModel, at: number) => Part) =>
    Streams.map(part);
  const color = ({ Use }: StreamModel) =>
    Use.Peak >= QUOTA_LIMIT ? 'var(--bad)' : 'var(--key-1)';
  return svgChart(
    {
      title: Streams.flatMap((stream, at) => {
        const { x, y } = place(at);
        const { Peak } = stream.Use;
        const isFull = Peak >= QUOTA_LIMIT;
        return [
          {
            text: visible(stream.StreamName),
            left: x,
            top: y - 20,
            padding: 0,
            textStyle: {
              fontSize: isNarrow ? 11 : 12,
              fontWeight: 600,
              color: 'var(--ink)',
              width: cell - 60,
              overflow: 'truncate',
            },
          },
          {
            text: `peak ${Peak}`,
            left: x + cell,
            top: y - 20,
            padding: 0,
            textAlign: 'right',
            textStyle: {
              fontSize: 11,
              fontWeight: isFull ? 700 : 400,
              color: isFull ? 'var(--bad)' : 'var(--muted)',
            },
          },
        ];
      }),
      grid: each((_, at) => {
        const { x, y } = place(at);
        return {
          left: x,
          top: y,
          width: cell,
          height: plot,
          outerBoundsMode: 'none',
        };
      }),
      xAxis: each((_, gridIndex) => ({
        type: 'value',
        gridIndex,
        min: From,
        max: To,
        axisLine: { lineStyle: { color: 'var(--line-strong)' } },
        axisTick: { customValues: ticks, length: 3 },
        axisLabel: {
          customValues: ticks,
          formatter: dayText,
          fontSize: 10,
          color: 'var(--muted)',
          margin: 5,
          hideOverlap: true,
          alignMinLabel: 'left',
        },
        splitLine: { show: false },
      })),
      yAxis: each((_, gridIndex) => ({
        type: 'value',
        gridIndex,
        min: 0,
        max: QUOTA_LIMIT + 2,
        axisTick: { show: false },
        axisLabel: {
          show: gridIndex % columns === 0,
          customValues: [0, QUOTA_LIMIT],
          fontSize: 10,
          margin: 4,
          color: 'var(--muted)',
        },
        splitLine: { show: false },
      })),
      series: Streams.flatMap((stream, at) => [
        {
          type: 'line',
          silent: true,
          step: 'end',
          symbol: 'none',
          xAxisIndex: at,
          yAxisIndex: at,
          lineStyle: { color: color(stream), width: 1.4 },
          areaStyle: { color: color(stream), opacity: 0.22 },
          data: [
            ...stream.Use.Steps.map(({ At, Used }) => [At, Used]),
            [To, stream.Use.Steps.at(-1)?.Used ?? 0],
          ],
          markLine: {
            silent: true,
            symbol: 'none',
            label: { show: false },
            lineStyle: { color: 'var(--bad)', type: 'dashed', width: 1 },
            data: [{ yAxis: QUOTA_LIMIT }],
          },
        },
      ]),
    },
    { Width, Height },
    {
      Id: `quota-${part}${isNarrow ? '-narrow' : ''}`,
      Title: `Slots used in the rolling 24 hours, from ${utc(From)} to ${utc(To)}`,
      Description: `One small chart for each stream; the dashed line is the limit of ${QUOTA_LIMIT}. The highest use of each stream is in the table of streams.`,
    },
  );
}
