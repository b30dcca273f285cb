import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Failure } from '../../../shared/contract/outcome.ts';
import { readHistory } from '../../../shared/history/read-history.ts';
import { QuotaLedger } from '../../../shared/ledger/quota-ledger.ts';
import {
  type LedgerTable,
  openLedgerTable,
} from '../../support/aws/ledger-table.ts';

const TABLE = 'history';
const STREAM = 'arn:aws:kinesis:us-east-1:111122223333:stream/orders';
const DAY_MS = 86_400_000;
const FIRST = Date.parse('2026-11-01T00:00:00Z');
/** More than a page of a Query takes, which ends at 1 MB. */
const COUNT = 40;
const LONG = 'x'.repeat(60_000);

let table: LedgerTable;
const startedAt = (day: number) => new Date(FIRST + day * DAY_MS).toISOString();

const outcomeOf = (day: number): Failure => ({
  Status: 'FAILED',
  RotationId: `arn:aws:states:us-east-1:111122223333:execution:m:${day}`,
  StartedAt: startedAt(day),
  Error: 'StreamBusy',
  Cause: LONG,
});

beforeAll(async () => {
  table = await openLedgerTable(TABLE);
  const ledger = new QuotaLedger(table.client, TABLE);
  for (let day = 0; day < COUNT; day++) {
    await ledger.record(STREAM, outcomeOf(day));
  }
  await ledger.record(`${STREAM}-2`, outcomeOf(0));
  await ledger.recordExternalStart(STREAM, {
    RequestId: 'r',
    KeyId: 'alias/a',
    At: Date.now(),
    By: 'alice',
  });
});

afterAll(() => table.close());

describe('readHistory', () => {
  it('reads every rotation of the stream, newest first', async () => {
    const all = await Array.fromAsync(readHistory(table.client, TABLE, STREAM));
    const days = Array.from({ length: COUNT }, (_, at) => COUNT - 1 - at);
    expect(all).toEqual(
      days.map((day) => ({ ...outcomeOf(day), StreamARN: STREAM })),
    );
  });

  it.each([
    ['since', { since: FIRST + 37 * DAY_MS }, [39, 38, 37]],
    ['after since', { since: FIRST + 37 * DAY_MS + 1 }, [39, 38]],
    ['until', { until: FIRST + DAY_MS }, [1, 0]],
    ['before until', { until: FIRST + DAY_MS - 1 }, [0]],
    ['of a day', { since: FIRST + DAY_MS, until: FIRST + DAY_MS }, [1]],
    ['of no time', { since: FIRST + 1, until: FIRST + 2 }, []],
  ])('reads the rotations %s', async (_, period, days) => {
    const found = await Array.fromAsync(
      readHistory(table.client, TABLE, STREAM, period),
    );
    expect(found.map(({ StartedAt }) => StartedAt)).toEqual(
      days.map(startedAt),
    );
  });

  it('names the table that it cannot read', async () => {
    const nowhere = readHistory(table.client, 'nowhere', STREAM).next();
    await expect(nowhere).rejects.toThrow('Ledger table "nowhere"');
  });
});
