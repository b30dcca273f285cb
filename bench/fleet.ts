import { existsSync } from 'node:fs';
import { BUDGETS } from './budgets.ts';
import type { Section } from './section.ts';
import { verdict } from './verdict.ts';

const SIZES = [10, 100, 1000];
const SEEDS = [1, 2, 3, 4, 5];

interface FleetRun {
  Streams: number;
  Seed: number;
  MakespanSeconds: number;
  BoundSeconds: number;
  DescribesPerSecond: number;
  PeakDescribesPerSecond: number;
  Concurrency: number;
}

interface Fleet {
  Runs: FleetRun[];
}

/** What is used of the simulation, which runs on a clock of its own. */
interface Simulation {
  seeded: (seed: number) => () => number;
  typicalStreams: (count: number, random: () => number) => unknown[];
  simulateFleet: (
    streams: unknown[],
    random: () => number,
  ) => {
    makespanMs: number;
    boundMs: number;
    averageRate: number;
    peakRate: number;
    concurrency: number;
  };
}

const SIMULATION = new URL('./fleet-simulation.ts', import.meta.url);

/** Whether this tree rotates fleets. */
export const IS_FLEET_THERE = existsSync(SIMULATION);

async function measure(): Promise<Fleet> {
  const { seeded, typicalStreams, simulateFleet } = (await import(
    SIMULATION.href
  )) as Simulation;
  return {
    Runs: SIZES.flatMap((Streams) =>
      SEEDS.map((Seed) => {
        const random = seeded(Seed);
        const fleet = simulateFleet(typicalStreams(Streams, random), random);
        return {
          Streams,
          Seed,
          MakespanSeconds: fleet.makespanMs / 1000,
          BoundSeconds: fleet.boundMs / 1000,
          DescribesPerSecond: fleet.averageRate,
          PeakDescribesPerSecond: fleet.peakRate,
          Concurrency: fleet.concurrency,
        };
      }),
    ),
  };
}

/** The run of a size whose makespan is furthest above its bound. */
function worstOf({ Runs }: Fleet, size: number): FleetRun {
  const [worst] = Runs.filter(({ Streams }) => Streams === size).sort(
    (a, b) =>
      b.MakespanSeconds / b.BoundSeconds - a.MakespanSeconds / a.BoundSeconds,
  );
  if (worst === undefined) throw new Error(`No fleet of ${size} was run`);
  return worst;
}

export const FLEET: Section<Fleet> = {
  Name: 'fleet',
  Title: 'A fleet',
  measure,
  tables: (data) => [
    {
      Title: `The worst of ${SEEDS.length} seeds, on a virtual clock`,
      Head: [
        'streams',
        'makespan, s',
        'lower bound, s',
        'x bound',
        `at most ${BUDGETS.MakespanRatio}`,
        'describes a second',
        'at their peak',
        'rotations at once',
      ],
      Rows: SIZES.map((size) => {
        const worst = worstOf(data, size);
        const ratio = worst.MakespanSeconds / worst.BoundSeconds;
        return [
          String(size),
          worst.MakespanSeconds.toFixed(0),
          worst.BoundSeconds.toFixed(0),
          ratio.toFixed(2),
          verdict(ratio <= BUDGETS.MakespanRatio),
          worst.DescribesPerSecond.toFixed(1),
          String(worst.PeakDescribesPerSecond),
          String(worst.Concurrency),
        ];
      }),
    },
  ],
  plot: (data) => ({
    Title: 'Makespan of a fleet beside its lower bound',
    Kind: 'lines',
    X: SIZES.map(String),
    XLabel: 'streams',
    YLabel: 's',
    IsLogarithmic: true,
    Series: [
      {
        Name: 'makespan',
        Values: SIZES.map((size) => worstOf(data, size).MakespanSeconds),
      },
      {
        Name: 'lower bound',
        Values: SIZES.map((size) => worstOf(data, size).BoundSeconds),
      },
    ],
  }),
};
