import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { nameError } from '../errors/aws-errors.ts';
import { quote } from '../errors/text.ts';
import { emptyEntry, type LedgerEntry } from './entry.ts';

/** Sort key of the item that holds a stream's slots, lease and version. */
export const LEDGER_RECORD = 'LEDGER';

export type LedgerItem = Record<string, AttributeValue>;

/**
 * Reads the ledger, for functions that may not write it. Every method may throw
 * what DynamoDB answers after the SDK's own retries.
 */
export class LedgerReader {
  protected readonly client: DynamoDBClient;
  protected readonly tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.client = client;
    this.tableName = tableName;
  }

  /** The ledger entry of a stream; an empty one for a new stream. */
  async read(streamArn: string): Promise<LedgerEntry> {
    return toEntry(streamArn, await this.item(streamArn));
  }

  /** An item of a stream as DynamoDB has it: the ledger entry, or a record. */
  async item(
    streamArn: string,
    record = LEDGER_RECORD,
  ): Promise<LedgerItem | undefined> {
    const { Item } = await this.client
      .send(
        new GetItemCommand({
          TableName: this.tableName,
          Key: marshall({ StreamARN: streamArn, Record: record }),
          ConsistentRead: true,
        }),
      )
      .catch((error: unknown) => {
        throw nameLedgerError(error, this.tableName);
      });
    return Item;
  }
}

/** Names an error of DynamoDB, with the ledger table as its subject. */
export function nameLedgerError(error: unknown, tableName: string): Error {
  return nameError(error, `Ledger table ${quote(tableName)}`);
}

/** The ledger entry in a DynamoDB item; an empty one without an item. */
export function toEntry(
  streamArn: string,
  item: LedgerItem | undefined,
): LedgerEntry {
  if (item === undefined) return emptyEntry(streamArn);
  const { Record: _, WriteId: __, ...entry } = unmarshall(item);
  return entry as LedgerEntry;
}
