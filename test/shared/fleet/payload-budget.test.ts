import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type StreamOutcome,
  summarizeFleet,
} from '../../../shared/fleet/outcome.ts';
import {
  bytesOf,
  detailBytes,
  fitOutcome,
  OUTCOME_BYTES,
  PAYLOAD_BYTES,
} from '../../../shared/fleet/payload-budget.ts';

const Execution = '0'.repeat(36);
const failed = (StreamName: string): StreamOutcome => ({
  StreamName,
  Status: 'FAILED',
  Error: 'E'.repeat(64),
  Cause: '\u0001"\u00e9'.repeat(1000),
  Execution,
});

describe('fitOutcome', () => {
  it('keeps what fits', () => {
    const outcome: StreamOutcome = {
      StreamName: 'orders',
      Status: 'SUCCEEDED',
      Outcome: 'ALREADY_IN_PROGRESS',
      KeyId: 'alias/orders-a',
      Execution,
    };
    expect(fitOutcome(outcome, 14)).toEqual(outcome);
    const { KeyId: _, ...rest } = outcome;
    expect(fitOutcome(outcome, 13)).toEqual(rest);
  });

  it('cuts a cause to its bytes, and says so', () => {
    const outcome = { ...failed('orders'), Cause: 'key is Disabled' };
    expect(fitOutcome(outcome, 9).Cause).toBe('key is...');
    expect(fitOutcome(outcome, 15).Cause).toBe('key is Disabled');
    expect(fitOutcome(outcome, 2).Cause).toBe('');
  });

  it('never goes beyond its room, whatever a cause says', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.nat(200),
        (Cause, bytes) => {
          const outcome = fitOutcome({ ...failed(''), Cause }, bytes);
          expect(bytesOf(outcome)).toBeLessThan(OUTCOME_BYTES + bytes);
          expect(outcome.Cause?.isWellFormed()).toBe(true);
        },
      ),
    );
  });
});

describe('detailBytes', () => {
  it.each([1, 140, 1000])(
    'lets the outcomes of %i failures be passed on',
    (count) => {
      const names = Array.from({ length: count }, (_, n) =>
        `${n}`.padEnd(60, 'x'),
      );
      const bytes = detailBytes(names);
      const fleet = summarizeFleet({
        FleetId: 'x'.repeat(256),
        StartedAt: new Date(0).toISOString(),
        Streams: names.map((name) => fitOutcome(failed(name), bytes)),
      });
      expect(bytesOf(fleet)).toBeLessThanOrEqual(PAYLOAD_BYTES);
    },
  );
});
