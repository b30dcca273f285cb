import {
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
  await storeClient.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'key', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'key', KeyType: 'HASH' }],
    }),
  );
  await waitUntilTableExists(
    { client: storeClient, maxWaitTime: 60, minDelay: 0.1, maxDelay: 2 },
    { TableName: tableName },
  );
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

export function isContended(error: unknown): boolean {
  return error instanceof RotationError && error.name === 'LedgerContended';
}
