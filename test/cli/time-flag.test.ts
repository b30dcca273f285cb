import { describe, expect, it } from 'vitest';
import { parseTime } from '../../cli/time-flag.ts';

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
    expect(parseTime('2026-11-01', NOW)).toBe(new Date(2026, 10, 1).getTime());
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
    expect(() => parseTime(text, NOW)).toThrow(/expected ISO 8601.*7d/);
  });
});
