import { SeededRandom } from '../../local/instruments/seeded-random.ts';
import { BUDGETS } from '../budgets.ts';
import type { Section } from '../section.ts';
import { simulateFleet, typicalStreams } from '../subjects/fleet-simulation.ts';
import { median, verdict } from '../support/statistics.ts';

const SIZES = [10, 100, 1000];
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);

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

async function measure(): Promise<Fleet> {
  return {
    Runs: SIZES.flatMap((Streams) =>
      SEEDS.map((Seed) => {
        const random = new SeededRandom(Seed).next;
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

const ratioOf = ({ MakespanSeconds, BoundSeconds }: FleetRun) =>
  MakespanSeconds / BoundSeconds;

/** Runs of a size, and what of them is least and most. */
function runsOf({ Runs }: Fleet, size: number) {
  const runs = Runs.filter(({ Streams }) => Streams === size);
  const range = (pick: (run: FleetRun) => number, digits: number) => {
    const values = runs.map(pick);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const texts = [least.toFixed(digits), most.toFixed(digits)];
    return [...new Set(texts)].join(' to ');
  };
  return { runs, range };
}

const LARGEST = Math.max(...SIZES);

export const FLEET: Section<Fleet> = {
  Name: 'fleet',
  Title: 'A fleet',
  measure,
  tables: (data) => {
    const { runs } = runsOf(data, LARGEST);
    const worst = Math.max(...runs.map(ratioOf));
    return [
      {
        Title: `Fleets of ${SEEDS.length} seeds each, on a virtual clock`,
        Head: [
          'streams',
          'makespan, s',
          'lower bound, s',
          'x bound',
          'describes a second',
          'most in one second',
          'rotations at once',
        ],
        Rows: SIZES.map((size) => {
          const { range } = runsOf(data, size);
          return [
            String(size),
            range(({ MakespanSeconds }) => MakespanSeconds, 0),
            range(({ BoundSeconds }) => BoundSeconds, 0),
            range(ratioOf, 2),
            range(({ DescribesPerSecond }) => DescribesPerSecond, 1),
            range(({ PeakDescribesPerSecond }) => PeakDescribesPerSecond, 0),
            range(({ Concurrency }) => Concurrency, 0),
          ];
        }),
      },
      {
        Title: 'Targets',
        Head: ['', 'figure', 'at most', ''],
        Rows: [
          [
            `makespan of ${LARGEST} streams, x bound, worst of all seeds`,
            worst.toFixed(2),
            BUDGETS.MakespanRatio.toFixed(2),
            verdict(worst <= BUDGETS.MakespanRatio),
          ],
        ],
      },
    ];
  },
  plot: (data) => ({
    Title: 'Makespan of a fleet beside its lower bound, medians',
    Kind: 'lines',
    X: SIZES.map(String),
    XLabel: 'streams',
    YLabel: 's',
    IsLogarithmic: true,
    Series: [
      {
        Name: 'makespan',
        Values: SIZES.map((size) =>
          median(runsOf(data, size).runs.map((run) => run.MakespanSeconds)),
        ),
      },
      {
        Name: 'lower bound',
        Values: SIZES.map((size) =>
          median(runsOf(data, size).runs.map((run) => run.BoundSeconds)),
        ),
      },
    ],
  }),
};
