import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DESCRIBE_RATE,
  describesOf,
  FLEET_CONCURRENCY,
  FLEET_DESCRIBE_RATE,
  firstWaitSeconds,
  pacedStreams,
  pauseSeconds,
} from '../../../shared/fleet/pace.ts';
import { lookTimes, pollSeconds } from '../../../shared/rotation/polling.ts';

/** A rotation as the state machine runs it when calls take no time. */
function rotation(updateMs: number) {
  let describes = 2;
  let now = 0;
  while (now < updateMs) {
    now += pollSeconds(now) * 1000;
    describes++;
  }
  return {
    describes,
    ended: {
      Outcome: 'ROTATED' as const,
      StartedAt: 0,
      ActiveAt: now,
      EndedAt: now + 5000,
    },
  };
}

const HOUR_MS = 3_600_000;
/** From PlanRotation's describe to that right after the Start. */
const START_MS = 500;

describe('describesOf', () => {
  it('is what a rotation makes, whatever its update takes', () => {
    fc.assert(
      fc.property(fc.nat(HOUR_MS), (updateMs) => {
        const { describes, ended } = rotation(updateMs);
        expect(describesOf(ended)).toBe(describes);
      }),
    );
  });

  it.each([
    ['UNCHANGED', 1],
    ['ALREADY_IN_PROGRESS', 1],
    [undefined, 2],
  ] as const)('of one that ended at once as %s is %i', (Outcome, expected) => {
    const times = { StartedAt: 0, EndedAt: 600 };
    expect(describesOf({ ...times, ...(Outcome && { Outcome }) })).toBe(
      expected,
    );
  });
});

describe('a place of a fleet', () => {
  it('keeps to its share of the rate, whatever updates take', () => {
    const share = FLEET_DESCRIBE_RATE / FLEET_CONCURRENCY;
    fc.assert(
      fc.property(fc.nat(HOUR_MS), (updateMs) => {
        const { describes, ended } = rotation(updateMs);
        const seconds = ended.EndedAt / 1000 + pauseSeconds(ended);
        // To the half second to which a pause is rounded.
        expect(describes / (seconds + 0.5)).toBeLessThanOrEqual(share);
      }),
    );
  });

  it('stays empty no longer than its share asks for', () => {
    expect(pauseSeconds(rotation(180_000).ended)).toBe(0);
    const at = { StartedAt: 0, EndedAt: 600 };
    expect(pauseSeconds({ ...at, Outcome: 'UNCHANGED' })).toBe(1);
    expect(pauseSeconds(rotation(20_000).ended)).toBe(8);
  });

  it('is taken by three rotations a second, then by one, then at once', () => {
    const waits = Array.from({ length: 30 }, (_, n) => firstWaitSeconds(n));
    expect(waits.slice(0, FLEET_CONCURRENCY)).toEqual([
      0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 6, 7,
    ]);
    expect(new Set(waits.slice(FLEET_CONCURRENCY))).toEqual(new Set([0]));
  });
});

describe('the first rotations of a fleet', () => {
  it('describe within the documented rate, whatever their updates take', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(HOUR_MS), { maxLength: FLEET_CONCURRENCY }),
        (updates) => {
          const describes = updates.flatMap((updateMs, n) => {
            const startMs = firstWaitSeconds(n) * 1000;
            const times = [startMs];
            for (const at of lookTimes()) {
              times.push(startMs + START_MS + at);
              if (at >= updateMs) return times;
            }
            return times;
          });
          for (const end of describes) {
            const second = describes.filter(
              (at) => end - 1000 < at && at <= end,
            );
            expect(second.length).toBeLessThanOrEqual(DESCRIBE_RATE);
          }
        },
      ),
    );
  });
});

describe('pacedStreams', () => {
  it('leaves out as many as there are places', () => {
    const sizes = [1, FLEET_CONCURRENCY, FLEET_CONCURRENCY + 1, 1000];
    expect(sizes.map(pacedStreams)).toEqual([0, 0, 1, 982]);
  });
});
