import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { ROTATION_RECORD } from '../../../shared/history/records.ts';

/** The history of a stream. */
export async function recordsOf(
  client: DynamoDBClient,
  tableName: string,
  streamArn: string,
) {
  const { Items = [] } = await client.send(
    new QueryCommand({
      TableName: tableName,
      KeyConditionExpression:
        'StreamARN = :stream AND begins_with(#record, :rotation)',
      ExpressionAttributeNames: { '#record': 'Record' },
      ExpressionAttributeValues: {
        ':stream': { S: streamArn },
        ':rotation': { S: ROTATION_RECORD },
      },
    }),
  );
  return Items.map((item) => unmarshall(item));
}
