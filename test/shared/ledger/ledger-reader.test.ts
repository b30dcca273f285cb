import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LedgerReader } from '../../../shared/ledger/ledger-reader.ts';
import { QuotaLedger } from '../../../shared/ledger/quota-ledger.ts';
import {
  type LedgerTable,
  openLedgerTable,
} from '../../support/aws/ledger-table.ts';

const STREAM = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
const TABLE = 'ledger-reader';
const AT = Date.parse('2026-01-01T00:00:00.000Z');

let table: LedgerTable;
let client: DynamoDBClient;

beforeAll(async () => {
  table = await openLedgerTable(TABLE);
  client = table.client;
});

afterAll(() => table.close());

describe('LedgerReader', () => {
  it('returns an empty entry for a stream that was never written', async () => {
    expect(await new LedgerReader(client, TABLE).read(STREAM)).toEqual({
      StreamARN: STREAM,
      Version: 0,
      Slots: [],
    });
  });

  it('reads what the ledger wrote with one consistent read', async () => {
    const ledger = new QuotaLedger(client, TABLE, { now: () => AT });
    await ledger.recordExternalStart(STREAM, {
      RequestId: 'q',
      KeyId: 'alias/a',
      At: AT,
      By: 'arn:aws:iam::123456789012:root',
    });
    const sent: object[] = [];
    const watched = new DynamoDBClient();
    watched.middlewareStack.add((next, { commandName }) => (args) => {
      const { ConsistentRead } = args.input as { ConsistentRead?: boolean };
      sent.push({ commandName, ConsistentRead });
      return next(args);
    });
    const entry = await new LedgerReader(watched, TABLE).read(STREAM);
    watched.destroy();
    expect(sent).toEqual([
      { commandName: 'GetItemCommand', ConsistentRead: true },
    ]);
    expect(entry).toEqual({
      StreamARN: STREAM,
      Version: 1,
      Slots: [
        {
          SlotId: 1,
          RotationId: 'arn:aws:iam::123456789012:root',
          KeyId: 'alias/a',
          State: 'SPENT',
          StampedAt: AT + 1000,
          RequestId: 'q',
          IsReported: true,
        },
      ],
      LastApplied: { KeyId: 'alias/a', AppliedAt: AT },
      KeyPeriods: [{ KeyId: 'alias/a', From: AT }],
    });
  });

  it('names the table that it cannot read', async () => {
    await expect(
      new LedgerReader(client, 'no-such-table').read(STREAM),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: expect.stringContaining('"no-such-table"'),
    });
  });
});
