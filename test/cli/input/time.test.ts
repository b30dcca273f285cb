import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseTime } from '../../../cli/input/time.ts';

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
  ])('refuses %j and says what it takes', (text) => {
    expect(() => parseTime(text, NOW)).toThrow(/Expected ISO 8601.*7d/);
  });
});
