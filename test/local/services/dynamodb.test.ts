import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  CreateTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startDynamoDb } from '../../../local/services/dynamodb.ts';
import { closed } from '../../support/local/closed.ts';
import { dynamoDbAt } from '../../support/local/connected-clients.ts';
import {
  CAN_LIST_SOCKETS,
  listeningSockets,
  listensAt,
} from '../../support/local/listening-sockets.ts';
import { takenPort } from '../../support/local/taken-port.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const TableName = 'orders';

async function running(path: string, port = 0) {
  const service = await startDynamoDb(path, port);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= service.close());
  onTestFinished(close);
  return {
    endpoint: service.endpoint,
    close,
    dynamoDb: dynamoDbAt(service.endpoint),
  };
}

async function createTable(client: DynamoDBClient) {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'Id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'Id', KeyType: 'HASH' }],
    }),
  );
  // As in AWS, a table is answered for before it can be used.
  await waitUntilTableExists(
    { client, maxWaitTime: 60, minDelay: 0.01, maxDelay: 0.1 },
    { TableName },
  );
}

describe('startDynamoDb', () => {
  it('has tables and items again after a restart', async () => {
    const path = join(await temporaryDirectory(), 'dynamodb');
    const Item = { Id: { S: 'a' }, Count: { N: '1' } };
    const first = await running(path);
    await createTable(first.dynamoDb);
    await first.dynamoDb.send(new PutItemCommand({ TableName, Item }));
    await first.close();

    const { dynamoDb } = await running(path);
    const found = await dynamoDb.send(
      new GetItemCommand({ TableName, Key: { Id: { S: 'a' } } }),
    );
    expect(found.Item).toEqual(Item);
  });

  it('closes although a client has not finished its request', async () => {
    const { endpoint, close, dynamoDb } = await running(
      join(await temporaryDirectory(), 'dynamodb'),
    );
    await dynamoDb.send(new ListTablesCommand({}));
    const client = connect(Number(new URL(endpoint).port), '127.0.0.1');
    await once(client, 'connect');
    client.write('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n');
    const hungUp = closed(client);
    await dynamoDb.send(new ListTablesCommand({}));
    await close();
    await hungUp;

    expect(await listensAt(endpoint)).toBe(false);
  });

  it.runIf(CAN_LIST_SOCKETS)('listens on 127.0.0.1 only', async () => {
    const { endpoint, close } = await running(
      join(await temporaryDirectory(), 'dynamodb'),
    );

    expect(await listeningSockets()).toEqual([
      { port: Number(new URL(endpoint).port), isLoopback: true },
    ]);
    await close();
    expect(await listeningSockets()).toEqual([]);
  });

  it('rejects a port that is taken', async () => {
    const path = join(await temporaryDirectory(), 'dynamodb');

    await expect(running(path, await takenPort())).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    const { dynamoDb } = await running(path);
    await createTable(dynamoDb);
    const { TableNames } = await dynamoDb.send(new ListTablesCommand({}));
    expect(TableNames).toEqual([TableName]);
  });
});
