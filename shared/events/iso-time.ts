/**
 * One spelling of a time, so that the record of a rotation has one key. Step
 * Functions gives the start of an execution as text in the context object, and in
 * milliseconds since the epoch in its events.
 *
 * @returns ISO 8601 with milliseconds, in UTC
 */
export function isoTime(time: string | number): string {
  return new Date(time).toISOString();
}

/**
 * A time that every engine compares alike: some compare the texts, in which
 * `.000Z` comes before `Z`.
 *
 * @param ms milliseconds since the epoch; what is below a second is dropped
 * @returns ISO 8601 without milliseconds, in UTC
 */
export function wholeSecond(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
