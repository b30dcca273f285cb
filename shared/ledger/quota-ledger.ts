import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import pRetry from 'p-retry';
import type { Outcome } from '../contract/outcome.ts';
import { namedError } from '../errors/aws-errors.ts';
import { quote, RotationError } from '../errors/errors.ts';
import * as ledger from './entry.ts';
import { ROTATION_RECORD, toOutcome } from './history.ts';
import {
  LEDGER_RECORD,
  type LedgerItem,
  LedgerReader,
  toEntry,
} from './ledger-reader.ts';

/** How long records of rotations are kept. */
export const HISTORY_DAYS = 400;

export interface QuotaLedgerOptions {
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Writes that may lose against other writers before giving up. */
  retries?: number;
}

/**
 * The ledger of applied keys: one DynamoDB item per stream, changed only by
 * writes that are conditional on its version, so that every change is one of
 * the transitions of `ledger-entry.ts`, applied to what was really there.
 *
 * Every method may throw {@link RotationError} LedgerContended, with nothing
 * written, and whatever DynamoDB answers after the SDK's own retries.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
 */
export class QuotaLedger {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  readonly #reader: LedgerReader;
  readonly #now: () => number;
  readonly #retries: number;

  constructor(
    client: DynamoDBClient,
    tableName: string,
    { now = Date.now, retries = 12 }: QuotaLedgerOptions = {},
  ) {
    this.#client = client;
    this.#tableName = tableName;
    this.#reader = new LedgerReader(client, tableName);
    this.#now = now;
    this.#retries = retries;
  }

  /** What the ledger knows of a stream; an empty entry for a new one. */
  read(streamArn: string): Promise<ledger.LedgerEntry> {
    return this.#reader.read(streamArn);
  }

