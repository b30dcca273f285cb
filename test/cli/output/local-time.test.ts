import { describe, expect, it } from 'vitest';
import { localTime } from '../../../cli/output/local-time.ts';

describe('localTime', () => {
  it.each([
    ['UTC', '2026-11-26 23:04:05 UTC'],
    ['America/New_York', '2026-11-26 18:04:05 EST'],
    ['Asia/Kolkata', '2026-11-27 04:34:05 GMT+5:30'],
  ])('is sortable, with the zone %s', (zone, expected) => {
    expect(localTime('2026-11-26T23:04:05.678Z', zone)).toBe(expected);
  });

  it("is in the reader's zone otherwise", () => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const time = Date.parse('2026-07-01T00:00:00Z');
    expect(localTime(time)).toBe(localTime(time, timeZone));
  });
});
