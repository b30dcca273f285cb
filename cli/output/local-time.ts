/**
 * A time to the second, as `2026-11-26 13:04:05 UTC`: the one style of times in lines for
 * people.
 *
 * @param timeZone the reader's, unless given
 */
export function localTime(time: string | number, timeZone?: string): string {
  const date = new Date(time);
  // Swedish writes dates and times as ISO 8601 does.
  const text = date.toLocaleString('sv-SE', { timeZone });
  const zone = new Intl.DateTimeFormat('en-US', {
    timeZone,
    timeZoneName: 'short',
  })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName');
  return zone ? `${text} ${zone.value}` : text;
}
