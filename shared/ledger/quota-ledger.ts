import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import pRetry from 'p-retry';
import type { Outcome } from '../contract/outcome.ts';
import { RotationError } from '../errors/errors.ts';
import { ROTATION_RECORD, toOutcome } from '../history/records.ts';
import { executionName } from '../identifiers/arn.ts';
import type {
  Claim,
  LastApplied,
  LedgerEntry,
  ReportedStop,
  Transition,
} from './entry.ts';
import {
  type CloudTrailStart,
  type ExternalStartStatus,
  recordExternalStart,
} from './external-starts.ts';
import {
  type ExternalStopStatus,
  recordExternalStop,
} from './external-stops.ts';
import {
  LEDGER_RECORD,
  type LedgerItem,
  LedgerReader,
  nameLedgerError,
  toEntry,
} from './ledger-reader.ts';
import { type Reservation, reserve } from './reserve.ts';
import {
  exhaust,
  type SettledRotation,
  type Settlement,
  settleSeen,
  settleStopped,
} from './settle.ts';
import {
  confirm,
  type Disproof,
  release,
  type Spending,
  spend,
} from './spend.ts';
import { type Quota, usage } from './usage.ts';
import { ifVersion, unlessRecorded } from './write-conditions.ts';

/** How long the ledger keeps the records of rotations. */
export const HISTORY_DAYS = 400;

interface QuotaLedgerOptions {
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** How often a write may lose against other writers. */
  retries?: number;
}

/**
 * The ledger of applied keys: one DynamoDB item per stream. Every write is
 * conditional on the item's version, so each change is one of the transitions of
 * this folder, applied to the item as it was.
 *
 * Every method may throw {@link RotationError} LedgerContended, with nothing
 * written, and what DynamoDB answers after the SDK's own retries.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
 */
export class QuotaLedger extends LedgerReader {
  readonly #now: () => number;
  readonly #retries: number;

  constructor(
    client: DynamoDBClient,
    tableName: string,
    { now = Date.now, retries = 12 }: QuotaLedgerOptions = {},
  ) {
    super(client, tableName);
    this.#now = now;
    this.#retries = retries;
  }

