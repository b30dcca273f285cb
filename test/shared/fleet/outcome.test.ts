import { describe, expect, it } from 'vitest';
import {
  type StreamOutcome,
  summarizeFleet,
} from '../../../shared/fleet/outcome.ts';

const fleet = { FleetId: 'fleet', StartedAt: '2026-11-23T04:01:28.708Z' };
const ended = (n: number, rest: Partial<StreamOutcome>): StreamOutcome => ({
  StreamName: `stream-${n}`,
  Status: 'SUCCEEDED',
  ...rest,
});
const failed = (n: number) =>
  ended(n, { Status: 'FAILED', Error: 'UnusableKey', Cause: 'Disabled' });

describe('summarizeFleet', () => {
  it('counts every stream once', () => {
    const Streams = [
      ended(0, { Outcome: 'ROTATED' }),
      ended(1, { Outcome: 'UNCHANGED' }),
      ended(2, { Outcome: 'ROTATED' }),
      ended(3, { Outcome: 'ALREADY_IN_PROGRESS' }),
    ];
    expect(summarizeFleet({ ...fleet, Streams })).toEqual({
      Status: 'SUCCEEDED',
      ...fleet,
      Counts: { ROTATED: 2, UNCHANGED: 1, ALREADY_IN_PROGRESS: 1, FAILED: 0 },
      Streams,
    });
  });

  it('fails when a stream did, and names it with its error', () => {
    const Streams = [failed(0), ended(1, { Outcome: 'ROTATED' })];
    expect(summarizeFleet({ ...fleet, Streams })).toMatchObject({
      Status: 'FAILED',
      Error: 'FleetIncomplete',
      Cause: '1 of 2 rotations failed: stream-0 UnusableKey',
      Counts: { ROTATED: 1, FAILED: 1 },
    });
  });

  it('names at most 50 of them', () => {
    const Streams = Array.from({ length: 53 }, (_, n) => failed(n));
    expect(summarizeFleet({ ...fleet, Streams }).Cause).toMatch(
      /stream-49 UnusableKey and 3 more$/,
    );
  });
});
