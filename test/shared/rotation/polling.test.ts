import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pollSeconds } from '../../../shared/rotation/polling.ts';

const HOUR_MS = 3_600_000;

/** When somebody who polls sees a change, both in ms since the wait began. */
function noticedAt(changeMs: number): number {
  let now = 0;
  for (let looks = 0; now < changeMs && looks < 1000; looks++) {
    now += pollSeconds(now) * 1000;
  }
  expect(now).toBeGreaterThanOrEqual(changeMs);
  return now;
}

describe('pollSeconds', () => {
  it.each([
    [-5_000, 1],
    [0, 1],
    [9_999, 1],
    [19_999, 1],
    [20_000, 2],
    [59_999, 5],
    [60_000, 6],
    [149_999, 14],
    [150_000, 15],
    [HOUR_MS, 15],
    [Number.MAX_SAFE_INTEGER, 15],
  ])('after %i ms waits %i s', (waitedMs, expected) => {
    expect(pollSeconds(waitedMs)).toBe(expected);
  });

  it('is a whole number from 1 to 15, whatever was waited', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (waitedMs) => {
        const seconds = pollSeconds(waitedMs);

        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(1);
        expect(seconds).toBeLessThanOrEqual(15);
      }),
    );
  });

  it('is a tenth of the wait, to the second, from 10 s to 150 s', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10_000, max: 150_000 }), (waitedMs) => {
        const tenth = waitedMs / 10_000;

        expect(pollSeconds(waitedMs)).toBeLessThanOrEqual(tenth);
        expect(pollSeconds(waitedMs)).toBeGreaterThan(tenth - 1);
      }),
    );
  });

  it('never waits less after a longer wait', () => {
    fc.assert(
      fc.property(fc.nat(HOUR_MS), fc.nat(HOUR_MS), (waitedMs, more) => {
        expect(pollSeconds(waitedMs + more)).toBeGreaterThanOrEqual(
          pollSeconds(waitedMs),
        );
      }),
    );
  });

  it('notices a change within a tenth of its length, or a second', () => {
    fc.assert(
      fc.property(fc.nat(HOUR_MS), (changeMs) => {
        const late = noticedAt(changeMs) - changeMs;

        expect(late).toBeLessThanOrEqual(Math.max(1000, changeMs / 10));
      }),
    );
  });

  it('could not wait a second longer at any look and keep that promise', () => {
    for (let now = 0; now < 150_000; now += pollSeconds(now) * 1000) {
      const changeMs = now + 1;
      const late = (pollSeconds(now) + 1) * 1000 - 1;
      expect(late).toBeGreaterThan(Math.max(1000, changeMs / 10));
    }
  });

  it('looks fewer than 300 times in an hour', () => {
    let now = 0;
    for (let looks = 1; looks < 300; looks++) now += pollSeconds(now) * 1000;

    expect(now).toBeGreaterThanOrEqual(HOUR_MS);
  });
});
