import type { RotationRequest } from '../../../shared/contract/request.ts';
import { ERRORS } from '../../../shared/errors/errors.ts';
import type { Lease, LedgerEntry } from '../../../shared/ledger/entry.ts';
import {
  LEDGER_RECORD,
  toEntry,
} from '../../../shared/ledger/ledger-reader.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import {
  ANSWER_MS,
  CLOCK_MARGIN_MS,
  SLOT_MS,
} from '../../../shared/ledger/window.ts';
import type { DynamoDbModel } from './dynamodb-model.ts';
import type { Execution } from './executions.ts';
import {
  APPLIED_LIMIT,
  type AppliedStart,
  type KinesisModel,
  streamArn,
} from './kinesis-model.ts';
import type { Call, Fault } from './transport.ts';

/** AWS's own, as docs/errors.md has them. */
const AWS_ERROR =
  /^(?:States\.Timeout|Lambda\.\w+|Sandbox\.Timedout|KMS\w+|AccessDeniedException|NotFoundException|ResourceNotFoundException)$/;
/** A call of ours and a report this far apart may be one Start. */
const MATCH_MS = 2 * (CLOCK_MARGIN_MS + ANSWER_MS);

/** A rotation may hold its slot so long before it makes its call. */
const HELD_MS = 10 * 60 * 1000;

type Slot = LedgerEntry['Slots'][number];

export interface InvariantsOptions {
  kinesis: KinesisModel;
  dynamoDb: DynamoDbModel;
  /** How far the clocks of functions are ahead of AWS's, in milliseconds. */
  skews: readonly number[];
  /** Told of the first promise that is broken. */
  onBroken: (stream: string, broken: string) => void;
}

/**
 * What is promised of every rotation and of the ledger, held against what AWS
 * has really done.
 */
export class Invariants {
  readonly #options: InvariantsOptions;
  readonly #slowest: number;
  readonly #fastest: number;
  readonly #executions = new Map<string, Execution>();
  /** What a rotation met that may leave a slot spent for nothing. */
  readonly #disturbances = new Map<string, number>();
  /** When the ledger was told of Starts made outside, by request id. */
  readonly #booked = new Map<string, number>();
  /** Who has each stream, by the ledger's last entry. */
  readonly #leases = new Map<string, Lease | undefined>();
  /** Rotations whose function took something after they had been settled. */

  constructor(options: InvariantsOptions) {
    this.#options = options;
    // A function may also have a clock that agrees with AWS's.
    this.#slowest = Math.min(0, ...options.skews);
    this.#fastest = Math.max(0, ...options.skews);
  }

  onExecution(execution: Execution): void {
    this.#executions.set(execution.arn, execution);
  }

  onCall({ by, operation }: Call, fault: Fault | undefined): void {
    const { rotationId, functionName } = by;
    if (rotationId === undefined) return;
    const isRisky =
      functionName === 'StartEncryption' || operation === 'PutItem';
    // A Start that Kinesis has refused costs nothing.
    const isRefused =
      operation === 'StartStreamEncryption' && typeof fault === 'object';
    if (fault !== undefined && isRisky && !isRefused) this.disturb(rotationId);
  }

  /** A rotation was stopped, or a function of it has died. */
  disturb(rotationId: string): void {
    const before = this.#disturbances.get(rotationId) ?? 0;
    this.#disturbances.set(rotationId, before + 1);
  }

  onBooked(requestId: string): void {
    if (!this.#booked.has(requestId)) this.#booked.set(requestId, Date.now());
  }

  /**
   * With every Start known to the ledger when a rotation reserves its slot,
   * Kinesis never has to refuse one for its quota.
   */
  onQuotaRefused(stream: string): void {
    const unknown = this.#options.kinesis
      .counted(stream)
      .filter(({ rotationId, requestId }) => {
        const bookedAt = this.#booked.get(requestId) ?? Date.now();
        return rotationId === undefined && bookedAt > Date.now() - HELD_MS;
      });
    if (unknown.length === 0) {
      this.#broken(
        stream,
        `Kinesis had to refuse the Start after ${APPLIED_LIMIT}`,
      );
    }
  }

