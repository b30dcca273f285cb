import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
} from '../../shared/lambda/clients.ts';

/** What reads streams, their keys and the ledger. */
export interface ServiceClients {
  kinesis: KinesisClient;
  kms: KMSClient;
  dynamodb: DynamoDBClient;
}

/** Gives the clients of the AWS that the variables name, and closes them. */
export async function withServiceClients<T>(
  work: (clients: ServiceClients) => Promise<T>,
): Promise<T> {
  const clients = {
    kinesis: kinesisClient(),
    kms: kmsClient(),
    dynamodb: dynamoDbClient(),
  };
  try {
    return await work(clients);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}
