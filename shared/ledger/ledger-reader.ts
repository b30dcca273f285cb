import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { namedError } from '../errors/aws-errors.ts';
import { quote } from '../errors/errors.ts';
import { emptyEntry, type LedgerEntry } from './entry.ts';

/** Sort key of the one item that holds a stream's slots, lease and version. */
export const LEDGER_RECORD = 'LEDGER';

export type LedgerItem = Record<string, AttributeValue>;

/**
 * Reads the ledger, for functions that may not write it. Every method may throw
 * whatever DynamoDB answers after the SDK's own retries.
 */
export class LedgerReader {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  /** What the ledger knows of a stream; an empty entry for a new one. */
  async read(streamArn: string): Promise<LedgerEntry> {
    return toEntry(streamArn, await this.item(streamArn));
  }

  /** The same, or another of a stream's items, as DynamoDB has it. */
  async item(
    streamArn: string,
    record = LEDGER_RECORD,
  ): Promise<LedgerItem | undefined> {
    const { Item } = await this.#client
      .send(
        new GetItemCommand({
          TableName: this.#tableName,
          Key: marshall({ StreamARN: streamArn, Record: record }),
          ConsistentRead: true,
        }),
      )
      .catch((error: unknown) => {
        throw namedError(error, `Ledger table ${quote(this.#tableName)}`);
      });
    return Item;
  }
}

export function toEntry(
  streamArn: string,
  item: LedgerItem | undefined,
): LedgerEntry {
  if (item === undefined) return emptyEntry(streamArn);
  const { Record: _, WriteId: __, ...entry } = unmarshall(item);
  return entry as LedgerEntry;
}
