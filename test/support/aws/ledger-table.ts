import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { vi } from 'vitest';
import { startDynamoDb } from '../../../local/services/dynamodb.ts';
import { ensureLedgerTable } from '../../../local/session/ledger-table.ts';

export interface LedgerTable {
  client: DynamoDBClient;
  close: () => Promise<void>;
}

/** A DynamoDB of its own with a ledger's table, to which the SDK is pointed. */
export async function openLedgerTable(tableName: string): Promise<LedgerTable> {
  const directory = await mkdtemp(join(tmpdir(), 'ledger-'));
  const service = await startDynamoDb(join(directory, 'dynamodb'), 0);
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', service.endpoint);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
  const client = new DynamoDBClient();
  await ensureLedgerTable(tableName);
  return {
    client,
    close: async () => {
      client.destroy();
      await service.close();
      vi.unstubAllEnvs();
      await rm(directory, { recursive: true });
    },
  };
}
