import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { createKeyTable } from '../support/key-table.ts';
import type { QuotaLimiter } from './ledgers.ts';

/** How often `Acquire Lock` is retried before the record is read. */
const RETRIES = 6;

const swallow = (error: unknown) => {
  if (error instanceof ConditionalCheckFailedException) return;
  throw error;
};

/**
 * The semaphore of AWS's examples, with the DynamoDB calls of its three state
 * machines, and a lock for each stream. Its waits are left out: 1, 2, 4 ... 32 s
 * before the retries, and 3 s before it starts over. A refused request ends here
 * where the example starts over.
 *
 * @see https://aws.amazon.com/blogs/compute/controlling-concurrency-in-distributed-systems-using-aws-step-functions/
 * @see https://github.com/aws-samples/aws-stepfunctions-examples/tree/main/sam/app-control-concurrency-with-dynamodb
 */
export async function awsSemaphore(
  client: DynamoDBClient,
  limit: number,
): Promise<QuotaLimiter> {
  const TableName = `semaphore-${limit}`;
  await createKeyTable(client, TableName, 'LockName');
  const lock = (name: string) => ({
    TableName,
    Key: { LockName: { S: name } },
  });
  const owners = new Map<string, string>();
  let executions = 0;

  const update = (name: string, owner: string) =>
    client.send(
      new UpdateItemCommand({
        ...lock(name),
        UpdateExpression:
          'SET #count = #count + :increase, #owner = :acquiredAt',
        ConditionExpression:
          'currentlockcount <> :limit and attribute_not_exists(#owner)',
        ExpressionAttributeNames: {
          '#count': 'currentlockcount',
          '#owner': owner,
        },
        ExpressionAttributeValues: {
          ':increase': { N: '1' },
          ':limit': { N: String(limit) },
          ':acquiredAt': { S: new Date(Date.now()).toISOString() },
        },
        ReturnValues: 'UPDATED_NEW',
      }),
    );

  const initialize = (name: string) =>
    client.send(
      new PutItemCommand({
        TableName,
        Item: { LockName: { S: name }, currentlockcount: { N: '0' } },
        ConditionExpression: 'LockName <> :name',
        ExpressionAttributeValues: { ':name': { S: name } },
      }),
    );

  async function isHeld(name: string, owner: string): Promise<boolean> {
    const { Item } = await client.send(
      new GetItemCommand({
        ...lock(name),
        ProjectionExpression: '#owner',
        ExpressionAttributeNames: { '#owner': owner },
      }),
    );
    return Item?.[owner] !== undefined;
  }

  async function acquire(name: string, owner: string): Promise<boolean> {
    for (let attempt = 0; attempt <= RETRIES; ) {
      try {
        await update(name, owner);
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) attempt++;
        // A lock that was never used has no count to increase.
        else if ((error as Error).name === 'ValidationException') {
          await initialize(name).catch(swallow);
        } else throw error;
      }
    }
    return isHeld(name, owner);
  }

  async function release(name: string): Promise<void> {
    await client
      .send(
        new UpdateItemCommand({
          ...lock(name),
          UpdateExpression: 'SET #count = #count - :decrease REMOVE #owner',
          ConditionExpression: 'attribute_exists(#owner)',
          ExpressionAttributeNames: {
            '#count': 'currentlockcount',
            '#owner': owners.get(name) ?? '',
          },
          ExpressionAttributeValues: { ':decrease': { N: '1' } },
          ReturnValues: 'UPDATED_NEW',
        }),
      )
      .catch(swallow);
  }

  /** What the clean-up does for an execution that failed or was stopped. */
  async function cleanUp(name: string): Promise<void> {
    if (await isHeld(name, owners.get(name) ?? '')) await release(name);
  }

  const item = async (name: string) =>
    (await client.send(new GetItemCommand(lock(name)))).Item ?? {};

  return {
    name: `semaphore of AWS's examples, limit ${limit}`,
    take: async (stream, owner = `execution-${executions++}`) => {
      const isGranted = await acquire(stream, owner);
      if (isGranted) owners.set(stream, owner);
      return isGranted;
    },
    start: async () => {},
    finish: release,
    // Its execution fails, without a state that releases the lock.
    refuse: cleanUp,
    cleanUp,
    used: async (stream) =>
      Number((await item(stream)).currentlockcount?.N ?? 0),
    attributes: async (stream) => Object.keys(await item(stream)),
  };
}
