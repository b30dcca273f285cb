/**
 * How long a fleet takes beside its bound, and how often it describes streams,
 * on a clock of its own. See docs/fleet.md.
 */
import { seeded, simulateFleet, typicalStreams } from './fleet-simulation.ts';

const STREAMS = [10, 100, 1000];
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);

const range = (values: number[], digits: number) =>
  `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;

for (const count of STREAMS) {
  const fleets = SEEDS.map((seed) => {
    const random = seeded(seed);
    return simulateFleet(typicalStreams(count, random), random);
  });
  const of = (pick: (fleet: (typeof fleets)[number]) => number) =>
    fleets.map(pick);
  process.stdout.write(
    `fleet of ${count}: ${range(
      of(({ makespanMs }) => makespanMs / 1000),
      0,
    )} s, ${range(
      of(({ makespanMs, boundMs }) => makespanMs / boundMs),
      2,
    )} x the bound; describes a second: ${range(
      of(({ averageRate }) => averageRate),
      1,
    )} on average, at most ${range(
      of(({ peakRate }) => peakRate),
      0,
    )} in one (${SEEDS.length} runs)\n`,
  );
}
