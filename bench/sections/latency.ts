import { BUDGETS } from '../budgets.ts';
import { type Section, verdict } from '../section.ts';
import {
  CONTENDERS,
  type Contender,
  OURS,
  PEERS,
} from '../subjects/contenders.ts';
import { measureInProcess } from '../support/child-process.ts';
import { median, noticedAt } from '../support/statistics.ts';

/** Lengths of an update in seconds, and the rounds of each. */
const ROUNDS = { 0.5: 5, 2: 5, 10: 3, 60: 2 };
const UPDATES = [0.5, 2, 10, 60] as const satisfies (keyof typeof ROUNDS)[];

/** How long Kinesis takes to use the new key once the stream is ACTIVE. */
const PROPAGATION_SECONDS = 5;

/** One run of one contender. */
export interface LatencyRun {
  updateSeconds: number;
  contender: string;
  /** From the request to the answer. */
  seconds: number;
  /** From the end of the update to the first poll after it. */
  noticedAfterSeconds: number;
}

export interface SwallowedStart {
  contender: string;
  result: string;
}

interface Latency {
  runs: LatencyRun[];
  swallowedStarts: SwallowedStart[];
}

async function measure(): Promise<Latency> {
  // Waiting takes no processor time, so all run at once.
  const [swallowedStarts, ...runs] = await Promise.all([
    measureInProcess<SwallowedStart[]>('swallowed-start'),
    ...UPDATES.map((seconds) =>
      measureInProcess<LatencyRun[]>('latency', seconds, ROUNDS[seconds]),
    ),
  ]);
  return { runs: runs.flat(), swallowedStarts };
}

const floorOf = (updateSeconds: number) => updateSeconds + PROPAGATION_SECONDS;

/** Medians of the runs of a contender at one length of update. */
function medians(data: Latency, contender: Contender, updateSeconds: number) {
  const runs = data.runs.filter(
    (run) =>
      run.contender === contender.name && run.updateSeconds === updateSeconds,
  );
  const seconds = median(runs.map((run) => run.seconds));
  /** With the 5 s, which only we wait. */
  const safeSeconds = seconds + (contender === OURS ? 0 : PROPAGATION_SECONDS);
  return {
    seconds,
    ratio: seconds / floorOf(updateSeconds),
    safeSeconds,
    safeRatio: safeSeconds / floorOf(updateSeconds),
    noticedAfter: median(runs.map((run) => run.noticedAfterSeconds)),
  };
}

const SAMPLES = 1_000;

/**
 * The average time over the floor, with the 5 s, of updates of half to twice the
 * length. Updates of whole seconds favor contenders that poll at whole seconds.
 */
function averageRatio({ pauses }: Contender, updateSeconds: number): number {
  const ratios = Array.from({ length: SAMPLES }, (_, n) => {
    const seconds = updateSeconds * (0.5 + (1.5 * (n + 0.5)) / SAMPLES);
    return floorOf(noticedAt(pauses(), seconds)) / floorOf(seconds);
  });
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / SAMPLES;
}

const inSeconds = (seconds: number) => `${seconds.toFixed(2)} s`;

export const LATENCY: Section<Latency> = {
  name: 'latency',
  title: 'Latency over the floor',
  measure,
  tables: (data) => [
    {
      title: 'From the request to the answer, medians',
      head: [
        'update',
        'contender',
        'answer after',
        'x floor',
        'with the 5 s',
        'x floor',
        'ACTIVE noticed after',
      ],
      rows: UPDATES.flatMap((update) =>
        CONTENDERS.map((contender) => {
          const figures = medians(data, contender, update);
          return [
            `${update} s`,
            contender.name,
            inSeconds(figures.seconds),
            figures.ratio.toFixed(2),
            inSeconds(figures.safeSeconds),
            figures.safeRatio.toFixed(2),
            inSeconds(figures.noticedAfter),
          ];
        }),
      ),
    },
    {
      title: 'Targets',
      head: [
        'update',
        'rounds',
        'x floor',
        'at most',
        '',
        ...PEERS.map(({ name }) => `x ${name} with the 5 s`),
      ],
      rows: UPDATES.map((update) => {
        const ours = medians(data, OURS, update);
        const target = BUDGETS.floorRatio[update];
        return [
          `${update} s`,
          String(ROUNDS[update]),
          ours.ratio.toFixed(2),
          target.toFixed(2),
          verdict(ours.ratio <= target),
          ...PEERS.map((peer) =>
            (ours.seconds / medians(data, peer, update).safeSeconds).toFixed(2),
          ),
        ];
      }),
    },
    {
      title:
        'Averages over the floor for updates of half to twice the length, computed from the pauses',
      head: ['update', ...CONTENDERS.map(({ name }) => name)],
      rows: UPDATES.map((update) => [
        `${update / 2} to ${update * 2} s`,
        ...CONTENDERS.map((contender) =>
          averageRatio(contender, update).toFixed(2),
        ),
      ]),
    },
    {
      title: 'What each contender checks',
      head: [
        'contender',
        'checks',
        'waits the 5 s',
        'verifies with a record',
        'result of a Start that Kinesis accepts and does not apply',
      ],
      rows: data.swallowedStarts.flatMap(({ contender, result }) =>
        CONTENDERS.filter(({ name }) => name === contender).map((one) => {
          const isSafe = one === OURS ? 'yes' : 'no';
          return [contender, one.checks, isSafe, isSafe, result];
        }),
      ),
    },
  ],
  plot: (data) => ({
    title: 'Time to an answer after the 5 s, over the floor',
    kind: 'bars',
    x: UPDATES.map((update) => `${update} s`),
    xLabel: 'length of the update',
    yLabel: 'x floor',
    series: CONTENDERS.map((contender) => ({
      name: contender.name,
      values: UPDATES.map(
        (update) => medians(data, contender, update).safeRatio,
      ),
    })),
    mark: { value: 1, name: 'floor' },
  }),
};
