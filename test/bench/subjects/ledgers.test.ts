import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { expect, it, onTestFinished } from 'vitest';
import {
  type QuotaLimiter,
  semaphore,
} from '../../../bench/subjects/ledgers.ts';
import { startDynamoDb } from '../../../local/services/dynamodb.ts';
import { QUOTA_LIMIT } from '../../../shared/ledger/window.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

async function started(): Promise<QuotaLimiter> {
  const { endpoint, close } = await startDynamoDb(
    join(await temporaryDirectory(), 'dynamodb'),
    0,
  );
  const client = new DynamoDB({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
  });
  onTestFinished(async () => {
    client.destroy();
    await close();
  });
  return semaphore(client, QUOTA_LIMIT);
}

it('the semaphore has 25 places, however many contend', async () => {
  const { take } = await started();
  const taken = await Promise.all(
    Array.from({ length: 2 * QUOTA_LIMIT }, () => take('orders')),
  );
  expect(taken.filter(Boolean)).toHaveLength(QUOTA_LIMIT);
  expect(await take('orders')).toBe(false);
});

it('the semaphore grants more than the quota one after the other', async () => {
  const { take, finish } = await started();
  for (let at = 0; at <= QUOTA_LIMIT; at++) {
    expect(await take('orders')).toBe(true);
    await finish('orders');
  }
});
