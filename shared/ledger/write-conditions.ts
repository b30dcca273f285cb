import type { PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';

/** The condition of a record that is written once, with an exception. */
export function unlessRecorded(exception: string, allowed: string) {
  return {
    ConditionExpression: `attribute_not_exists(#status) OR ${exception}`,
    ExpressionAttributeNames: { '#status': 'Status' },
    ExpressionAttributeValues: marshall({ ':allowed': allowed }),
  };
}

/** The condition of a write on the version that was read. */
export function ifVersion(version: number): Partial<PutItemCommandInput> {
  return {
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...(version === 0
      ? { ConditionExpression: 'attribute_not_exists(Version)' }
      : {
          ConditionExpression: 'Version = :version',
          ExpressionAttributeValues: marshall({ ':version': version }),
        }),
  };
}
