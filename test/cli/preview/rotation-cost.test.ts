import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  callsOf,
  costOf,
  describesOf,
} from '../../../cli/preview/rotation-cost.ts';

const seconds = fc.double({ min: 0, max: 3600, noNaN: true });

describe('describesOf', () => {
  it.each([
    [0, 1],
    [0.5, 2],
    [2, 3],
    [10, 11],
    // Every second up to 20 s, then every two.
    [30, 26],
  ])('looks at an update of %d s %d times', (updateSeconds, looks) => {
    expect(describesOf(updateSeconds)).toBe(looks);
  });

  it('grows no faster than one look in 15 seconds once an update is long', () => {
    fc.assert(
      fc.property(seconds, seconds, (a, b) => {
        const [short, long] = [Math.min(a, b) + 150, Math.max(a, b) + 150];
        const more = describesOf(long) - describesOf(short);
        expect(more).toBeLessThanOrEqual((long - short) / 15 + 1);
        expect(more).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('callsOf', () => {
  it('applies nothing where the stream has the key', () => {
    expect(callsOf(1)).toEqual({
      StateTransitions: 5,
      LambdaInvocations: 3,
      DescribeStreamSummary: 1,
      StartStreamEncryption: 0,
      PutRecord: 1,
      DescribeKey: 1,
      DescribeAlarms: 0,
      DynamoDbReads: 2,
      DynamoDbWrites: 1,
      EventBridgeEvents: 1,
    });
  });

  it('costs more the longer an update takes, and well under a cent', () => {
    fc.assert(
      fc.property(seconds, seconds, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((each) =>
          costOf(callsOf(2, each)),
        );
        expect(more).toBeGreaterThanOrEqual(less ?? 0);
        expect(more).toBeLessThan(0.03);
        expect(less).toBeGreaterThan(costOf(callsOf(2)));
      }),
    );
  });
});