  /** The used and remaining slots of a stream, and the next free one. */
  async usage(streamArn: string): Promise<Quota> {
    return usage(await this.read(streamArn), this.#now());
  }

  /** Takes the lease and a slot in one write; see {@link reserve}. */
  reserve(streamArn: string, claim: Claim): Promise<Reservation> {
    return this.change(streamArn, (entry) =>
      reserve(entry, claim, this.#now()),
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
  ): Promise<Spending> {
    return this.change(streamArn, (entry) => {
      const now = this.#now();
      return spend(entry, rotationId, slotId, now, now + answerWithinMs);
    });
  }

  /** Records AWS's answer to StartStreamEncryption; see {@link confirm}. */
  async confirm(
    streamArn: string,
    rotationId: string,
    slotId: number,
    key: Omit<LastApplied, 'AppliedAt'>,
    requestId: string,
  ): Promise<void> {
    const applied = { ...key, AppliedAt: this.#now() };
    await this.change(streamArn, (entry) =>
      confirm(entry, rotationId, slotId, applied, requestId),
    );
  }

  /** Gives back a slot that AWS did not count; see {@link release}. */
  async release(
    streamArn: string,
    rotationId: string,
    slotId: number,
    disproof: Disproof,
  ): Promise<void> {
    await this.change(streamArn, (entry) =>
      release(entry, rotationId, slotId, disproof),
    );
  }

  /** Ends a rotation; see {@link settleSeen}. */
  settle(
    streamArn: string,
    rotationId: string,
    known: SettledRotation = {},
  ): Promise<Settlement> {
    return this.change(streamArn, (entry) =>
      settleSeen(entry, rotationId, this.#now(), known),
    );
  }

  /** Ends a rotation whose execution was stopped; see {@link settleStopped}. */
  settleStopped(streamArn: string, rotationId: string): Promise<Settlement> {
    return this.change(streamArn, (entry) =>
      settleStopped(entry, rotationId, this.#now()),
    );
  }

  /** Records that AWS's quota is used up; see {@link exhaust}. */
  exhaust(
    streamArn: string,
    rotationId: string,
    slotId: number,
  ): Promise<Quota> {
    return this.change(streamArn, (entry) =>
      exhaust(entry, rotationId, slotId, this.#now()),
    );
  }

  /** Records a Start that CloudTrail reports. */
  recordExternalStart(
    streamArn: string,
    start: CloudTrailStart,
  ): Promise<{ Outcome: ExternalStartStatus; Quota: Quota }> {
    return this.change(streamArn, (entry) =>
      recordExternalStart(entry, start, this.#now()),
    );
  }

  /** Records a Stop that CloudTrail reports. */
  recordExternalStop(
    streamArn: string,
    stop: ReportedStop,
  ): Promise<ExternalStopStatus> {
    return this.change(streamArn, (entry) =>
      recordExternalStop(entry, stop, this.#now()),
    );
  }

  /**
   * Keeps a rotation's outcome, one record for each rotation.
   *
   * @param replacing which record to replace: `ALWAYS` any, `IF_FAILED` that of
   *   a failure, `IF_NEW` none
   * @returns the outcome on record afterwards: this one, or the earlier one
   */
  async record(
    streamArn: string,
    outcome: Outcome,
    replacing: 'ALWAYS' | 'IF_FAILED' | 'IF_NEW' = 'ALWAYS',
  ): Promise<Outcome> {
    const name = executionName(outcome.RotationId);
    const record = `${ROTATION_RECORD}${outcome.StartedAt}#${name}`;
    const writeId = randomUUID();
    const item = {
      ...outcome,
      StreamARN: streamArn,
      Record: record,
      ExpiresAt: Math.floor(this.#now() / 1000) + HISTORY_DAYS * 86_400,
      WriteId: writeId,
    };
    const conditions = {
      ALWAYS: {},
      IF_FAILED: unlessRecorded('#status = :allowed', 'FAILED'),
      // The SDK may send the write again when its answer is lost.
      IF_NEW: unlessRecorded('WriteId = :allowed', writeId),
    };
    try {
      await this.#put(item, conditions[replacing]);
      return outcome;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) {
        const existing = await this.item(streamArn, record);
        return existing ? toOutcome(existing) : outcome;
      }
      if (await this.#isWritten(streamArn, record, writeId)) return outcome;
      throw error;
    }
  }

  /** Whether a write that reported an error has succeeded. */
  async #isWritten(
    streamArn: string,
    record: string,
    writeId: string,
  ): Promise<boolean> {
    const item = await this.item(streamArn, record).catch(() => undefined);
    return item?.WriteId?.S === writeId;
  }

  /**
   * One read and at most one write, repeated only when another writer won. When
   * the SDK repeats a write whose answer was lost, that looks like a lost race;
   * the id of the write tells the two apart.
   */
  async change<Answer>(
    streamArn: string,
    transition: (entry: LedgerEntry) => Transition<Answer>,
  ): Promise<Answer> {
    let known: LedgerItem | undefined;
    let attempted: { writeId: string; answer: Answer } | undefined;
    return pRetry(
      async () => {
        const item = known ?? (await this.item(streamArn));
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
          await this.#put(
            { ...entry, Record: LEDGER_RECORD, WriteId: writeId },
            ifVersion(before.Version),
          );
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

  async #put(
    item: Record<string, unknown>,
    condition: Partial<PutItemCommandInput>,
  ): Promise<void> {
    await this.client
      .send(
        new PutItemCommand({
          TableName: this.tableName,
          Item: marshall(item, { removeUndefinedValues: true }),
          ...condition,
        }),
      )
      .catch((error: unknown) => {
        throw error instanceof ConditionalCheckFailedException
          ? error
          : nameLedgerError(error, this.tableName);
      });
  }
}
