import { getBorderCharacters, table } from 'table';

/** Aligned columns under a head, without lines. */
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

/** The line `Label   value`; no line without a value. */
export function labelledRow(
  label: string,
  value: string | null | undefined,
): string[] {
  return value ? [`${label.padEnd(7)} ${value}`] : [];
}
