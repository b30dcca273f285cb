import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkPeriod, parseTime } from '../../../cli/input/time.ts';

const NOW = Date.parse('2026-11-25T13:00:00Z');

describe('parseTime', () => {
  it.each([
    ['90m', '2026-11-25T11:30:00Z'],
    ['24h', '2026-11-24T13:00:00Z'],
    ['7d', '2026-11-18T13:00:00Z'],
    ['2026-11-01T12:30Z', '2026-11-01T12:30:00Z'],
    ['2026-11-01T12:30:15.5+02:00', '2026-11-01T10:30:15.500Z'],
  ])('reads %s', (text, expected) => {
    expect(parseTime(text, NOW)).toBe(Date.parse(expected));
  });

  it('takes a date for its first moment where the reader is', () => {
    vi.stubEnv('TZ', 'America/New_York');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(parseTime('2026-11-01', NOW)).toBe(
      Date.parse('2026-11-01T00:00:00-04:00'),
    );
  });

  it.each([
    '',
    'soon',
    'yesterday',
    '2026-13-45',
    '2026-11-01T25:00Z',
    '-1d',
    '7x',
    '3M',
    '2026',
    '90',
    '90 minutes',
    '2026-02-30',
    '2026-02-29T00:00Z',
    '2027-04-31',
  ])('refuses %j and says what it takes', (text) => {
    expect(() => parseTime(text, NOW)).toThrow(/Expected ISO 8601.*7d/);
  });
});

describe('checkPeriod', () => {
  const HOUR = 3_600_000;

  it.each([
    [{}],
    [{ since: NOW - 2 * HOUR }],
    [{ since: NOW - 2 * HOUR, until: NOW - HOUR }],
    [{ until: NOW + HOUR }],
  ])('takes %j', (period) => {
    expect(() => checkPeriod(period, NOW)).not.toThrow();
  });

  it('refuses a period that is inverted, empty or in the future', () => {
    const inverted = { since: NOW - HOUR, until: NOW - 2 * HOUR };
    expect(() => checkPeriod(inverted, NOW)).toThrow(
      '--since 2026-11-25T12:00:00.000Z is not before --until 2026-11-25T11:00:00.000Z; exchange them',
    );
    const empty = { since: NOW - HOUR, until: NOW - HOUR };
    expect(() => checkPeriod(empty, NOW)).toThrow('is not before');
    expect(() => checkPeriod({ since: NOW + 1 }, NOW)).toThrow(
      'is in the future; give a time before 2026-11-25T13:00:00.000Z',
    );
  });
});
