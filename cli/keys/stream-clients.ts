import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import {
  type DescribedStream,
  describeStream,
} from '../../shared/lookup/describe-stream.ts';
import {
  DESCRIPTIONS_PER_SECOND,
  throttled,
} from '../discovery/account-streams.ts';

/** What reads streams, their keys and the ledger. */
export interface StreamClients {
  kinesis: KinesisClient;
  kms: KMSClient;
  dynamodb: DynamoDBClient;
  tableName: string;
  /** DescribeStreamSummary, at the pace of {@link DESCRIPTIONS_PER_SECOND}. */
  describe: (streamArn: string) => Promise<DescribedStream>;
}

/** Gives the clients of the AWS that the variables name, and closes them. */
export async function withStreamClients<T>(
  work: (clients: StreamClients) => Promise<T>,
): Promise<T> {
  const kinesis = kinesisClient();
  const kms = kmsClient();
  const dynamodb = dynamoDbClient();
  try {
    return await work({
      kinesis,
      kms,
      dynamodb,
      tableName: ledgerTableName(),
      describe: pacedDescribe(kinesis),
    });
  } finally {
    for (const client of [kinesis, kms, dynamodb]) client.destroy();
  }
}

/** One pace for all callers that share the function. */
export function pacedDescribe(
  kinesis: KinesisClient,
): StreamClients['describe'] {
  return throttled(
    (StreamARN: string) => describeStream(kinesis, { StreamARN }),
    DESCRIPTIONS_PER_SECOND,
  );
}
