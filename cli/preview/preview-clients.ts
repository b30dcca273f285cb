import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
} from '../../shared/lambda/clients.ts';
import type { PreviewClients } from './rotation-preview.ts';

/**
 * Gives the clients of the AWS that the variables name, and closes them.
 *
 * @param tableName of the ledger; undefined before the first deployment
 */
export async function withPreviewClients<T>(
  tableName: string | undefined,
  work: (clients: PreviewClients) => Promise<T>,
): Promise<T> {
  const kinesis = kinesisClient();
  const kms = kmsClient();
  const dynamodb = dynamoDbClient();
  try {
    return await work({ kinesis, kms, dynamodb, tableName, now: Date.now });
  } finally {
    for (const client of [kinesis, kms, dynamodb]) client.destroy();
  }
}
