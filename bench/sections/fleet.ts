import { SeededRandom } from '../../local/instruments/seeded-random.ts';
import { BUDGETS } from '../budgets.ts';
import { type Section, targetTable } from '../section.ts';
import {
  type FleetSimulation,
  simulateFleet,
  typicalStreams,
} from '../subjects/fleet-simulation.ts';
import { median } from '../support/statistics.ts';

const SIZES = [10, 100, 1000];
const LARGEST = 1000;
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);

interface FleetRun extends Omit<FleetSimulation, 'describes' | 'starts'> {
  streams: number;
  seed: number;
}

interface Fleet {
  runs: FleetRun[];
}

async function measure(): Promise<Fleet> {
  const runs = SIZES.flatMap((streams) =>
    SEEDS.map((seed) => {
      const random = new SeededRandom(seed).next;
      const { describes, starts, ...run } = simulateFleet(
        typicalStreams(streams, random),
        random,
      );
      return { streams, seed, ...run };
    }),
  );
  return { runs };
}

const makespan = ({ makespanMs }: FleetRun) => makespanMs / 1000;
const bound = ({ boundMs }: FleetRun) => boundMs / 1000;
const ratio = ({ makespanMs, boundMs }: FleetRun) => makespanMs / boundMs;

const runsOf = ({ runs }: Fleet, size: number) =>
  runs.filter(({ streams }) => streams === size);

/** The least and the most of a figure, or one of them where they are equal. */
function range(
  runs: readonly FleetRun[],
  figure: (run: FleetRun) => number,
  digits = 0,
): string {
  const figures = runs.map(figure);
  const ends = [Math.min(...figures), Math.max(...figures)];
  return [...new Set(ends.map((end) => end.toFixed(digits)))].join(' to ');
}

export const FLEET: Section<Fleet> = {
  name: 'fleet',
  title: 'A fleet',
  measure,
  tables: (data) => [
    {
      title: `Fleets of ${SEEDS.length} seeds each, on a virtual clock`,
      head: [
        'streams',
        'makespan, s',
        'lower bound, s',
        'x bound',
        'describes per second',
        'peak per second',
        'concurrent rotations',
      ],
      rows: SIZES.map((size) => {
        const runs = runsOf(data, size);
        return [
          String(size),
          range(runs, makespan),
          range(runs, bound),
          range(runs, ratio, 2),
          range(runs, ({ averageRate }) => averageRate, 1),
          range(runs, ({ peakRate }) => peakRate),
          range(runs, ({ concurrency }) => concurrency),
        ];
      }),
    },
    targetTable([
      [
        `makespan of ${LARGEST} streams, x bound, worst of all seeds`,
        Math.max(...runsOf(data, LARGEST).map(ratio)),
        BUDGETS.makespanRatio,
      ],
    ]),
  ],
  plot: (data) => {
    const line = (name: string, figure: (run: FleetRun) => number) => ({
      name,
      values: SIZES.map((size) => median(runsOf(data, size).map(figure))),
    });
    return {
      title: 'Makespan of a fleet beside its lower bound, medians',
      kind: 'lines',
      x: SIZES.map(String),
      xLabel: 'streams',
      yLabel: 's',
      isLogarithmic: true,
      series: [line('makespan', makespan), line('lower bound', bound)],
    };
  },
};
