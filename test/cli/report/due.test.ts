import { describe, expect, it } from 'vitest';
import { dueAfter, timeliness, toleranceMs } from '../../../cli/report/due.ts';
import { LEASE_MS } from '../../../shared/rotation/deadlines.ts';

const at = (time: string) => Date.parse(`${time}Z`);
const DAY = 86_400_000;

describe('dueAfter', () => {
  it.each([
    ['rate(1 day)', '2026-11-24T03:00:07', '2026-11-25T03:00:07'],
    ['rate(6 hours)', '2026-11-24T22:00:00', '2026-11-25T04:00:00'],
    ['rate(90 minutes)', '2026-11-24T23:00:00', '2026-11-25T00:30:00'],
    ['cron(0 3 * * ? *)', '2026-11-24T03:00:07', '2026-11-25T03:00:00'],
    ['cron(0 3 1 * ? *)', '2026-11-24T00:00:00', '2026-12-01T03:00:00'],
    ['cron(0 3 ? * 1 *)', '2026-11-24T00:00:00', '2026-11-29T03:00:00'],
    ['cron(0 3 ? * SUN *)', '2026-11-24T00:00:00', '2026-11-29T03:00:00'],
    ['cron(0 3 ? * 2#1 *)', '2026-11-24T00:00:00', '2026-12-07T03:00:00'],
    ['cron(0 3 ? * 6L *)', '2026-11-24T00:00:00', '2026-11-27T03:00:00'],
    ['cron(0 3 L * ? *)', '2026-11-24T00:00:00', '2026-11-30T03:00:00'],
    ['cron(0 3 15W * ? *)', '2026-11-24T00:00:00', '2026-12-15T03:00:00'],
    ['cron(0 4/6 * * ? *)', '2026-11-24T05:00:00', '2026-11-24T10:00:00'],
    ['cron(0 3 1 1/3 ? *)', '2026-11-24T00:00:00', '2027-01-01T03:00:00'],
    ['cron(0 3 1 1 ? 2028)', '2026-11-24T00:00:00', '2028-01-01T03:00:00'],
  ])('reads %s as AWS does: after %s comes %s', (Schedule, since, due) => {
    expect(dueAfter({ Schedule }, at(since))).toBe(at(due));
  });

  it('counts in the time zone of the schedule', () => {
    const listed = {
      Schedule: 'cron(0 3 * * ? *)',
      Timezone: 'Europe/Berlin',
    };
    expect(dueAfter(listed, at('2026-11-24T12:00:00'))).toBe(
      at('2026-11-25T02:00:00'),
    );
  });

  it('skips a time in an hour that a change of clocks leaves out', () => {
    const listed = {
      Schedule: 'cron(30 2 * * ? *)',
      Timezone: 'Europe/Berlin',
    };
    expect(dueAfter(listed, at('2026-03-28T12:00:00'))).toBe(
      at('2026-03-30T00:30:00'),
    );
  });

  it('runs a time in a repeated hour once', () => {
    const listed = {
      Schedule: 'cron(30 2 * * ? *)',
      Timezone: 'Europe/Berlin',
    };
    expect(dueAfter(listed, at('2026-10-25T00:30:00'))).toBe(
      at('2026-10-26T01:30:00'),
    );
  });

  it('returns null for a schedule that has ended', () => {
    expect(
      dueAfter({ Schedule: 'cron(0 3 1 1 ? 2026)' }, at('2026-11-24T00:00:00')),
    ).toBeNull();
  });

  it('returns undefined for a time that cannot be computed', () => {
    expect(
      dueAfter({ Schedule: 'cron(0 3 ? * SAT-MON *)' }, 0),
    ).toBeUndefined();
    expect(dueAfter({ Schedule: 'at(2026-11-24T00:00:00)' }, 0)).toBe(
      undefined,
    );
  });
});

describe('timeliness', () => {
  const listed = {
    StreamName: 'orders',
    KeyIds: ['a', 'b'],
    Schedule: 'rate(7 days)',
    MaximumWindowInMinutes: 60,
  };
  const T0 = at('2026-11-01T00:00:00');
  const last = T0 + 7 * DAY + 60 * 60_000 + LEASE_MS;

  it('allows for the window and for the duration of a rotation', () => {
    expect(toleranceMs(listed)).toBe(60 * 60_000 + LEASE_MS);
    const dueAt = T0 + 7 * DAY;
    expect(timeliness(listed, T0, undefined, last)).toEqual({
      status: 'ON_TIME',
      dueAt,
    });
    expect(timeliness(listed, T0, undefined, last + 1)).toEqual({
      status: 'OVERDUE',
      dueAt,
    });
  });

  it('calls a key of unknown age overdue if it is overdue since it was first seen', () => {
    expect(timeliness(listed, undefined, T0, last + 1).status).toBe('OVERDUE');
    expect(timeliness(listed, undefined, T0, last).status).toBe('UNKNOWN');
    expect(timeliness(listed, undefined, undefined, last).status).toBe(
      'UNKNOWN',
    );
  });

  it('has no schedule to compare with, or one that cannot be computed', () => {
    expect(timeliness(undefined, T0, undefined, last).status).toBe(
      'NO_SCHEDULE',
    );
    const unscheduled = { StreamName: 'orders', KeyIds: ['a', 'b'] };
    expect(timeliness(unscheduled, T0, undefined, last).status).toBe(
      'NO_SCHEDULE',
    );
    expect(
      timeliness(
        { ...listed, Schedule: 'cron(0 3 ? * SAT-MON *)' },
        T0,
        undefined,
        last,
      ),
    ).toEqual({
      status: 'UNKNOWN',
      reason: 'the next time of this schedule cannot be computed',
    });
  });
});
