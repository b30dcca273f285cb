import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  DescribeTableCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startDynamoDb } from '../../../local/services/dynamodb.ts';
import { ensureLedgerTable } from '../../../local/session/ledger-table.ts';
import { QuotaLedger } from '../../../shared/ledger/quota-ledger.ts';
import { dynamoDbAt, REGION } from '../../support/local/connected-clients.ts';
import { CLOSED_PORT } from '../../support/local/taken-port.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const TableName = 'ledger';
const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';

const PATIENTLY = { interval: 1, timeout: 30_000 };

afterEach(() => {
  vi.unstubAllEnvs();
});

function pointTo(endpoint: string) {
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', endpoint);
  vi.stubEnv('AWS_REGION', REGION);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
}

async function dynamoDb() {
  const path = join(await temporaryDirectory(), 'dynamodb');
  const { endpoint, close } = await startDynamoDb(path, 0);
  onTestFinished(close);
  pointTo(endpoint);
  return dynamoDbAt(endpoint);
}

describe('ensureLedgerTable', () => {
  it('creates a table that the ledger can be kept in', async () => {
    const client = await dynamoDb();
    await ensureLedgerTable(TableName);

    const { Table } = await client.send(
      new DescribeTableCommand({ TableName }),
    );
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      KeySchema: [
        { AttributeName: 'StreamARN', KeyType: 'HASH' },
        { AttributeName: 'Record', KeyType: 'RANGE' },
      ],
    });
    const ledger = new QuotaLedger(client, TableName);
    const claim = {
      RotationId: 'rotation-1',
      StartedAt: '2026-01-01T00:00:00.000Z',
      KeyId: 'alias/orders-a',
      KeyArn: 'arn:aws:kms:us-east-1:000000000000:key/a',
      PreviousKeyId: null,
      PreviousKeyArn: null,
      LastAppliedAt: null,
      LeaseMs: 60_000,
    };
    expect(await ledger.reserve(STREAM_ARN, claim)).toMatchObject({
      Status: 'GRANTED',
    });
    expect(await ledger.usage(STREAM_ARN)).toMatchObject({ Used: 1 });
  });

  it('leaves a table that is there, with what is in it', async () => {
    const client = await dynamoDb();
    await ensureLedgerTable(TableName);
    const Key = { StreamARN: { S: STREAM_ARN }, Record: { S: 'LEDGER' } };
    await client.send(new PutItemCommand({ TableName, Item: Key }));
    await ensureLedgerTable(TableName);

    const { Item } = await client.send(new GetItemCommand({ TableName, Key }));
    expect(Item).toEqual(Key);
  });

  it('may be called by several at once', async () => {
    const client = await dynamoDb();
    await Promise.all(
      Array.from({ length: 4 }, () => ensureLedgerTable(TableName)),
    );

    const { TableNames } = await client.send(new ListTablesCommand({}));
    expect(TableNames).toEqual([TableName]);
  });

  it('waits for a table that another program is creating', async () => {
    const server = dynalite({ createTableMs: 200 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      server.close();
      await once(server, 'close');
    });
    const { port } = server.address() as AddressInfo;
    pointTo(`http://127.0.0.1:${port}`);
    const client = dynamoDbAt(`http://127.0.0.1:${port}`);
    const byAnother = ensureLedgerTable(TableName);
    await vi.waitFor(
      () => client.send(new DescribeTableCommand({ TableName })),
      PATIENTLY,
    );

    await ensureLedgerTable(TableName);

    const { Table } = await client.send(
      new DescribeTableCommand({ TableName }),
    );
    expect(Table?.TableStatus).toBe('ACTIVE');
    await byAnother;
  });

  it('passes on that there is no DynamoDB', async () => {
    pointTo(`http://127.0.0.1:${CLOSED_PORT}`);

    await expect(ensureLedgerTable(TableName)).rejects.toThrow();
  });
});
