import { SeededRandom } from '../../local/instruments/seeded-random.ts';
import { BUDGETS } from '../budgets.ts';
import { type Section, type Table, targetTable } from '../section.ts';
import {
  type FleetSimulation,
  simulateFleet,
  slowStreams,
  typicalStreams,
} from '../subjects/fleet-simulation.ts';
import { median } from '../support/statistics.ts';

const SIZES = [3, 10, 16, 18, 22, 30, 100, 1000];
const LARGEST = 1000;
/** Fleets of up to this number of streams are small. */
const SMALL = 30;
/** Fleets of up to this number of streams meet the target. */
const FAST = 16;
const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);

const KINDS = {
  typical: {
    label: 'updates of seconds, one in twenty of minutes',
    streams: typicalStreams,
  },
  slow: { label: 'updates of minutes', streams: slowStreams },
};
type Kind = keyof typeof KINDS;
const KIND_NAMES = Object.keys(KINDS) as Kind[];

interface FleetRun extends Omit<FleetSimulation, 'describes' | 'starts'> {
  kind: Kind;
  streams: number;
  seed: number;
}

interface Fleet {
  runs: FleetRun[];
}

async function measure(): Promise<Fleet> {
  const runs = KIND_NAMES.flatMap((kind) =>
    SIZES.flatMap((streams) =>
      SEEDS.map((seed) => {
        const random = new SeededRandom(seed).next;
        const { describes, starts, ...run } = simulateFleet(
          KINDS[kind].streams(streams, random),
          random,
        );
        return { kind, streams, seed, ...run };
      }),
    ),
  );
  return { runs };
}

const makespan = ({ makespanMs }: FleetRun) => makespanMs / 1000;
const bound = ({ boundMs }: FleetRun) => boundMs / 1000;
const ratio = ({ makespanMs, boundMs }: FleetRun) => makespanMs / boundMs;

const runsOf = ({ runs }: Fleet, kind: Kind, size: number) =>
  runs.filter((run) => run.kind === kind && run.streams === size);

/** The worst of all seeds, of fleets that have from `least` to `most` streams. */
const worst = ({ runs }: Fleet, kind: Kind, least: number, most: number) =>
  Math.max(
    ...runs
      .filter((run) => run.kind === kind)
      .filter(({ streams }) => least <= streams && streams <= most)
      .map(ratio),
  );

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

function tableOf(data: Fleet, kind: Kind): Table {
  return {
    title: `Fleets of ${SEEDS.length} seeds each, on a virtual clock, ${KINDS[kind].label}`,
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
      const runs = runsOf(data, kind, size);
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
  };
}

/** Targets that the pace misses are among them: the page on fleets says why. */
function targetsOf(data: Fleet): Table {
  const ofKind = (kind: Kind): [string, number, number][] => [
    [
      `makespan of ${LARGEST} streams, x bound, worst of all seeds, ${KINDS[kind].label}`,
      worst(data, kind, LARGEST, LARGEST),
      BUDGETS.makespanRatio,
    ],
    [
      `makespan of 3 to ${FAST} streams, x bound, worst of all seeds, ${KINDS[kind].label}`,
      worst(data, kind, 3, FAST),
      BUDGETS.smallMakespanRatio,
    ],
    [
      `makespan of ${FAST + 1} to ${SMALL} streams, x bound, worst of all seeds, ${KINDS[kind].label}`,
      worst(data, kind, FAST + 1, SMALL),
      BUDGETS.smallMakespanRatio,
    ],
  ];
  return targetTable([
    ...KIND_NAMES.flatMap(ofKind),
    [
      'describes in any second, all fleets',
      Math.max(...data.runs.map(({ peakRate }) => peakRate)),
      BUDGETS.fleetPeak,
    ],
  ]);
}

export const FLEET: Section<Fleet> = {
  name: 'fleet',
  title: 'A fleet',
  measure,
  tables: (data) => [
    ...KIND_NAMES.map((kind) => tableOf(data, kind)),
    targetsOf(data),
  ],
  plot: (data) => {
    const line = (name: string, figure: (run: FleetRun) => number) => ({
      name,
      values: SIZES.map((size) =>
        median(runsOf(data, 'typical', size).map(figure)),
      ),
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
