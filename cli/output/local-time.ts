/** A time in the local time zone, to the second. */
export function localTime(time: string | number): string {
  return new Date(time).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'long',
  });
}
