/**
 * How long to wait before looking again: a tenth of the time already waited,
 * at least 1 s and at most 15 s. So a change is noticed within a tenth of its
 * own length, and one of minutes costs little.
 *
 * @param waitedMs milliseconds since the wait began
 * @returns whole seconds, as a Wait state takes them
 */
export function pollSeconds(waitedMs: number): number {
  return Math.min(15, Math.max(1, Math.floor(waitedMs / 10_000)));
}

/**
 * When a stream is looked at that is waited for, in milliseconds since the wait
 * began, the first look among them: at the earliest, since each takes time of
 * its own.
 */
export function* lookTimes(): Generator<number, never> {
  for (let at = 0; ; at += pollSeconds(at) * 1000) yield at;
}
