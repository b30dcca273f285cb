/** The middle of values, NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Whether a figure is within its target, in a word for a table's cell. */
export const verdict = (isMet: boolean): string => (isMet ? 'met' : 'missed');

/**
 * When an update is seen to be over, in seconds since its Start, if calls took
 * no time.
 *
 * @param pauses seconds before each look, without an end
 */
export function noticedAt(
  pauses: Iterable<number>,
  updateSeconds: number,
): number {
  let at = 0;
  for (const pause of pauses) {
    at += pause;
    if (at >= updateSeconds) break;
  }
  return at;
}

/**
 * The most of some times that are in any one window.
 *
 * @param times in milliseconds
 * @param windowMs its length; a time that is just as long ago is out of it
 */
export function mostInWindow(
  times: readonly number[],
  windowMs: number,
): number {
  const sorted = times.toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [last, time] of sorted.entries()) {
    while ((sorted[first] ?? 0) <= time - windowMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
