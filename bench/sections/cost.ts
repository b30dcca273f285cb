import {
  callsOf,
  costOf,
  describesOf,
  PRICES_USD,
  type RotationCalls,
} from '../../cli/preview/rotation-cost.ts';
import { BUDGETS } from '../budgets.ts';
import type { Section } from '../section.ts';
import { measuredBy } from '../support/child-process.ts';
import { verdict } from '../support/statistics.ts';

const UPDATES = [0.5, 2, 10, 60] as const;
/** Too long to wait for: the calls are those that the others are held to. */
const LONG_UPDATES = [600, 3600];
/** Of the ring in the runs. */
const KEYS = 2;

export interface RotationRun {
  UpdateSeconds: number;
  /** Whether its first Start was answered with LimitExceededException. */
  IsThrottled: boolean;
  Calls: RotationCalls;
}

interface Cost {
  Runs: RotationRun[];
}

async function measure(): Promise<Cost> {
  const runs = await Promise.all(
    UPDATES.map((seconds) =>
      measuredBy<RotationRun[]>('cost', String(seconds)),
    ),
  );
  return { Runs: runs.flat() };
}

/** All calls to AWS of a rotation; transitions and invocations are none. */
export function awsCalls(calls: RotationCalls): number {
  const { StateTransitions, LambdaInvocations, ...aws } = calls;
  return Object.values(aws).reduce((sum, count) => sum + count, 0);
}

function row(name: string, calls: RotationCalls): string[] {
  return [
    name,
    String(calls.StateTransitions),
    String(calls.LambdaInvocations),
    String(
      calls.DescribeStreamSummary +
        calls.StartStreamEncryption +
        calls.PutRecord,
    ),
    String(calls.DescribeKey),
    `${calls.DynamoDbReads} + ${calls.DynamoDbWrites}`,
    String(calls.EventBridgeEvents),
    costOf(calls).toFixed(5),
  ];
}

const computed = LONG_UPDATES.map((UpdateSeconds) => ({
  UpdateSeconds,
  Calls: callsOf(KEYS, UpdateSeconds),
}));

/** Looks for each second of an update, between two lengths of it. */
function growth(from: number, to: number): number {
  return (describesOf(to) - describesOf(from)) / (to - from);
}

/** Between these the wait before a look has reached its longest. */
const LONG_FROM = 600;
const LONG_TO = 3600;

export const COST: Section<Cost> = {
  Name: 'cost',
  Title: 'Calls and cost of a rotation',
  measure,
  tables: ({ Runs }) => [
    {
      Title: 'Counted in real runs, with a ring of two keys',
      Head: [
        'update',
        'transitions',
        'Lambda',
        'Kinesis',
        'KMS',
        'DynamoDB reads + writes',
        'EventBridge',
        'USD',
      ],
      Rows: [
        ...Runs.map(({ UpdateSeconds, IsThrottled, Calls }) =>
          row(
            `${UpdateSeconds} s${IsThrottled ? ', Start throttled once' : ''}`,
            Calls,
          ),
        ),
        ...computed.map(({ UpdateSeconds, Calls }) =>
          row(`${UpdateSeconds} s, computed`, Calls),
        ),
      ],
    },
    {
      Title: 'Targets',
      Head: ['', 'figure', 'at most', ''],
      Rows: [
        ...UPDATES.flatMap((update) => {
          const run = Runs.find(
            ({ UpdateSeconds, IsThrottled }) =>
              UpdateSeconds === update && !IsThrottled,
          );
          if (!run) return [];
          const { AwsCalls } = BUDGETS.Calls[update];
          const calls = awsCalls(run.Calls);
          return [
            [
              `calls to AWS, update of ${update} s`,
              String(calls),
              String(AwsCalls),
              verdict(calls <= AwsCalls),
            ],
          ];
        }),
        ...[
          [10, 60],
          [60, LONG_FROM],
          [LONG_FROM, LONG_TO],
        ].map(([from = 0, to = 0]) => [
          `looks for each 15 s of update, from ${from} s to ${to} s`,
          (growth(from, to) * BUDGETS.SecondsPerLook).toFixed(2),
          '1.00',
          verdict(growth(from, to) * BUDGETS.SecondsPerLook <= 1),
        ]),
      ],
    },
    {
      Title: 'Prices, us-east-1',
      Head: ['of one', 'USD'],
      Rows: Object.entries(PRICES_USD).map(([name, price]) => [
        name,
        price.toFixed(10).replace(/0+$/, ''),
      ]),
    },
  ],
  plot: ({ Runs }) => {
    const runs = [
      ...Runs.filter(({ IsThrottled }) => !IsThrottled),
      ...computed,
    ];
    return {
      Title: 'Calls of a rotation by the length of its update',
      Kind: 'lines',
      X: runs.map(({ UpdateSeconds }) => `${UpdateSeconds} s`),
      XLabel: 'length of the update',
      YLabel: 'count',
      IsLogarithmic: true,
      Series: [
        {
          Name: 'state transitions',
          Values: runs.map(({ Calls }) => Calls.StateTransitions),
        },
        {
          Name: 'Lambda invocations',
          Values: runs.map(({ Calls }) => Calls.LambdaInvocations),
        },
        {
          Name: 'calls to AWS',
          Values: runs.map(({ Calls }) => awsCalls(Calls)),
        },
      ],
    };
  },
};
