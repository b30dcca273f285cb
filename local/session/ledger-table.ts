import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceInUseException,
  ResourceNotFoundException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { nameError } from '../../shared/errors/aws-errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { dynamoDbClient } from '../../shared/lambda/clients.ts';

/** Creates the ledger's table where `AWS_*` points, unless it is there. */
export async function ensureLedgerTable(tableName: string): Promise<void> {
  const client = dynamoDbClient();
  try {
    const { Table } = await client.send(
      new DescribeTableCommand({ TableName: tableName }),
    );
    if (Table?.TableStatus !== 'ACTIVE') await untilActive(client, tableName);
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) {
      throw nameError(error, `Ledger table ${quote(tableName)}`);
    }
    await create(client, tableName);
  } finally {
    client.destroy();
  }
}

async function create(
  client: DynamoDBClient,
  TableName: string,
): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'StreamARN', AttributeType: 'S' },
          { AttributeName: 'Record', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'StreamARN', KeyType: 'HASH' },
          { AttributeName: 'Record', KeyType: 'RANGE' },
        ],
      }),
    );
  } catch (error) {
    // Another process was faster.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await untilActive(client, TableName);
}

async function untilActive(
  client: DynamoDBClient,
  TableName: string,
): Promise<void> {
  await waitUntilTableExists(
    { client, maxWaitTime: 60, minDelay: 0.1, maxDelay: 2 },
    { TableName },
  );
}
