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
