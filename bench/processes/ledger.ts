/** Measures what reservations cost, and what our ledger and other limiters grant, keep and lose. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { startDynamoDb } from '../../local/services/dynamodb.ts';
import { DUMMY_CREDENTIALS } from '../../local/session/credentials.ts';
import { ensureLedgerTable } from '../../local/session/ledger-table.ts';
import { ledgerTableName } from '../../shared/lambda/clients.ts';
import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import type { Contention, LedgerData } from '../sections/ledger.ts';
import {
  isContended,
  ourLedger,
  type QuotaLimiter,
  rateLimiter,
} from '../subjects/ledgers.ts';
import { probe, runCrash, runDays } from '../subjects/limiter-probes.ts';
import { awsSemaphore } from '../subjects/semaphore.ts';
import { recordCalls } from '../support/calls.ts';

const MINUTE_MS = 60_000;

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

const ours = ourLedger(client, () => Date.now());
const limiter = await rateLimiter(client, QUOTA_LIMIT);
// With half of the quota, two fixed windows together keep to it.
const halfLimiter = await rateLimiter(client, Math.floor(QUOTA_LIMIT / 2));

const semaphore = await awsSemaphore(client, QUOTA_LIMIT);
// With a limit of one, it gives a stream to one rotation at a time.
const lock = await awsSemaphore(client, 1);

const data: LedgerData = {
  contentions: [],
  windows: [],
  crashes: [],
  traits: [],
};
for (const each of [ours, limiter, semaphore]) {
  await contend(each, 1, 1, 'warm-up');
  for (const [contenders, streams] of CROWDS) {
    data.contentions.push(await contend(each, contenders, streams));
  }
}
data.contentions.push(await contend(lock, 1000, 1));
for (const each of [ours, limiter, halfLimiter, semaphore, lock]) {
  data.windows.push(await runDays(each));
}
for (const each of [ours, limiter, semaphore, lock]) {
  data.crashes.push(await runCrash(each, false), await runCrash(each, true));
  data.traits.push(await probe(each));
}
client.destroy();
await dynamoDb.close();
await rm(directory, { recursive: true });
process.stdout.write(JSON.stringify(data));
