import {
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type LedgerTable,
  openLedgerTable,
} from '../support/aws/ledger-table.ts';
import { DynamoDbModel } from '../support/simulation/dynamodb-model.ts';

const TableName = 'model';

let dynalite: LedgerTable;

beforeAll(async () => {
  dynalite = await openLedgerTable(TableName);
});

afterAll(() => dynalite.close());

/** Every condition that the ledger writes under. */
const CONDITIONS = [
  {},
  { ConditionExpression: 'attribute_not_exists(Version)' },
  ...[1, 2].map((version) => ({
    ConditionExpression: 'Version = :version',
    ExpressionAttributeValues: { ':version': { N: String(version) } },
  })),
  {
    ConditionExpression: 'attribute_not_exists(#status) OR #status = :failed',
    ExpressionAttributeNames: { '#status': 'Status' },
    ExpressionAttributeValues: { ':failed': { S: 'FAILED' } },
  },
  {
    ConditionExpression: 'attribute_not_exists(#status) OR WriteId = :writeId',
    ExpressionAttributeNames: { '#status': 'Status' },
    ExpressionAttributeValues: { ':writeId': { S: 'a' } },
  },
];

const item = fc.record(
  {
    Version: fc.constantFrom('1', '2').map((N) => ({ N })),
    Status: fc.constantFrom('FAILED', 'SUCCEEDED').map((S) => ({ S })),
    WriteId: fc.constantFrom('a', 'b').map((S) => ({ S })),
  },
  { requiredKeys: [] },
);
const put = fc.record({
  Item: item,
  condition: fc.constantFrom(...CONDITIONS),
});

/** What either says, without what dynalite leaves out of a refusal. */
type Said = { Item?: object; error?: string };

async function dynaliteSays(command: object): Promise<Said> {
  const isPut = 'Item' in command;
  try {
    const { Item } = isPut
      ? {
          ...(await dynalite.client.send(new PutItemCommand(command as never))),
          Item: undefined,
        }
      : await dynalite.client.send(new GetItemCommand(command as never));
    return Item ? { Item } : {};
  } catch (error) {
    return { error: (error as Error).name };
  }
}

function modelSays(model: DynamoDbModel, command: object): Said {
  const operation = 'Item' in command ? 'PutItem' : 'GetItem';
  const { status, body } = model.answer(operation, command);
  const { __type: type, Item } = body as { __type?: string; Item?: object };
  if (status !== 200) return { error: type?.split('#').at(-1) };
  return Item ? { Item } : {};
}

it('answers as dynalite does', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(put, { maxLength: 8 }), async (puts) => {
      const Key = { StreamARN: { S: `stream-${++runs}` }, Record: { S: 'r' } };
      const model = new DynamoDbModel();
      for (const { Item, condition } of puts) {
        const write = { TableName, Item: { ...Key, ...Item }, ...condition };
        const read = { TableName, Key, ConsistentRead: true };
        for (const command of [write, read]) {
          expect(modelSays(model, command)).toEqual(
            await dynaliteSays(command),
          );
        }
      }
    }),
    { numRuns: 40 },
  );
});

it('answers a Query as dynalite does', async () => {
  const model = new DynamoDbModel();
  const records = ['LEDGER', 'ROTATION#1', 'ROTATION#3', 'ROTATION#2', 'S'];
  for (const stream of ['queried', 'another']) {
    for (const Record of records) {
      const Item = { StreamARN: { S: stream }, Record: { S: Record } };
      const write = { TableName, Item };
      model.answer('PutItem', write);
      await dynalite.client.send(new PutItemCommand(write));
    }
  }
  for (const [since, until] of [
    ['ROTATION#', 'ROTATION#~'],
    ['ROTATION#2', 'ROTATION#3'],
    ['T', 'U'],
  ] as const) {
    const query = {
      TableName,
      KeyConditionExpression:
        'StreamARN = :stream AND #record BETWEEN :since AND :until',
      ExpressionAttributeNames: { '#record': 'Record' },
      ExpressionAttributeValues: {
        ':stream': { S: 'queried' },
        ':since': { S: since },
        ':until': { S: until },
      },
      ScanIndexForward: false,
    };
    const { Items } = await dynalite.client.send(new QueryCommand(query));
    expect(model.answer('Query', query).body).toEqual({ Items });
  }
});

it('shows the item that won, as DynamoDB does', () => {
  const model = new DynamoDbModel();
  const Item = {
    StreamARN: { S: 's' },
    Record: { S: 'r' },
    Version: { N: '1' },
  };
  const write = {
    Item,
    ConditionExpression: 'attribute_not_exists(Version)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
  model.answer('PutItem', write);
  expect(model.answer('PutItem', write)).toMatchObject({
    status: 400,
    body: { Item },
  });
});