  /** Used, remaining and next free slot of a stream. */
  async usage(streamArn: string): Promise<ledger.Quota> {
    return ledger.usage(await this.read(streamArn), this.#now());
  }

  /** Takes lease and slot in one write; see {@link ledger.reserve}. */
  reserve(streamArn: string, claim: ledger.Claim): Promise<ledger.Reservation> {
    return this.#change(streamArn, (entry) =>
      ledger.reserve(entry, claim, this.#now()),
    );
  }

  /**
   * Marks a slot as one that AWS may count, before StartStreamEncryption.
   *
   * @param answerWithinMs when the caller stops waiting for AWS's answer
   */
  spend(
    streamArn: string,
    rotationId: string,
    slotId: number,
    answerWithinMs: number,
  ): Promise<ledger.Spending> {
    return this.#change(streamArn, (entry) => {
      const now = this.#now();
      return ledger.spend(entry, rotationId, slotId, now, now + answerWithinMs);
    });
  }

  /** Books AWS's answer to StartStreamEncryption; see {@link ledger.confirm}. */
  async confirm(
    streamArn: string,
    rotationId: string,
    slotId: number,
    key: { KeyId: string; KeyArn: string },
    requestId: string,
  ): Promise<void> {
    const applied = { ...key, AppliedAt: this.#now() };
    await this.#change(streamArn, (entry) =>
      ledger.confirm(entry, rotationId, slotId, applied, requestId),
    );
  }

  /** Gives a slot back that AWS did not count; see {@link ledger.release}. */
  async release(
    streamArn: string,
    rotationId: string,
    slotId: number,
    disproof: ledger.Disproof,
  ): Promise<void> {
    await this.#change(streamArn, (entry) =>
      ledger.release(entry, rotationId, slotId, disproof),
    );
  }

  /** Ends a rotation: lease and unused slots go back. */
  settle(
    streamArn: string,
    rotationId: string,
    applied?: ledger.LastApplied,
  ): Promise<ledger.Settlement> {
    return this.#change(streamArn, (entry) =>
      ledger.settle(entry, rotationId, this.#now(), applied),
    );
  }

  /** AWS says that the quota is used up although the ledger had room. */
  exhaust(
    streamArn: string,
    rotationId: string,
    slotId: number,
  ): Promise<ledger.Quota> {
    return this.#change(streamArn, (entry) =>
      ledger.exhaust(entry, rotationId, slotId, this.#now()),
    );
  }

  /** Books a Start that CloudTrail reports; see {@link ledger.recordExternalStart}. */
  recordExternalStart(
    streamArn: string,
    start: ledger.CloudTrailStart,
  ): Promise<{ Outcome: ledger.ExternalStartStatus; Quota: ledger.Quota }> {
    return this.#change(streamArn, (entry) =>
      ledger.recordExternalStart(entry, start, this.#now()),
    );
  }

  /**
   * Keeps a rotation's outcome, one record a rotation.
   *
   * @param replacing `ALWAYS`, `IF_FAILED` for a record of a failure, or
   *   `IF_NEW` for none at all
   * @returns what is on record afterwards: this outcome, or the one that stands
   */
  async record(
    streamArn: string,
    outcome: Outcome,
    replacing: 'ALWAYS' | 'IF_FAILED' | 'IF_NEW' = 'ALWAYS',
  ): Promise<Outcome> {
    const name = outcome.RotationId.split(':').at(-1);
    const Record = `${ROTATION_RECORD}${outcome.StartedAt}#${name}`;
    const WriteId = randomUUID();
    const isNew = 'attribute_not_exists(#status)';
    const condition = {
      ALWAYS: {},
      IF_FAILED: {
        ConditionExpression: `${isNew} OR #status = :failed`,
        ExpressionAttributeNames: { '#status': 'Status' },
        ExpressionAttributeValues: marshall({ ':failed': 'FAILED' }),
      },
      IF_NEW: {
        // Its own id is there when the SDK sends it again for want of an answer.
        ConditionExpression: `${isNew} OR WriteId = :writeId`,
        ExpressionAttributeNames: { '#status': 'Status' },
        ExpressionAttributeValues: marshall({ ':writeId': WriteId }),
      },
    };
    try {
      await this.#client.send(
        new PutItemCommand({
          TableName: this.#tableName,
          Item: marshall(
            {
              ...outcome,
              StreamARN: streamArn,
              Record,
              ExpiresAt: Math.floor(this.#now() / 1000) + HISTORY_DAYS * 86_400,
              WriteId,
            },
            { removeUndefinedValues: true },
          ),
          ...condition[replacing],
        }),
      );
      return outcome;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        const item = await this.#reader.item(streamArn, Record);
        return item ? toOutcome(item) : outcome;
      }
      if (await this.#isWritten(streamArn, Record, WriteId)) return outcome;
      return this.#rename(error);
    }
  }

  /** Whether a write that failed is there all the same. */
  async #isWritten(
    streamArn: string,
    record: string,
    writeId: string,
  ): Promise<boolean> {
    const item = await this.#reader
      .item(streamArn, record)
      .catch(() => undefined);
    return item?.WriteId?.S === writeId;
  }

  /**
   * One read and at most one write, again only when another writer won. A
   * write whose answer was lost looks like a lost race when the SDK sends it
   * again, and like none when no answer ever comes; its id tells them apart.
   */
  async #change<Answer>(
    streamArn: string,
    transition: (entry: ledger.LedgerEntry) => ledger.Transition<Answer>,
  ): Promise<Answer> {
    let known: LedgerItem | undefined;
    let attempted: { writeId: string; answer: Answer } | undefined;
    return pRetry(
      async () => {
        const item = known ?? (await this.#reader.item(streamArn));
        known = undefined;
        if (attempted && item?.WriteId?.S === attempted.writeId) {
          return attempted.answer;
        }
        const before = toEntry(streamArn, item);
        const { answer, entry } = transition(before);
        if (entry === undefined) return answer;
        const writeId = randomUUID();
        attempted = { writeId, answer };
        try {
          await this.#put(entry, writeId, before.Version);
        } catch (error) {
          if (error instanceof ConditionalCheckFailedException) {
            known = error.Item;
          } else if (await this.#isWritten(streamArn, LEDGER_RECORD, writeId)) {
            return answer;
          }
          throw error;
        }
        return answer;
      },
      {
        retries: this.#retries,
        minTimeout: 10,
        maxTimeout: 500,
        randomize: true,
        shouldRetry: ({ error }) =>
          error instanceof ConditionalCheckFailedException,
      },
    ).catch((error: unknown) => {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      throw new RotationError(
        'LedgerContended',
        `The ledger's entry for ${streamArn} changed ${this.#retries + 1} times while this rotation tried to write it; try again`,
        { cause: error },
      );
    });
  }

  #rename = (error: unknown): never => {
    throw error instanceof ConditionalCheckFailedException
      ? error
      : namedError(error, `Ledger table ${quote(this.#tableName)}`);
  };

  async #put(
    entry: ledger.LedgerEntry,
    writeId: string,
    version: number,
  ): Promise<void> {
    await this.#client
      .send(
        new PutItemCommand({
          TableName: this.#tableName,
          Item: marshall(
            { ...entry, Record: LEDGER_RECORD, WriteId: writeId },
            { removeUndefinedValues: true },
          ),
          ConditionExpression:
            version === 0
              ? 'attribute_not_exists(Version)'
              : 'Version = :version',
          ...(version > 0 && {
            ExpressionAttributeValues: marshall({ ':version': version }),
          }),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
      .catch(this.#rename);
  }
}
