import { describe, expect, it } from 'vitest';
import {
  type SimulatedStream,
  simulateFleet,
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

describe('a fleet of 1,000 streams', () => {
  it.each(SEEDS)('keeps to the rates and ends in time, seed %i', (seed) => {
    const random = new SeededRandom(seed).next;
    const fleet = simulateFleet(typicalStreams(1000, random), random);
    expect(fleet.starts).toHaveLength(1000);
    expect(fleet.concurrency).toBe(FLEET_CONCURRENCY);
    expect(fleet.peakRate).toBeLessThanOrEqual(DESCRIBE_RATE);
    expect(fleet.averageRate).toBeLessThanOrEqual(FLEET_DESCRIBE_RATE);
    expect(fleet.makespanMs / fleet.boundMs).toBeLessThanOrEqual(1.5);
  });
});

describe('a fleet whose updates all take as long', () => {
  /** Nothing scatters its polls: one more in a second, which the SDK repeats. */
  const AT_MOST = DESCRIBE_RATE + 1;

  it.each([0, 1, 2, 5, 10, 15, 20, 22, 25, 30, 60, 120])(
    'keeps to half of the rate at %i s',
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
    'keeps to half of the rate when all end at once as %s',
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
