import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Answer } from './transport.ts';

type Item = Record<string, AttributeValue>;

interface Put {
  Item: Item;
  ConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Item;
  ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE';
}

/** As readHistory sends it. */
interface Query {
  ExpressionAttributeValues: Item;
}

/**
 * DynamoDB as far as the ledger uses it: one table, GetItem and Query that read what
 * was written last, and PutItem under a condition. `dynamodb-model.test.ts` holds
 * it to dynalite.
 */
export class DynamoDbModel {
  /** By stream, and then by record. */
  readonly #items = new Map<string, Map<string, Item>>();

  answer(operation: string, input: object): Answer {
    switch (operation) {
      case 'GetItem': {
        const { Key } = input as { Key: Item };
        const Found = this.item(`${Key.StreamARN?.S}`, `${Key.Record?.S}`);
        return { status: 200, body: Found ? { Item: Found } : {} };
      }
      case 'PutItem':
        return this.#put(input as Put);
      case 'Query':
        return { status: 200, body: { Items: this.#query(input as Query) } };
    }
    throw new Error(`The model of DynamoDB has no ${operation}`);
  }

  /** The records of a stream between two sort keys, the last one first. */
  #query({ ExpressionAttributeValues: values }: Query): Item[] {
    const [stream, since, until] = [':stream', ':since', ':until'].map(
      (name) => `${values[name]?.S}`,
    );
    const items = this.#items.get(`${stream}`) ?? new Map<string, Item>();
    return [...items]
      .filter(([record]) => record >= `${since}` && record <= `${until}`)
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .map(([, item]) => item);
  }

  #put(put: Put): Answer {
    const { StreamARN, Record } = put.Item;
    const stream = `${StreamARN?.S}`;
    const record = `${Record?.S}`;
    const before = this.item(stream, record);
    if (!holds(put, before ?? {})) {
      const isShown = put.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
      return {
        status: 400,
        body: {
          __type:
            'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
          message: 'The conditional request failed',
          ...(isShown && before && { Item: before }),
        },
      };
    }
    const items = this.#items.get(stream) ?? new Map<string, Item>();
    this.#items.set(stream, items.set(record, put.Item));
    return { status: 200, body: {} };
  }

  item(streamArn: string, record: string): Item | undefined {
    return this.#items.get(streamArn)?.get(record);
  }

  /** Sort keys of a stream's items. */
  recordsOf(streamArn: string): string[] {
    return [...(this.#items.get(streamArn)?.keys() ?? [])];
  }
}

const NOT_EXISTS = /^attribute_not_exists\((\S+)\)$/;
const EQUALS = /^(\S+) = (:\S+)$/;

/** The conditions that the ledger writes: alternatives of these two forms. */
function holds(put: Put, item: Item): boolean {
  const { ConditionExpression, ExpressionAttributeNames: names = {} } = put;
  if (ConditionExpression === undefined) return true;
  const attribute = (name = '') => item[names[name] ?? name];
  return ConditionExpression.split(' OR ').some((term) => {
    const absent = NOT_EXISTS.exec(term);
    if (absent) return attribute(absent[1]) === undefined;
    const equal = EQUALS.exec(term);
    if (!equal) throw new Error(`The model of DynamoDB cannot read "${term}"`);
    const value = put.ExpressionAttributeValues?.[equal[2] ?? ''];
    return JSON.stringify(attribute(equal[1])) === JSON.stringify(value);
  });
}
