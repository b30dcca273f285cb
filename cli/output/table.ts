import { getBorderCharacters, table } from 'table';

/** Columns that line up, under a head, for people; no lines are drawn. */
export function rowTable(head: readonly string[], rows: string[][]): string {
  const drawn = table([[...head], ...rows], {
    border: getBorderCharacters('void'),
    drawHorizontalLine: () => false,
    columnDefault: { paddingLeft: 0, paddingRight: 2 },
  });
  return drawn
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
}
