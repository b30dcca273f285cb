import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  type DynamoDB,
  type DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { RateLimiterDynamo, RateLimiterRes } from 'rate-limiter-flexible';
import { RotationError } from '../../shared/errors/errors.ts';
import { ledgerTableName } from '../../shared/lambda/clients.ts';
import type { Claim } from '../../shared/ledger/entry.ts';
import { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';

/** Limits the keys of a stream to 25 in 24 hours, or is meant to. */
export interface QuotaLimiter {
  name: string;
  /**
   * Requests one key, once.
   *
   * @returns whether it was granted
   * @throws {RotationError} LedgerContended
   */
  take: (stream: string) => Promise<boolean>;
  /** Completes a grant, so that the next may be granted. */
  finish: (stream: string) => Promise<void>;
}

const DAY_SECONDS = 86_400;

/** @param now milliseconds since the epoch */
export function ourLedger(
  client: DynamoDBClient,
  now: () => number,
): QuotaLimiter {
  const ledger = new QuotaLedger(client, ledgerTableName(), { now });
  const held = new Map<string, { RotationId: string; SlotId: number }>();
  const applied = new Map<string, number>();
  let rotations = 0;
  return {
    name: 'ledger',
    take: async (stream) => {
      const claim: Claim = {
        RotationId: `rotation-${rotations++}`,
        StartedAt: new Date(now()).toISOString(),
        KeyId: 'alias/a',
        KeyArn: 'arn:a',
        PreviousKeyId: null,
        PreviousKeyArn: null,
        LastAppliedAt: applied.get(stream) ?? null,
        LeaseMs: 60_000,
      };
      const answer = await ledger.reserve(stream, claim);
      if (answer.Status !== 'GRANTED') return false;
      held.set(stream, { ...claim, SlotId: answer.SlotId });
      return true;
    },
    finish: async (stream) => {
      const claim = held.get(stream);
      if (claim === undefined) throw new Error(`Nothing holds ${stream}`);
      const { RotationId, SlotId } = claim;
      const key = { KeyId: 'alias/a', KeyArn: 'arn:a' };
      await ledger.spend(stream, RotationId, SlotId, 0);
      await ledger.confirm(stream, RotationId, SlotId, key, RotationId);
      await ledger.settle(stream, RotationId);
      applied.set(stream, now());
    },
  };
}

/**
 * rate-limiter-flexible's store in DynamoDB, as its documentation sets it up.
 * It reads the time from `Date.now`.
 *
 * @see https://github.com/animir/node-rate-limiter-flexible/wiki/DynamoDB
 */
export async function rateLimiter(
  storeClient: DynamoDB,
  points: number,
): Promise<QuotaLimiter> {
  const tableName = `rate-limiter-${points}`;
  await createTable(storeClient, tableName, 'key');
  const limiter = new RateLimiterDynamo({
    storeClient,
    tableName,
    tableCreated: true,
    ttlSet: true,
    points,
    duration: DAY_SECONDS,
  });
  return {
    name: `rate-limiter-flexible, ${points} points`,
    take: (stream) =>
      limiter.consume(stream).then(
        () => true,
        (refusal: unknown) => {
          if (refusal instanceof RateLimiterRes) return false;
          throw refusal;
        },
      ),
    finish: async () => {},
  };
}

const SEMAPHORE_TABLE = 'semaphore';

/**
 * The semaphore of AWS's examples: an item with the number of its owners, and an
 * attribute for each. An owner that ends without its release keeps its place until a
 * second state machine, which EventBridge starts, takes the place back.
 *
 * @see https://aws.amazon.com/blogs/compute/controlling-concurrency-in-distributed-systems-using-aws-step-functions/
 */
export async function semaphore(
  client: DynamoDB,
  limit: number,
): Promise<QuotaLimiter> {
  await createTable(client, SEMAPHORE_TABLE, 'LockName');
  const owners = new Map<string, string>();
  let executions = 0;
  const acquire = (stream: string, owner: string) =>
    client.updateItem({
      TableName: SEMAPHORE_TABLE,
      Key: { LockName: { S: stream } },
      UpdateExpression: 'SET #count = #count + :one, #owner = :at',
      ConditionExpression: '#count <> :limit AND attribute_not_exists(#owner)',
      ExpressionAttributeNames: {
        '#count': 'currentlockcount',
        '#owner': owner,
      },
      ExpressionAttributeValues: {
        ':one': { N: '1' },
        ':limit': { N: String(limit) },
        ':at': { S: new Date().toISOString() },
      },
    });
  const initialize = (stream: string) =>
    client
      .putItem({
        TableName: SEMAPHORE_TABLE,
        Item: { LockName: { S: stream }, currentlockcount: { N: '0' } },
        ConditionExpression: 'attribute_not_exists(LockName)',
      })
      .catch(isRefused);
  return {
    name: `semaphore of AWS's examples, ${limit} at a time`,
    take: async (stream) => {
      const owner = `execution-${executions++}`;
      const answer = await acquire(stream, owner).catch(async (error) => {
        if (error.name !== 'ValidationException') return isRefused(error);
        await initialize(stream);
        return acquire(stream, owner).catch(isRefused);
      });
      if (answer === false) return false;
      owners.set(stream, owner);
      return true;
    },
    finish: async (stream) => {
      await client.updateItem({
        TableName: SEMAPHORE_TABLE,
        Key: { LockName: { S: stream } },
        UpdateExpression: 'SET #count = #count - :one REMOVE #owner',
        ConditionExpression: 'attribute_exists(#owner)',
        ExpressionAttributeNames: {
          '#count': 'currentlockcount',
          '#owner': owners.get(stream) ?? '',
        },
        ExpressionAttributeValues: { ':one': { N: '1' } },
      });
    },
  };
}

function isRefused(error: unknown): false {
  if (error instanceof ConditionalCheckFailedException) return false;
  throw error;
}

async function createTable(
  client: DynamoDB,
  TableName: string,
  key: string,
): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
      KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
    }),
  );
  await waitUntilTableExists(
    { client, maxWaitTime: 60, minDelay: 0.1, maxDelay: 2 },
    { TableName },
  );
}

export function isContended(error: unknown): boolean {
  return error instanceof RotationError && error.name === 'LedgerContended';
}
