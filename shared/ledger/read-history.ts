import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Outcome } from '../contract/outcome.ts';
import { namedError } from '../errors/aws-errors.ts';
import { quote } from '../errors/errors.ts';
import { ROTATION_RECORD, toOutcome } from './history.ts';

/** Which rotations, by when they started: milliseconds since the epoch. */
export interface Period {
  since?: number;
  until?: number;
}

/** After every character of a record's time and name. */
const BEYOND = '~';

/**
 * The rotations of a stream, newest first, as the ledger keeps them; those
 * outside the period are not even read.
 *
 * @throws what DynamoDB answers after the SDK's own retries
 */
export async function* readHistory(
  client: DynamoDBClient,
  tableName: string,
  streamArn: string,
  { since, until }: Period = {},
): AsyncGenerator<Outcome> {
  const bound = (time: number | undefined, none: string) =>
    `${ROTATION_RECORD}${time === undefined ? none : new Date(time).toISOString()}`;
  const pages = paginateQuery(
    { client },
    {
      TableName: tableName,
      KeyConditionExpression:
        'StreamARN = :stream AND #record BETWEEN :since AND :until',
      ExpressionAttributeNames: { '#record': 'Record' },
      ExpressionAttributeValues: marshall({
        ':stream': streamArn,
        ':since': bound(since, ''),
        ':until': `${bound(until, '')}${BEYOND}`,
      }),
      ScanIndexForward: false,
    },
  );
  try {
    for await (const { Items = [] } of pages) {
      for (const item of Items) yield toOutcome(item);
    }
  } catch (error) {
    throw namedError(error, `Ledger table ${quote(tableName)}`);
  }
}
