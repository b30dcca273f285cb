/** Cells are text, so that the terminal and the page show the same. */
export interface Table {
  title: string;
  head: string[];
  rows: string[][];
}

export interface Plot {
  /** What the plot shows, also for readers who do not see it. */
  title: string;
  /** Names of the groups of bars, or places on the axis of lines. */
  x: string[];
  xLabel: string;
  yLabel: string;
  /** A number for each place, or null. */
  series: { name: string; values: (number | null)[] }[];
  kind: 'bars' | 'lines';
  /** Whether the values span orders of magnitude. */
  isLogarithmic?: boolean;
  /** A line across the plot, with its name. */
  mark?: { value: number; name: string };
}

/** A part of the benchmark. Its data is plain, so that it survives JSON. */
export interface Section<Data> {
  /** As in `--only` and in the file name of the plot. */
  name: string;
  title: string;
  measure: () => Promise<Data>;
  tables: (data: Data) => Table[];
  plot: (data: Data) => Plot;
}

/** Whether a figure is within its target, for the cell of a table. */
export const verdict = (isMet: boolean): string => (isMet ? 'met' : 'missed');

const format = (figure: number) =>
  Number.isInteger(figure) ? String(figure) : figure.toFixed(2);

/** A table of figures with the most that each may be. */
export function targetTable(
  targets: readonly [name: string, figure: number, most: number][],
): Table {
  return {
    title: 'Targets',
    head: ['', 'figure', 'at most', ''],
    rows: targets.map(([name, figure, most]) => [
      name,
      format(figure),
      format(most),
      verdict(figure <= most),
    ]),
  };
}
