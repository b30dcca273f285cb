import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ourLedger,
  type QuotaLimiter,
  rateLimiter,
} from '../../../bench/subjects/ledgers.ts';
import {
  probe,
  runCrash,
  runDays,
} from '../../../bench/subjects/limiter-probes.ts';
import { awsSemaphore } from '../../../bench/subjects/semaphore.ts';
import { recordCalls } from '../../../bench/support/calls.ts';
import { ledgerTableName } from '../../../shared/lambda/clients.ts';
import { QUOTA_LIMIT } from '../../../shared/ledger/window.ts';
import {
  type LedgerTable,
  openLedgerTable,
} from '../../support/aws/ledger-table.ts';

let table: LedgerTable;
let client: DynamoDB;
let ledger: QuotaLimiter;
let limiter: QuotaLimiter;
let semaphore: QuotaLimiter;
let lock: QuotaLimiter;

beforeAll(async () => {
  table = await openLedgerTable(ledgerTableName());
  client = new DynamoDB();
  ledger = ourLedger(client, () => Date.now());
  limiter = await rateLimiter(client, QUOTA_LIMIT);
  semaphore = await awsSemaphore(client, QUOTA_LIMIT);
  lock = await awsSemaphore(client, 1);
});

afterAll(async () => {
  client.destroy();
  await table.close();
});

describe('over five days', () => {
  it('the ledger grants the quota in the worst rolling 24 hours', async () => {
    expect(await runDays(ledger)).toMatchObject({ mostInWindow: QUOTA_LIMIT });
  });

  it('rate-limiter-flexible exceeds the quota with its fixed windows', async () => {
    expect(await runDays(limiter)).toMatchObject({
      mostInWindow: 2 * QUOTA_LIMIT - 1,
    });
  });

  it('the semaphore grants all requests, since each holder releases its lock', async () => {
    const run = await runDays(semaphore);
    expect(run.granted).toBe(run.wanted);
    expect(run.beyond).toBeGreaterThan(0);
  });
});

describe('the semaphore makes the calls of AWS', () => {
  const callsOf = async (work: () => Promise<unknown>) => {
    const { calls } = await recordCalls(work);
    return calls.map(({ operation }) => operation);
  };

  it('for a lock that was never used', async () => {
    expect(await callsOf(() => lock.take('new'))).toEqual([
      'UpdateItem',
      'PutItem',
      'UpdateItem',
    ]);
  });

  it('for a free lock, and to release it', async () => {
    await lock.take('free');
    expect(await callsOf(() => lock.finish('free'))).toEqual(['UpdateItem']);
    expect(await callsOf(() => lock.take('free'))).toEqual(['UpdateItem']);
  });

  it('for a lock that is held', async () => {
    await lock.take('held');
    const calls = await callsOf(async () =>
      expect(await lock.take('held')).toBe(false),
    );
    expect(calls).toEqual([...Array(7).fill('UpdateItem'), 'GetItem']);
  });

  it('and grants as many as its limit', async () => {
    const takes = Array.from({ length: QUOTA_LIMIT + 5 }, () =>
      semaphore.take('crowd'),
    );
    const granted = (await Promise.all(takes)).filter(Boolean);
    expect(granted).toHaveLength(QUOTA_LIMIT);
  });
});

describe('a crashed holder', () => {
  it('of the ledger leaves the slot of its Start for 24 hours, and no lease', async () => {
    expect(await runCrash(ledger, true)).toMatchObject({
      used: { atOnce: 1, afterHour: 1, nextDay: 0, cleaned: 1 },
      isNextGranted: { atOnce: false, afterHour: true },
    });
    expect(await runCrash(ledger, false)).toMatchObject({
      used: { atOnce: 1, afterHour: 0, nextDay: 0, cleaned: 0 },
    });
  });

  it('of rate-limiter-flexible leaves a point until the end of the window', async () => {
    expect(await runCrash(limiter, true)).toMatchObject({
      used: { atOnce: 1, afterHour: 1, nextDay: 0 },
    });
  });

  it('of the semaphore leaves its lock until the clean-up', async () => {
    expect(await runCrash(lock, true)).toMatchObject({
      used: { atOnce: 1, afterHour: 1, nextDay: 1, cleaned: 0 },
      isNextGranted: { atOnce: false, afterHour: false },
    });
  });
});

describe('a limiter', () => {
  it('that is the ledger does all, in eight calls', async () => {
    expect(await probe(ledger)).toMatchObject({
      repeated: 1,
      refused: 0,
      remembered: 1,
      external: 1,
      calls: 8,
      attributes: expect.arrayContaining(['LastApplied']),
    });
  });

  it('that is rate-limiter-flexible does not recognize a request', async () => {
    expect(await probe(limiter)).toMatchObject({
      repeated: 2,
      refused: 0,
      remembered: 0,
      external: 2,
      calls: 2,
    });
  });

  it('that is the semaphore forgets a rotation at its end', async () => {
    expect(await probe(semaphore)).toMatchObject({
      repeated: 1,
      refused: 0,
      remembered: 0,
      external: null,
      calls: 2,
    });
  });
});
