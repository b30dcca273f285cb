import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import { BUDGETS } from '../budgets.ts';
import { type Section, verdict } from '../section.ts';
import {
  CONTENDERS,
  type Contender,
  OURS,
  PEERS,
  type PollingContender,
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
  /** The first poll after the end of the update; null without one. */
  noticed: {
    /** From the end of the update. */
    afterSeconds: number;
    /** To the answer. */
    toAnswerSeconds: number;
  } | null;
  /** Records that it wrote. */
  records: number;
}

/** How a contender ended: `succeeded`, or `failed` and why. */
export interface ContenderProbe {
  contender: string;
  /** Kinesis accepted the Start, and did not apply it. */
  swallowedStart: string;
  /** Its earlier request had started an update to another key. */
  duringUpdate: string;
  /** The ledger knew of 25 keys of the last 24 hours, and AWS refused the Start. */
  quotaUsedUp: string;
}

interface Latency {
  runs: LatencyRun[];
  probes: ContenderProbe[];
}

const POLLING: readonly PollingContender[] = [OURS, ...PEERS];

async function measure(): Promise<Latency> {
  // Waiting takes no processor time, so all run at once.
  const [probes, ...runs] = await Promise.all([
    measureInProcess<ContenderProbe[]>('contender-probes'),
    ...UPDATES.map((seconds) =>
      measureInProcess<LatencyRun[]>('latency', seconds, ROUNDS[seconds]),
    ),
  ]);
  return { runs: runs.flat(), probes };
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
    noticedAfter: median(
      runs.flatMap(({ noticed }) => noticed?.afterSeconds ?? []),
    ),
  };
}

/** Whether a contender waits for the update in all runs, and what it does then. */
function habits(data: Latency, { name }: Contender) {
  const runs = data.runs.filter(({ contender }) => contender === name);
  const whether = (isTrue: (run: LatencyRun) => boolean) =>
    runs.every(isTrue) ? 'yes' : 'no';
  return {
    waitsForActive: whether(({ noticed }) => noticed !== null),
    waitsForPropagation: whether(
      ({ noticed }) =>
        noticed !== null && noticed.toAnswerSeconds >= PROPAGATION_SECONDS,
    ),
    writesRecord: whether(({ records }) => records > 0),
  };
}

const SAMPLES = 1_000;

/**
 * The average time over the floor, with the 5 s, of updates of half to twice the
 * length. Updates of whole seconds favor contenders that poll at whole seconds.
 */
function averageRatio(
  { pauses }: PollingContender,
  updateSeconds: number,
): number {
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
          const answer = [
            `${update} s`,
            contender.name,
            inSeconds(figures.seconds),
          ];
          // A contender that does not wait has no time to compare.
          if (Number.isNaN(figures.noticedAfter)) {
            return [...answer, '-', '-', '-', 'never'];
          }
          return [
            ...answer,
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
      head: ['update', ...POLLING.map(({ name }) => name)],
      rows: UPDATES.map((update) => [
        `${update / 2} to ${update * 2} s`,
        ...POLLING.map((contender) =>
          averageRatio(contender, update).toFixed(2),
        ),
      ]),
    },
    {
      title: 'What each contender does and does not do',
      head: [
        'contender',
        'checks after the Start, from its source',
        'waits for ACTIVE',
        'waits the 5 s',
        'writes a record',
        'after a Start that Kinesis accepts and does not apply',
        'a request during an update to another key',
        `a request after ${QUOTA_LIMIT} keys in 24 h`,
      ],
      rows: CONTENDERS.flatMap((one) => {
        const { waitsForActive, waitsForPropagation, writesRecord } = habits(
          data,
          one,
        );
        return data.probes
          .filter(({ contender }) => contender === one.name)
          .map(({ swallowedStart, duringUpdate, quotaUsedUp }) => [
            one.name,
            one.checks,
            waitsForActive,
            waitsForPropagation,
            writesRecord,
            swallowedStart,
            duringUpdate,
            quotaUsedUp,
          ]);
      }),
    },
  ],
  plot: (data) => ({
    title: 'Time to an answer after the 5 s, over the floor',
    kind: 'bars',
    x: UPDATES.map((update) => `${update} s`),
    xLabel: 'length of the update',
    yLabel: 'x floor',
    series: POLLING.map((contender) => ({
      name: contender.name,
      values: UPDATES.map(
        (update) => medians(data, contender, update).safeRatio,
      ),
    })),
    mark: { value: 1, name: 'floor' },
  }),
};
