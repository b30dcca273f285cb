/** What reservations cost, and what is granted, by our ledger and by other limiters. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { SeededRandom } from '../../local/instruments/seeded-random.ts';
import { startDynamoDb } from '../../local/services/dynamodb.ts';
import { DUMMY_CREDENTIALS } from '../../local/session/credentials.ts';
import { ensureLedgerTable } from '../../local/session/ledger-table.ts';
import { ledgerTableName } from '../../shared/lambda/clients.ts';
import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import type { Contention, LedgerData, WindowRun } from '../sections/ledger.ts';
import {
  type Contender,
  isContended,
  ourLedger,
  rateLimiter,
} from '../subjects/ledgers.ts';
import { hearCalls } from '../support/aws-calls.ts';
import { mostInWindow } from '../support/statistics.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const directory = await mkdtemp(join(tmpdir(), 'bench-'));
const dynamoDb = await startDynamoDb(join(directory, 'dynamodb'), 0);
Object.assign(process.env, DUMMY_CREDENTIALS, {
  AWS_REGION: 'us-east-1',
  AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.endpoint,
});
await ensureLedgerTable(ledgerTableName());
// One for all, without the functions' timeouts: a thousand wait in its queue.
const client = new DynamoDB({
  requestHandler: { socketAcquisitionWarningTimeout: 10 * MINUTE_MS },
});

// The limiter has no clock of its own.
const realNow = Date.now;
const shiftMs = 0;
Date.now = () => realNow() + shiftMs;

async function contend(
  contender: Contender,
  contenders: number,
  streams: number,
  name = `${contenders}-on-${streams}`,
): Promise<Contention> {
  const begin = performance.now();
  const { result, calls } = await hearCalls(() =>
    Promise.all(
      Array.from({ length: contenders }, (_, at) =>
        contender.take(`${name}-${at % streams}`).catch((error: unknown) => {
          if (isContended(error)) return 'GAVE_UP' as const;
          throw error;
        }),
      ),
    ),
  );
  return {
    Ledger: contender.Name,
    Contenders: contenders,
    Streams: streams,
    CallsEach: calls.length / contenders,
    PerSecond: contenders / ((performance.now() - begin) / 1000),
    Granted: result.filter((answer) => answer === true).length,
    GaveUp: result.filter((answer) => answer === 'GAVE_UP').length,
  };
}

/**
 * When keys are wanted, over five days: one that opens a fixed window, more
 * than the quota on both sides of that window's end, and then some at random.
 */
function demand(): number[] {
  const random = new SeededRandom(25).next;
  const burst = (at: number) =>
    Array.from({ length: 2 * QUOTA_LIMIT }, (_, n) => at + n);
  const rest = Array.from(
    { length: 6 * QUOTA_LIMIT },
    () => 2 * DAY_MS + random() * 3 * DAY_MS,
  );
  return [
    0,
    ...burst(DAY_MS - MINUTE_MS),
    ...burst(DAY_MS + MINUTE_MS),
    ...rest.map(Math.round).sort((a, b) => a - b),
  ];
}

/** Time stands still but for the steps from one wish to the next. */
async function overDays(contender: Contender): Promise<WindowRun> {
  const begin = realNow();
  const times = demand();
  const grants: number[] = [];
  const stream = 'over-days';
  let offset = 0;
  Date.now = () => begin + offset;
  for (const time of times) {
    offset = time;
    if (!(await contender.take(stream))) continue;
    grants.push(time);
    await contender.finish(stream);
  }
  Date.now = () => realNow() + shiftMs;
  const Most = mostInWindow(grants, DAY_MS);
  return {
    Ledger: contender.Name,
    Wanted: times.length,
    Granted: grants.length,
    MostInWindow: Most,
    Beyond: Math.max(0, Most - QUOTA_LIMIT),
  };
}

const ours = ourLedger(client, () => Date.now());
const limiter = await rateLimiter(client, QUOTA_LIMIT);
// With half of the quota, two fixed windows together keep to it.
const halfLimiter = await rateLimiter(client, Math.floor(QUOTA_LIMIT / 2));

const data: LedgerData = { Contentions: [], Windows: [] };
for (const contender of [ours, limiter]) {
  await contend(contender, 1, 1, 'warm-up');
  for (const [contenders, streams] of [
    [1, 1],
    [10, 1],
    [100, 1],
    [1000, 1],
    [1000, 1000],
  ] as const) {
    data.Contentions.push(await contend(contender, contenders, streams));
  }
}
for (const contender of [ours, limiter, halfLimiter]) {
  data.Windows.push(await overDays(contender));
}
client.destroy();
await dynamoDb.close();
await rm(directory, { recursive: true });
process.stdout.write(JSON.stringify(data));
