import { setTimeout as delay } from 'node:timers/promises';
import type { ChosenStream } from '../../cli/input/streams.ts';
import {
  pacedDescribe,
  type StreamClients,
} from '../../cli/keys/stream-clients.ts';
import { gatherStreams } from '../../cli/report/gather.ts';
import { LOCAL_ACCOUNT } from '../../local/session/embedded-aws.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import { toStreamArn } from '../../shared/identifiers/arn.ts';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import { describeKey } from '../../shared/lookup/describe-keys.ts';
import { describeStream } from '../../shared/lookup/describe-stream.ts';
import { BUDGETS } from '../budgets.ts';
import { type Section, targetTable } from '../section.ts';
import { openMeasuredAws } from '../subjects/measured-aws.ts';

const STREAMS = 140;
/** Added to every call, as the way to AWS and back. */
const DELAY_MS = 40;
const AS_IT_IS = 'ten streams at a time';

interface Reading {
  way: string;
  seconds: number;
  calls: number;
}

interface Report {
  readings: Reading[];
}

/** How to read streams for a report. */
const WAYS: {
  way: string;
  gather: (streams: ChosenStream[], clients: StreamClients) => Promise<void>;
}[] = [
  {
    way: AS_IT_IS,
    gather: async (streams, clients) => {
      await gatherStreams(streams, clients);
    },
  },
  { way: 'one call after the other', gather: gatherInTurn },
];

/** The calls that a report needs, without any at the same time. */
async function gatherInTurn(
  streams: readonly ChosenStream[],
  { kinesis, kms, dynamodb, tableName }: StreamClients,
): Promise<void> {
  const ledger = new LedgerReader(dynamodb, tableName);
  for (const { StreamARN, Entry } of streams) {
    await describeStream(kinesis, { StreamARN });
    for (const keyId of Entry?.KeyIds ?? []) await describeKey(kms, keyId);
    await ledger.read(StreamARN);
    await Array.fromAsync(readHistory(dynamodb, tableName, StreamARN));
  }
}

async function measure(): Promise<Report> {
  const names = Array.from({ length: STREAMS }, (_, at) => `stream-${at}`);
  const aws = await openMeasuredAws(0.1, names);
  const streams = names.map((StreamName, at) => ({
    StreamName,
    StreamARN: toStreamArn(
      { partition: 'aws', region: aws.region, account: LOCAL_ACCOUNT },
      StreamName,
    ),
    Entry: aws.ring(at),
  }));
  const { clients, calls, close } = delayedClients();
  const readings: Reading[] = [];
  try {
    for (const { way, gather } of WAYS) {
      const before = calls();
      const begin = performance.now();
      await gather(streams, clients);
      const seconds = (performance.now() - begin) / 1000;
      readings.push({ way, seconds, calls: calls() - before });
    }
  } finally {
    close();
    aws.kinesis.destroy();
    await aws.close();
  }
  return { readings };
}

function delayedClients() {
  let calls = 0;
  const [kinesis, kms, dynamodb] = [
    kinesisClient(),
    kmsClient(),
    dynamoDbClient(),
  ];
  const pause = () => {
    calls++;
    return delay(DELAY_MS);
  };
  kinesis.middlewareStack.add((next) => async (args) => {
    await pause();
    return next(args);
  });
  kms.middlewareStack.add((next) => async (args) => {
    await pause();
    return next(args);
  });
  dynamodb.middlewareStack.add((next) => async (args) => {
    await pause();
    return next(args);
  });
  const clients = {
    kinesis,
    kms,
    dynamodb,
    tableName: ledgerTableName(),
    describe: pacedDescribe(kinesis),
  };
  const close = () => {
    for (const client of [kinesis, kms, dynamodb]) client.destroy();
  };
  return { clients, calls: () => calls, close };
}

const secondsOf = ({ readings }: Report) =>
  readings.find(({ way }) => way === AS_IT_IS)?.seconds ?? Number.NaN;

export const REPORT: Section<Report> = {
  name: 'report',
  title: 'The report',
  measure,
  tables: (data) => [
    {
      title: `Reading ${STREAMS} streams, with ${DELAY_MS} ms more for each call`,
      head: ['way', 'seconds', 'calls', 'x ours'],
      rows: data.readings.map(({ way, seconds, calls }) => [
        way,
        seconds.toFixed(1),
        String(calls),
        (seconds / secondsOf(data)).toFixed(2),
      ]),
    },
    targetTable([
      [
        `seconds to read ${STREAMS} streams`,
        secondsOf(data),
        BUDGETS.reportSeconds,
      ],
    ]),
  ],
  plot: ({ readings }) => ({
    title: `Reading ${STREAMS} streams for a report`,
    kind: 'bars',
    x: readings.map(({ way }) => way),
    xLabel: '',
    yLabel: 's',
    series: [
      { name: 'seconds', values: readings.map(({ seconds }) => seconds) },
    ],
    mark: { value: BUDGETS.reportSeconds, name: 'target' },
  }),
};
