import {
  type DynamoDB,
  type DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { RateLimiterDynamo, RateLimiterRes } from 'rate-limiter-flexible';
import { RotationError } from '../../shared/errors/errors.ts';
import { ledgerTableName } from '../../shared/lambda/clients.ts';
import type { Claim } from '../../shared/ledger/entry.ts';
import { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';
import { createKeyTable } from '../support/key-table.ts';

/**
 * Limits the keys of a stream to 25 in 24 hours, or is meant to. All methods
 * but the first act for the last grant of a stream.
 */
export interface QuotaLimiter {
  name: string;
  /**
   * Requests one key, once.
   *
   * @param rotation who requests; another rotation each time, if absent
   * @returns whether it was granted
   * @throws {RotationError} LedgerContended
   */
  take: (stream: string, rotation?: string) => Promise<boolean>;
  /** Before the Start leaves: from now on, AWS may count it. */
  start: (stream: string) => Promise<void>;
  /** After the Start: ends the rotation. */
  finish: (stream: string) => Promise<void>;
  /** After a Start that AWS refused: ends the rotation. */
  refuse: (stream: string) => Promise<void>;
  /** After the event of an execution that was stopped. */
  cleanUp: (stream: string) => Promise<void>;
  /** Records a Start from outside. Absent where there is no way to do it. */
  recordExternalStart?: (stream: string, requestId: string) => Promise<void>;
  /** The slots, points or locks of a stream that count now. */
  used: (stream: string) => Promise<number>;
  /** Names of what is stored of a stream. */
  attributes: (stream: string) => Promise<string[]>;
}

const DAY_SECONDS = 86_400;

const KEY = { KeyId: 'alias/a', KeyArn: 'arn:a' };

/** @param now milliseconds since the epoch */
export function ourLedger(
  client: DynamoDBClient,
  now: () => number,
): QuotaLimiter {
  const ledger = new QuotaLedger(client, ledgerTableName(), { now });
  const held = new Map<string, { RotationId: string; SlotId: number }>();
  const applied = new Map<string, number>();
  const holder = (stream: string) => {
    const claim = held.get(stream);
    if (claim === undefined) throw new Error(`Nothing holds ${stream}`);
    return [stream, claim.RotationId, claim.SlotId] as const;
  };
  let rotations = 0;
  return {
    name: 'ledger',
    take: async (stream, RotationId = `rotation-${rotations++}`) => {
      const claim: Claim = {
        ...KEY,
        RotationId,
        StartedAt: new Date(now()).toISOString(),
        PreviousKeyId: null,
        PreviousKeyArn: null,
        LastAppliedAt: applied.get(stream) ?? null,
        LeaseMs: 60_000,
      };
      const answer = await ledger.reserve(stream, claim);
      if (answer.Status !== 'GRANTED') return false;
      held.set(stream, { RotationId, SlotId: answer.SlotId });
      return true;
    },
    start: async (stream) => {
      await ledger.spend(...holder(stream), 0);
    },
    finish: async (stream) => {
      const [, rotation] = holder(stream);
      await ledger.confirm(...holder(stream), KEY, rotation);
      await ledger.settle(stream, rotation);
      applied.set(stream, now());
    },
    refuse: async (stream) => {
      const [, rotation] = holder(stream);
      await ledger.release(...holder(stream), 'REFUSED');
      await ledger.settle(stream, rotation);
    },
    cleanUp: async (stream) => {
      const [, rotation] = holder(stream);
      await ledger.settleStopped(stream, rotation);
    },
    recordExternalStart: async (stream, RequestId) => {
      const start = { RequestId, KeyId: 'alias/b', At: now(), By: 'arn:b' };
      await ledger.recordExternalStart(stream, start);
    },
    used: async (stream) => (await ledger.usage(stream)).Used,
    attributes: async (stream) =>
      Object.keys((await ledger.item(stream)) ?? {}),
  };
}

/**
 * rate-limiter-flexible's store in DynamoDB, as its documentation sets it up.
 * It reads the time from `Date.now`. A caller can return a point with `reward`,
 * and take one for a Start from outside with `penalty`.
 *
 * @see https://github.com/animir/node-rate-limiter-flexible/wiki/DynamoDB
 */
export async function rateLimiter(
  storeClient: DynamoDB,
  points: number,
): Promise<QuotaLimiter> {
  const tableName = `rate-limiter-${points}`;
  await createKeyTable(storeClient, tableName, 'key');
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
    start: async () => {},
    finish: async () => {},
    refuse: async (stream) => {
      await limiter.reward(stream);
    },
    cleanUp: async () => {},
    recordExternalStart: async (stream) => {
      await limiter.penalty(stream);
    },
    used: async (stream) => (await limiter.get(stream))?.consumedPoints ?? 0,
    attributes: async (stream) => {
      const key = { S: limiter.getKey(stream) };
      const { Item = {} } = await storeClient.send(
        new GetItemCommand({ TableName: tableName, Key: { key } }),
      );
      return Object.keys(Item);
    },
  };
}

export function isContended(error: unknown): boolean {
  return error instanceof RotationError && error.name === 'LedgerContended';
}
