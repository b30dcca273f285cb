/** The middle of values; NaN without any. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/**
 * When a contender notices the end of an update, in seconds since its Start, if
 * calls took no time.
 *
 * @param pauses seconds before each poll, without an end
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
 * The most times in any one window.
 *
 * @param times in milliseconds
 * @param windowMs its length; a time of exactly that age is outside
 */
export function mostInWindow(
  times: readonly number[],
  windowMs: number,
): number {
  const window: number[] = [];
  let most = 0;
  for (const time of times.toSorted((a, b) => a - b)) {
    window.push(time);
    while ((window[0] as number) <= time - windowMs) window.shift();
    most = Math.max(most, window.length);
  }
  return most;
}