  onStart(stream: string, start: AppliedStart): void {
    const { kinesis } = this.#options;
    const { starts } = kinesis.stream(stream);
    const { rotationId, keyId, keyArn } = start;
    if (kinesis.counted(stream).length > APPLIED_LIMIT) {
      this.#broken(stream, `More than ${APPLIED_LIMIT} Starts in 24 hours`);
    }
    const execution = this.#executions.get(rotationId ?? '');
    if (execution === undefined) return;
    const before = starts.at(-2);
    const isAgain =
      before?.rotationId === rotationId && before?.keyArn === keyArn;
    if (isAgain) {
      this.#broken(stream, `${rotationId} applied ${keyId} a second time`);
    }
    const other = this.#executions.get(before?.rotationId ?? '');
    const isKnown = this.entry(stream).LastApplied?.KeyArn === keyArn;
    const isForced = execution.request.Force === true;
    // One that was stopped may have left the stream on its way.
    if (
      other?.status === 'SUCCEEDED' &&
      before?.keyArn === keyArn &&
      isKnown &&
      !isForced
    ) {
      this.#broken(stream, `${rotationId} applied what ${other.arn} had`);
    }
    const first = starts.findIndex((one) => one.rotationId === rotationId);
    const had = starts[first - 1];
    const { KeyId, KeyIds } = execution.request as Partial<RotationRequest>;
    const asked = [...(KeyIds ?? []), KeyId, had?.keyId, had?.keyArn];
    if (!asked.includes(keyId)) {
      this.#broken(stream, `Nobody asked for ${keyId}`);
    }
    this.#checkSlots(stream);
  }

  onLedgerWrite(stream: string): void {
    this.#checkLease(stream);
    this.#checkSlots(stream);
  }

