/** Cells are text, so that terminal and page show the same. */
export interface Table {
  Title: string;
  Head: string[];
  Rows: string[][];
}

export interface Plot {
  /** What it shows, for those who do not see it. */
  Title: string;
  /** Names of the groups of bars, or places on the axis of lines. */
  X: string[];
  XLabel: string;
  YLabel: string;
  /** A number for each place, or null. */
  Series: { Name: string; Values: (number | null)[] }[];
  Kind: 'bars' | 'lines';
  /** Whether the values go over orders of magnitude. */
  IsLogarithmic?: boolean;
  /** Where a line is drawn, and what it is called. */
  Mark?: { Value: number; Name: string };
}

/** A part of the benchmark. Its data is plain, so that it survives JSON. */
export interface Section<Data> {
  /** As `--only` takes it, and in the plot's file name. */
  Name: string;
  Title: string;
  measure: () => Promise<Data>;
  tables: (data: Data) => Table[];
  plot: (data: Data) => Plot;
}
