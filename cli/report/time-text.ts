const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** As `2026-11-25 13:04:05 UTC`, with no line break before UTC. */
export function utc(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return String(at);
  return `${date.toISOString().slice(0, 19).replace('T', ' ')}\u00a0UTC`;
}

/** As `2026-11-25 13:04:05`, where the words around it name UTC. */
export function dateTime(at: number | string): string {
  return utc(at).replace('\u00a0UTC', '');
}

/** The time of day in UTC, with the date where it is another one than that of `start`. */
export function timeOfDay(at: number | string, start: number | string): string {
  const text = dateTime(at);
  const [day, time] = text.split(' ');
  return time !== undefined && dateTime(start).startsWith(`${day} `)
    ? time
    : text;
}

/** The two largest units of a duration, as `12 d 3 h`, without a line break. */
export function duration(ms: number): string {
  const units: [number, string][] = [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
    [SECOND, 's'],
  ];
  const first = units.findIndex(([length]) => ms >= length);
  if (first < 0) return 'less than a second';
  let rest = ms;
  return units
    .slice(first, first + 2)
    .map(([length, unit]) => {
      const count = Math.floor(rest / length);
      rest -= count * length;
      return count > 0 ? `${count}\u00a0${unit}` : '';
    })
    .filter((part) => part !== '')
    .join('\u00a0');
}
