import { BUDGETS } from '../budgets.ts';
import type { Section } from '../section.ts';
import { CONTENDERS, OURS, pausesOf } from '../subjects/contenders.ts';
import { PEERS } from '../subjects/peers.ts';
import { measuredBy } from '../support/child-process.ts';
import { median, noticedAt, verdict } from '../support/statistics.ts';

/** How many rounds for which seconds of update. */
const ROUNDS = { 0.5: 5, 2: 5, 10: 3, 60: 2 };
type UpdateSeconds = keyof typeof ROUNDS;
const UPDATES = [0.5, 2, 10, 60] as const satisfies UpdateSeconds[];

/** What Kinesis asks for once the stream is ACTIVE. */
const PROPAGATION_SECONDS = 5;

/** One run of one contender. */
export interface LatencyRun {
  UpdateSeconds: number;
  Contender: string;
  /** From the request to the answer. */
  Seconds: number;
  /** From the end of the update to the first look after it. */
  NoticedAfterSeconds: number;
}

export interface SwallowedStart {
  Contender: string;
  Said: string;
}

interface Latency {
  Runs: LatencyRun[];
  SwallowedStarts: SwallowedStart[];
}

async function measure(): Promise<Latency> {
  // Waiting takes no processor, so all go at once.
  const [SwallowedStarts, ...runs] = await Promise.all([
    measuredBy<SwallowedStart[]>('swallowed-start'),
    ...UPDATES.map((seconds) =>
      measuredBy<LatencyRun[]>(
        'latency',
        String(seconds),
        String(ROUNDS[seconds]),
      ),
    ),
  ]);
  return { Runs: runs.flat(), SwallowedStarts };
}

const floorOf = (updateSeconds: number) => updateSeconds + PROPAGATION_SECONDS;

/** Medians of the runs of a contender at one length of update. */
function medians({ Runs }: Latency, contender: string, updateSeconds: number) {
  const runs = Runs.filter(
    (run) => run.Contender === contender && run.UpdateSeconds === updateSeconds,
  );
  const isOurs = contender === OURS;
  const seconds = median(runs.map((run) => run.Seconds));
  return {
    seconds,
    ratio: seconds / floorOf(updateSeconds),
    /** With the 5 s, which only we wait. */
    safeSeconds: seconds + (isOurs ? 0 : PROPAGATION_SECONDS),
    noticedAfter: median(runs.map((run) => run.NoticedAfterSeconds)),
  };
}

const SAMPLES = 1_000;

/**
 * How much over the floor a contender is on average, with the 5 s, where
 * updates are from half to twice as long: whole seconds suit those who look
 * after whole seconds.
 */
function averageRatio(contender: string, updateSeconds: number): number {
  const ratios = Array.from({ length: SAMPLES }, (_, n) => {
    const seconds = updateSeconds * (0.5 + (1.5 * (n + 0.5)) / SAMPLES);
    const noticed = noticedAt(pausesOf(contender), seconds);
    return (noticed + PROPAGATION_SECONDS) / floorOf(seconds);
  });
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / SAMPLES;
}

export const LATENCY: Section<Latency> = {
  Name: 'latency',
  Title: 'Latency over the floor',
  measure,
  tables: (data) => [
    {
      Title: 'From the request to the answer, medians',
      Head: [
        'update',
        'contender',
        'answer after',
        'x floor',
        'with the 5 s',
        'x floor',
        'ACTIVE noticed after',
      ],
      Rows: UPDATES.flatMap((update) =>
        CONTENDERS.map((contender) => {
          const of = medians(data, contender, update);
          return [
            `${update} s`,
            contender,
            `${of.seconds.toFixed(2)} s`,
            of.ratio.toFixed(2),
            `${of.safeSeconds.toFixed(2)} s`,
            (of.safeSeconds / floorOf(update)).toFixed(2),
            `${of.noticedAfter.toFixed(2)} s`,
          ];
        }),
      ),
    },
    {
      Title: 'Targets',
      Head: [
        'update',
        'rounds',
        'x floor',
        'at most',
        '',
        ...PEERS.map(({ Name }) => `x ${Name} with the 5 s`),
      ],
      Rows: UPDATES.map((update) => {
        const ours = medians(data, OURS, update);
        const target = BUDGETS.FloorRatio[update];
        return [
          `${update} s`,
          String(ROUNDS[update]),
          ours.ratio.toFixed(2),
          target.toFixed(2),
          verdict(ours.ratio <= target),
          ...PEERS.map(({ Name }) =>
            (ours.seconds / medians(data, Name, update).safeSeconds).toFixed(2),
          ),
        ];
      }),
    },
    {
      Title:
        'Updates of half to twice the length, averages over the floor, computed from the pauses',
      Head: ['update', ...CONTENDERS],
      Rows: UPDATES.map((update) => [
        `${update / 2} to ${update * 2} s`,
        ...CONTENDERS.map((contender) =>
          averageRatio(contender, update).toFixed(2),
        ),
      ]),
    },
    {
      Title: 'What each makes sure of',
      Head: [
        'contender',
        'looks at',
        'waits the 5 s',
        'proves it with a record',
        'a Start that Kinesis answers and does not apply',
      ],
      Rows: CONTENDERS.map((contender) => {
        const peer = PEERS.find(({ Name }) => Name === contender);
        const swallowed = data.SwallowedStarts.find(
          ({ Contender }) => Contender === contender,
        );
        return [
          contender,
          peer?.Checks ?? 'StreamStatus, KeyId, key ARN',
          peer ? 'no' : 'yes',
          peer ? 'no' : 'yes',
          swallowed?.Said ?? '',
        ];
      }),
    },
  ],
  plot: (data) => ({
    Title: 'Time to an answer after the 5 s, over the floor',
    Kind: 'bars',
    X: UPDATES.map((update) => `${update} s`),
    XLabel: 'length of the update',
    YLabel: 'x floor',
    Series: CONTENDERS.map((Name) => ({
      Name,
      Values: UPDATES.map(
        (update) => medians(data, Name, update).safeSeconds / floorOf(update),
      ),
    })),
    Mark: { Value: 1, Name: 'floor' },
  }),
};