  /** Nobody takes a stream that another rotation still has. */
  #checkLease(stream: string): void {
    const before = this.#leases.get(stream);
    const { Lease } = this.entry(stream);
    this.#leases.set(stream, Lease);
    if (!before || !Lease || before.RotationId === Lease.RotationId) return;
    if (Date.now() + this.#fastest < before.ExpiresAt + CLOCK_MARGIN_MS) {
      this.#broken(
        stream,
        `${Lease.RotationId} took the lease of ${before.RotationId}`,
      );
    }
  }

  /** Every Start that Kinesis counts has a slot that nobody takes for free. */
  #checkSlots(stream: string): void {
    const entry = this.entry(stream);
    const counted = this.#options.kinesis.counted(stream);
    const now = Date.now() + this.#fastest;
    const valid = entry.Slots.filter(
      (slot) => slot.State === 'SPENT' && now < slot.StampedAt + SLOT_MS,
    );
    const known = counted.filter(
      ({ rotationId, requestId }) =>
        rotationId !== undefined || this.#booked.has(requestId),
    );
    // Stamped so late that the slowest clock is no earlier than the Start.
    const isInTime = (slot: Slot, { at }: AppliedStart) =>
      slot.StampedAt >= at + this.#slowest;
    const uncounted = known.filter(
      (start) =>
        !valid.some(
          (slot) => slot.RequestId === start.requestId && isInTime(slot, start),
        ),
    );
    const open = valid.filter((slot) => slot.RequestId === undefined);
    for (const start of uncounted) {
      const { rotationId, keyId, at } = start;
      const at0 = open.findIndex(
        (slot) =>
          slot.RotationId === rotationId &&
          slot.KeyId === keyId &&
          isInTime(slot, start),
      );
      if (at0 < 0) {
        this.#broken(
          stream,
          `No slot for the Start of ${rotationId ?? 'somebody'} with ${keyId} at ${iso(at)}\n${show(entry)}`,
        );
      }
      open.splice(at0, 1);
    }
    const spent = { ...entry, Slots: entry.Slots.filter(isSpent) };
    const { Used, UsedByOthers = 0 } = usage(spent, now);
    // Until CloudTrail has reported both, one slot may stand for a call of
    // ours that nobody answered and for somebody's of the same key just then.
    const twice = known.filter((one) => isMistakable(one, counted)).length;
    if (Used - UsedByOthers < known.length - twice) {
      this.#broken(
        stream,
        `Kinesis counts ${known.length} Starts, and the ledger ${Used - UsedByOthers}\n${show(entry)}`,
      );
    }
    const ids = valid.flatMap(({ RequestId }) => RequestId ?? []);
    if (new Set(ids).size < ids.length) {
      this.#broken(stream, `A Start has two slots\n${show(entry)}`);
    }
    this.#checkStamps(stream, valid);
  }

  /** A slot is stamped with the time of its Start, and frees soon after it. */
  #checkStamps(stream: string, slots: readonly Slot[]): void {
    const { starts } = this.#options.kinesis.stream(stream);
    for (const { RequestId, IsReported, StampedAt, RotationId } of slots) {
      const start = starts.findLast(({ requestId }) => requestId === RequestId);
      const since = start?.at ?? Date.now();
      const latest = since + this.#fastest + ANSWER_MS;
      if (StampedAt > latest + (IsReported ? 1000 : 0)) {
        this.#broken(
          stream,
          `The slot of ${RotationId} counts from ${iso(StampedAt)}, and its Start was at ${iso(since)}`,
        );
      }
    }
  }

  /** A rotation has ended, and its end has been settled. */
  onSettled(execution: Execution): void {
    const { arn, stream, status, result } = execution;
    const entry = this.entry(stream);
    if (result?.Status === 'FAILED') {
      const isKnown =
        Object.hasOwn(ERRORS, result.Error) || AWS_ERROR.test(result.Error);
      if (!isKnown || result.Error === 'InternalError') {
        this.#broken(
          stream,
          `${arn} failed of ${result.Error}: ${result.Cause}`,
        );
      }
    }
    const held = entry.Lease?.RotationId === arn;
    if (held) {
      this.#broken(stream, `${arn} is ${status} and still has the lease`);
    }
    const own = entry.Slots.filter((slot) => slot.RotationId === arn);
    const isReserved = own.some(({ State }) => State === 'RESERVED');
    if (isReserved) {
      this.#broken(stream, `${arn} is ${status} and still has a slot reserved`);
    }
    const spent = own.filter(isSpent).length;
    const made = this.#options.kinesis
      .stream(stream)
      .starts.filter(({ rotationId }) => rotationId === arn);
    // A slot may be spent for nothing where a function died, was stopped or
    // heard nothing between spending it and the answer, or where the ledger
    // could not be told of the answer: once for each time.
    const allowed = made.length + (this.#disturbances.get(arn) ?? 0);
    if (spent > allowed) {
      this.#broken(
        stream,
        `${arn} has ${spent} slots for ${made.length} Starts\n${show(entry)}`,
      );
    }
    const name = arn.split(':').at(-1);
    const records = this.#options.dynamoDb
      .recordsOf(streamArn(stream))
      .filter((record) => record.endsWith(`#${name}`));
    if (records.length !== 1) {
      this.#broken(stream, `${arn} has ${records.length} records`);
    }
  }

  /** Nothing is under way any more. */
  atEnd(stream: string): void {
    this.#checkSlots(stream);
    const { Lease, ...entry } = this.entry(stream);
    if (Lease) {
      this.#broken(stream, `${Lease.RotationId} left its lease behind`);
    }
    // What only a lease that is gone could have spent counts no more.
    const now = Date.now() + this.#slowest;
    const spent = { ...entry, Slots: entry.Slots.filter(isSpent) };
    if (usage(entry, now).Used !== usage(spent, now).Used) {
      this.#broken(stream, 'A slot that nobody can spend still counts');
    }
  }

  entry(stream: string): LedgerEntry {
    const arn = streamArn(stream);
    return toEntry(arn, this.#options.dynamoDb.item(arn, LEDGER_RECORD));
  }

  #broken(stream: string, broken: string): void {
    this.#options.onBroken(stream, broken);
  }
}

function isSpent({ State }: Slot): boolean {
  return State === 'SPENT';
}

/** Whether a Start of ours and one of others may be taken for one another. */
function isMistakable(
  start: AppliedStart,
  among: readonly AppliedStart[],
): boolean {
  return (
    start.rotationId !== undefined &&
    among.some(
      ({ rotationId, keyId, at }) =>
        rotationId === undefined &&
        keyId === start.keyId &&
        Math.abs(at - start.at) <= MATCH_MS,
    )
  );
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function show(entry: LedgerEntry): string {
  return entry.Slots.map(
    ({ SlotId, RotationId, KeyId, State, StampedAt, RequestId }) =>
      `  ${SlotId} ${RotationId.split(':').at(-1)} ${KeyId} ${State} ${iso(StampedAt)} ${RequestId ?? '-'}`,
  ).join('\n');
}
