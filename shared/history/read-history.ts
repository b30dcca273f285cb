import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Outcome } from '../contract/outcome.ts';
import { nameLedgerError } from '../ledger/ledger-reader.ts';
import { ROTATION_RECORD, toOutcome } from './records.ts';

/** Selects rotations by their start, in milliseconds since the epoch. */
export interface Period {
  since?: number;
  until?: number;
}

/** Sorts after every character of a record's time and name. */
const LAST_CHARACTER = '~';

/**
 * Reads the records of a stream's rotations in a period, newest first.
 *
 * @throws what DynamoDB answers after the SDK's own retries
 */
export async function* readHistory(
  client: DynamoDBClient,
  tableName: string,
  streamArn: string,
  { since, until }: Period = {},
): AsyncGenerator<Outcome> {
  const toKey = (time: number | undefined) =>
    `${ROTATION_RECORD}${time === undefined ? '' : new Date(time).toISOString()}`;
  const pages = paginateQuery(
    { client },
    {
      TableName: tableName,
      KeyConditionExpression:
        'StreamARN = :stream AND #record BETWEEN :since AND :until',
      ExpressionAttributeNames: { '#record': 'Record' },
      ExpressionAttributeValues: marshall({
        ':stream': streamArn,
        ':since': toKey(since),
        ':until': `${toKey(until)}${LAST_CHARACTER}`,
      }),
      ScanIndexForward: false,
    },
  );
  try {
    for await (const { Items = [] } of pages) {
      for (const item of Items) yield toOutcome(item);
    }
  } catch (error) {
    throw nameLedgerError(error, tableName);
  }
}
