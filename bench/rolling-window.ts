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
