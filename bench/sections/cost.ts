import {
  callsOf,
  costOf,
  describesOf,
  PRICES_USD,
  type RotationCalls,
} from '../../cli/preview/rotation-cost.ts';
import { BUDGETS } from '../budgets.ts';
import { type Section, targetTable } from '../section.ts';
import { measureInProcess } from '../support/child-process.ts';

const UPDATES = [0.5, 2, 10, 60] as const;
/** Too long to wait for: their calls are computed. */
const LONG_UPDATES = [600, 3600];
/** Keys in the ring of a run. */
const KEYS = 2;

export interface RotationRun {
  updateSeconds: number;
  /** Whether its first Start fails with LimitExceededException. */
  isThrottled: boolean;
  calls: RotationCalls;
}

interface Cost {
  runs: RotationRun[];
}

async function measure(): Promise<Cost> {
  const runs = UPDATES.map((seconds) =>
    measureInProcess<RotationRun[]>('cost', seconds),
  );
  return { runs: (await Promise.all(runs)).flat() };
}

/** All calls of a rotation to AWS, without transitions and invocations. */
export function awsCalls(calls: RotationCalls): number {
  const { StateTransitions, LambdaInvocations, ...aws } = calls;
  return Object.values(aws).reduce((sum, count) => sum + count, 0);
}

function row(name: string, calls: RotationCalls): string[] {
  const { DescribeStreamSummary, StartStreamEncryption, PutRecord } = calls;
  return [
    name,
    String(calls.StateTransitions),
    String(calls.LambdaInvocations),
    String(DescribeStreamSummary + StartStreamEncryption + PutRecord),
    String(calls.DescribeKey),
    String(calls.DescribeAlarms),
    `${calls.DynamoDbReads} + ${calls.DynamoDbWrites}`,
    String(calls.EventBridgeEvents),
    costOf(calls).toFixed(5),
  ];
}

const computed = LONG_UPDATES.map((updateSeconds) => ({
  updateSeconds,
  calls: callsOf(KEYS, updateSeconds),
}));

/** Polls in the target's number of seconds, between two lengths of an update. */
function pollsBetween(from: number, to: number): number {
  const polls = describesOf(to) - describesOf(from);
  return (polls / (to - from)) * BUDGETS.secondsPerPoll;
}

export const COST: Section<Cost> = {
  name: 'cost',
  title: 'Calls and cost of a rotation',
  measure,
  tables: ({ runs }) => [
    {
      title: 'Counted in real runs, with a ring of two keys',
      head: [
        'update',
        'transitions',
        'Lambda',
        'Kinesis',
        'KMS',
        'CloudWatch',
        'DynamoDB reads + writes',
        'EventBridge',
        'USD',
      ],
      rows: [
        ...runs.map(({ updateSeconds, isThrottled, calls }) =>
          row(
            `${updateSeconds} s${isThrottled ? ', Start throttled once' : ''}`,
            calls,
          ),
        ),
        ...computed.map(({ updateSeconds, calls }) =>
          row(`${updateSeconds} s, computed`, calls),
        ),
        row('10 s, a bake of 10 minutes, computed', callsOf(KEYS, 10, 10)),
      ],
    },
    targetTable([
      ...UPDATES.flatMap((update) =>
        runs
          .filter((run) => run.updateSeconds === update && !run.isThrottled)
          .map(({ calls }): [string, number, number] => [
            `calls to AWS, update of ${update} s`,
            awsCalls(calls),
            BUDGETS.calls[update].AwsCalls,
          ]),
      ),
      ...(
        [
          [10, 60],
          [60, 600],
          [600, 3600],
        ] as const
      ).map(([from, to]): [string, number, number] => [
        `polls for each ${BUDGETS.secondsPerPoll} s of update, from ${from} s to ${to} s`,
        pollsBetween(from, to),
        1,
      ]),
    ]),
    {
      title: 'Prices, us-east-1',
      head: ['unit', 'USD'],
      rows: Object.entries(PRICES_USD).map(([name, price]) => [
        name,
        price.toFixed(10).replace(/0+$/, ''),
      ]),
    },
  ],
  plot: ({ runs }) => {
    const all = [
      ...runs.filter(({ isThrottled }) => !isThrottled),
      ...computed,
    ];
    const line = (name: string, count: (calls: RotationCalls) => number) => ({
      name,
      values: all.map(({ calls }) => count(calls)),
    });
    return {
      title: 'Calls of a rotation by the length of its update',
      kind: 'lines',
      x: all.map(({ updateSeconds }) => `${updateSeconds} s`),
      xLabel: 'length of the update',
      yLabel: 'count',
      isLogarithmic: true,
      series: [
        line('state transitions', (calls) => calls.StateTransitions),
        line('Lambda invocations', (calls) => calls.LambdaInvocations),
        line('calls to AWS', awsCalls),
      ],
    };
  },
};
