/** Measures what reservations cost and how many keys are granted, by our ledger and by other limiters. */
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
  isContended,
  ourLedger,
  type QuotaLimiter,
  rateLimiter,
  semaphore,
} from '../subjects/ledgers.ts';
import { recordCalls } from '../support/calls.ts';
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
// One client without the functions' timeouts: a thousand calls wait in its queue.
const client = new DynamoDB({
  requestHandler: { socketAcquisitionWarningTimeout: 10 * MINUTE_MS },
});

const CROWDS = [
  [1, 1],
  [10, 1],
  [100, 1],
  [1000, 1],
  [1000, 1000],
] as const;

async function contend(
  limiter: QuotaLimiter,
  contenders: number,
  streams: number,
  name = `${contenders}-on-${streams}`,
): Promise<Contention> {
  const begin = performance.now();
  const { result, calls } = await recordCalls(() =>
    Promise.all(
      Array.from({ length: contenders }, (_, at) =>
        limiter.take(`${name}-${at % streams}`).catch((error: unknown) => {
          if (isContended(error)) return 'GAVE_UP' as const;
          throw error;
        }),
      ),
    ),
  );
  return {
    ledger: limiter.name,
    contenders,
    streams,
    callsEach: calls.length / contenders,
    perSecond: contenders / ((performance.now() - begin) / 1000),
    granted: result.filter((answer) => answer === true).length,
    gaveUp: result.filter((answer) => answer === 'GAVE_UP').length,
  };
}

/**
 * The times of requests for keys, over five days: one that opens a fixed window,
 * more than the quota on both sides of the end of that window, and the rest at
 * random.
 */
function requestTimes(): number[] {
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

/** Requests keys over days, on a clock that steps from one request to the next. */
async function runDays(limiter: QuotaLimiter): Promise<WindowRun> {
  const realNow = Date.now;
  const begin = realNow();
  const times = requestTimes();
  const grants: number[] = [];
  const stream = 'over-days';
  for (const time of times) {
    // rate-limiter-flexible takes no clock.
    Date.now = () => begin + time;
    if (!(await limiter.take(stream))) continue;
    grants.push(time);
    await limiter.finish(stream);
  }
  Date.now = realNow;
  const most = mostInWindow(grants, DAY_MS);
  return {
    ledger: limiter.name,
    wanted: times.length,
    granted: grants.length,
    mostInWindow: most,
    beyond: Math.max(0, most - QUOTA_LIMIT),
  };
}

const ours = ourLedger(client, () => Date.now());
const limiter = await rateLimiter(client, QUOTA_LIMIT);
// With half of the quota, two fixed windows together keep to it.
const halfLimiter = await rateLimiter(client, Math.floor(QUOTA_LIMIT / 2));

const places = await semaphore(client, QUOTA_LIMIT);

const data: LedgerData = { contentions: [], windows: [] };
for (const each of [ours, limiter, places]) {
  await contend(each, 1, 1, 'warm-up');
  for (const [contenders, streams] of CROWDS) {
    data.contentions.push(await contend(each, contenders, streams));
  }
}
for (const each of [ours, limiter, halfLimiter, places]) {
  data.windows.push(await runDays(each));
}
client.destroy();
await dynamoDb.close();
await rm(directory, { recursive: true });
process.stdout.write(JSON.stringify(data));
