import { stripVTControlCharacters } from 'node:util';
import { type ColumnUserConfig, getBorderCharacters, table } from 'table';

const DEFAULT_WIDTH = 120;
const MIN_WIDTH = 80;
/** A column below this breaks every word. */
const MIN_COLUMN = 8;

/** How wide a table may be: as the terminal, and never less than 80 characters. */
export function terminalWidth(): number {
  return Math.max(MIN_WIDTH, process.stdout.columns || DEFAULT_WIDTH);
}

/**
 * Says how wide columns are, for a table that is at most as wide as `width` and the
 * widths of its narrow columns allow. The widest columns shrink first; their cells wrap.
 *
 * @param frame the characters of borders and padding in a line
 */
export function fitColumns(
  rows: readonly (readonly string[])[],
  width: number,
  frame: number,
): ColumnUserConfig[] {
  const natural = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column]))),
  );
  const total = () => natural.reduce((sum, each) => sum + each, frame);
  const isShrunk = natural.map(() => false);
  while (total() > width) {
    const widest = natural.indexOf(Math.max(...natural));
    const size = natural[widest] ?? 0;
    if (size <= MIN_COLUMN) break;
    natural[widest] = size - 1;
    isShrunk[widest] = true;
  }
  return natural.map((size, column) =>
    isShrunk[column] ? { width: size, wrapWord: true } : {},
  );
}

function widthOf(cell = ''): number {
  const lines = stripVTControlCharacters(cell).split('\n');
  return Math.max(...lines.map((line) => line.length));
}

/** Aligned columns under a head, without lines, wrapped to the width of the terminal. */
export function rowTable(
  head: readonly string[],
  rows: string[][],
  width = terminalWidth(),
): string {
  const all = [[...head], ...rows];
  return draw(all, fitColumns(all, width, frameOf(head)));
}

/**
 * As {@link rowTable}, with lines of their own below rows, however many lines a row has.
 *
 * @param below the lines below each row
 */
export function rowTableWithLines(
  head: readonly string[],
  rows: string[][],
  below: readonly string[][],
  width = terminalWidth(),
): string {
  const all = [[...head], ...rows];
  const columns = fitColumns(all, width, frameOf(head)).map((column, at) => ({
    width: Math.max(1, ...all.map((row) => widthOf(row[at]))),
    ...column,
  }));
  return all
    .flatMap((row, at) => [draw([row], columns), ...(below[at - 1] ?? [])])
    .join('\n');
}

const frameOf = (head: readonly string[]) => 2 * (head.length - 1);

function draw(rows: string[][], columns: ColumnUserConfig[]): string {
  const drawn = table(rows, {
    border: getBorderCharacters('void'),
    drawHorizontalLine: () => false,
    columnDefault: { paddingLeft: 0, paddingRight: 2 },
    columns,
  });
  return drawn
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
}

/** The line `Label   value`; no line without a value. */
export function labelledRow(
  label: string,
  value: string | null | undefined,
): string[] {
  return value ? [`${label.padEnd(7)} ${value}`] : [];
}
