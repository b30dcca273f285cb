import { visible } from '../../../shared/errors/text.ts';
import { QUOTA_LIMIT } from '../../../shared/ledger/window.ts';
import type { ReportModel } from '../report-model.ts';
import { utc } from '../time-text.ts';
import { dayAxis, svgChart } from './svg-chart.ts';

/**
 * Draws how much of each stream's quota was used over the period.
 *
 * @param part the number of the chart, since there may be several
 */
export function quotaChart(
  model: ReportModel,
  part: number,
  isNarrow: boolean,
) {
  const { streams, from, to } = model;
  const width = isNarrow ? 360 : 1080;
  const columns = isNarrow ? 2 : 4;
  const gap = isNarrow ? 14 : 28;
  const left = 24;
  const cell = (width - left - 8 - gap * (columns - 1)) / columns;
  const plot = isNarrow ? 52 : 62;
  const row = plot + 48;
  const height = Math.ceil(streams.length / columns) * row + 4;
  const cells = streams.map(({ StreamName, quotaUse }, at) => ({
    name: visible(StreamName),
    x: left + (at % columns) * (cell + gap),
    y: Math.floor(at / columns) * row + 22,
    ...quotaUse,
    isFull: quotaUse.peak >= QUOTA_LIMIT,
  }));
  return svgChart(
    {
      id: `quota-${part}${isNarrow ? '-narrow' : ''}`,
      title: `Slots used in the rolling 24 hours, from ${utc(from)} to ${utc(to)}`,
      description: `One small chart for each stream; the dashed line is the limit of ${QUOTA_LIMIT}. The table of streams has the peak of each.`,
      width,
      height,
    },
    {
      title: cells.flatMap(({ name, x, y, peak, isFull }) => [
        {
          text: name,
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
          text: `peak ${peak}`,
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
      ]),
      grid: cells.map(({ x, y }) => ({
        left: x,
        top: y,
        width: cell,
        height: plot,
        outerBoundsMode: 'none',
      })),
      xAxis: cells.map((_, gridIndex) => {
        const axis = dayAxis(model, isNarrow ? 3 : 5, {
          fontSize: 10,
          margin: 5,
          alignMinLabel: 'left',
        });
        return {
          ...axis,
          gridIndex,
          axisTick: { ...axis.axisTick, length: 3 },
          splitLine: { show: false },
        };
      }),
      yAxis: cells.map((_, gridIndex) => ({
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
      series: cells.map(({ steps, isFull }, at) => {
        const color = isFull ? 'var(--bad)' : 'var(--key-1)';
        const data = steps.map((step) => [step.at, step.used]);
        return {
          type: 'line',
          silent: true,
          step: 'end',
          symbol: 'none',
          xAxisIndex: at,
          yAxisIndex: at,
          lineStyle: { color, width: 1.4 },
          areaStyle: { color, opacity: 0.22 },
          data: [...data, ...data.slice(-1).map(([, used]) => [to, used])],
          markLine: {
            silent: true,
            symbol: 'none',
            label: { show: false },
            lineStyle: { color: 'var(--bad)', type: 'dashed', width: 1 },
            data: [{ yAxis: QUOTA_LIMIT }],
          },
        };
      }),
    },
  );
}
