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
