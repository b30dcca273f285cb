import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { KMSClient } from '@aws-sdk/client-kms';
import { SFNClient } from '@aws-sdk/client-sfn';
import { onTestFinished } from 'vitest';
import { kinesisClient } from '../../../shared/lambda/clients.ts';
import type { AtEnd } from './temporary-directory.ts';

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';

const common = (endpoint: string, region: string) => ({
  endpoint,
  region,
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
});

/** Clients of one endpoint, destroyed at the end of the test. */
export function kmsAt(endpoint: string, region = REGION): KMSClient {
  return untilTheEnd(new KMSClient(common(endpoint, region)));
}

export function stepFunctionsAt(
  endpoint: string,
  atEnd: AtEnd = onTestFinished,
): SFNClient {
  return untilTheEnd(new SFNClient(common(endpoint, REGION)), atEnd);
}

export function kinesisAt(
  endpoint: string,
  atEnd: AtEnd = onTestFinished,
): KinesisClient {
  return untilTheEnd(kinesisClient(common(endpoint, REGION)), atEnd);
}

export function dynamoDbAt(
  endpoint: string,
  atEnd: AtEnd = onTestFinished,
): DynamoDBClient {
  return untilTheEnd(new DynamoDBClient(common(endpoint, REGION)), atEnd);
}

function untilTheEnd<Client extends { destroy: () => void }>(
  client: Client,
  atEnd: AtEnd = onTestFinished,
): Client {
  atEnd(() => client.destroy());
  return client;
}
