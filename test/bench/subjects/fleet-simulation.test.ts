import { describe, expect, it } from 'vitest';
import { BUDGETS } from '../../../bench/budgets.ts';
import {
  type SimulatedStream,
  simulateFleet,
  slowStreams,
  typicalStreams,
} from '../../../bench/subjects/fleet-simulation.ts';
import { SeededRandom } from '../../../local/instruments/seeded-random.ts';
import {
  DESCRIBE_RATE,
  FLEET_CONCURRENCY,
  FLEET_DESCRIBE_RATE,
} from '../../../shared/fleet/pace.ts';

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);

const alike = (stream: SimulatedStream) =>
  Array.from({ length: 300 }, () => stream);

/** A fleet of a kind of streams, its times drawn with a seed. */
function fleetOf(streams: typeof typicalStreams, count: number, seed: number) {
  const random = new SeededRandom(seed).next;
  const fleet = simulateFleet(streams(count, random), random);
  return { ...fleet, ratio: fleet.makespanMs / fleet.boundMs };
}

describe.each([
  { kind: 'typical', streams: typicalStreams, atMost: 1.36 },
  { kind: 'slow', streams: slowStreams, atMost: 1.88 },
])('a fleet of 1,000 $kind streams', ({ streams, atMost }) => {
  it.each(SEEDS)('keeps to the rates and ends in time, seed %i', (seed) => {
    const fleet = fleetOf(streams, 1000, seed);
    expect(fleet.starts).toHaveLength(1000);
    expect(fleet.concurrency).toBe(FLEET_CONCURRENCY);
    expect(fleet.peakRate).toBeLessThanOrEqual(DESCRIBE_RATE);
    expect(fleet.averageRate).toBeLessThanOrEqual(DESCRIBE_RATE / 2);
    // More than the target of BUDGETS: what was seen, and a little more.
    expect(fleet.ratio).toBeLessThanOrEqual(atMost);
  });
});

describe.each([
  { kind: 'typical', streams: typicalStreams, beyond: 1.72 },
  { kind: 'slow', streams: slowStreams, beyond: 1.78 },
])('a small fleet of $kind streams', ({ streams, beyond }) => {
  it.each(Array.from({ length: 28 }, (_, n) => n + 3))(
    'of %i keeps to the rate and ends in time',
    (count) => {
      const fleets = SEEDS.map((seed) => fleetOf(streams, count, seed));
      for (const { peakRate, ratio } of fleets) {
        expect(peakRate).toBeLessThanOrEqual(DESCRIBE_RATE);
        expect(ratio).toBeLessThanOrEqual(
          count <= 16 ? BUDGETS.smallMakespanRatio : beyond,
        );
      }
    },
  );
});

describe('a fleet whose updates all take as long', () => {
  /** Nothing scatters its polls: one more in a second, which the SDK repeats. */
  const AT_MOST = DESCRIBE_RATE + 1;

  it.each([0, 1, 2, 5, 10, 15, 20, 22, 25, 30, 60, 120])(
    'keeps to the rate of a fleet at %i s',
    (seconds) => {
      const fleet = simulateFleet(
        alike({ updateMs: seconds * 1000, ends: 'ROTATED' }),
        new SeededRandom(seconds).next,
      );
      expect(fleet.averageRate).toBeLessThanOrEqual(FLEET_DESCRIBE_RATE);
      expect(fleet.peakRate).toBeLessThanOrEqual(AT_MOST);
    },
  );

  it.each(['UNCHANGED', 'FAILED'] as const)(
    'keeps to the rate of a fleet when all end at once as %s',
    (ends) => {
      const fleet = simulateFleet(
        alike({ updateMs: 0, ends }),
        new SeededRandom(1).next,
      );
      expect(fleet.averageRate).toBeLessThanOrEqual(FLEET_DESCRIBE_RATE);
      expect(fleet.peakRate).toBeLessThanOrEqual(DESCRIBE_RATE);
    },
  );
});
