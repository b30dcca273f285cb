/** A line `Label   value` for people; none without a value. */
export function labelledRow(
  label: string,
  value: string | null | undefined,
): string[] {
  return value ? [`${label.padEnd(7)} ${value}`] : [];
}
