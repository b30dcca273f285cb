import { describe, expect, it } from 'vitest';
import { waitEnd } from '../../../cli/output/wait-end.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const INPUT = {
  Plan: { WaitSeconds: 1.5 },
  Reservation: { NextAvailableAt: '2026-01-01T12:00:00Z' },
};

describe('waitEnd', () => {
  it.each([
    ['Seconds', { Seconds: 5 }, NOW + 5_000],
    ['no Seconds', { Seconds: 0 }, NOW],
    ['SecondsPath', { SecondsPath: '$.Plan.WaitSeconds' }, NOW + 1_500],
    [
      'TimestampPath',
      { TimestampPath: '$.Reservation.NextAvailableAt' },
      Date.parse('2026-01-01T12:00:00Z'),
    ],
  ])('knows the end by %s', (_, state, end) => {
    expect(waitEnd(state, INPUT, NOW)).toBe(end);
  });

  it.each([
    ['a path to nothing', { SecondsPath: '$.Start.WaitSeconds' }, INPUT],
    ['a path through nothing', { SecondsPath: '$.A.B.C' }, undefined],
    ['a path to an object', { SecondsPath: '$.Plan' }, INPUT],
    ['a wait that says nothing', {}, INPUT],
  ])('does not know it by %s', (_, state, input) => {
    expect(waitEnd(state, input, NOW)).toBeUndefined();
  });
});
