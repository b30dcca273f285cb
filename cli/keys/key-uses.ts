import { currentKey, lastAppliedTo } from '../../shared/keys/current-key.ts';
import {
  periodsAtLook,
  periodsOfChange,
} from '../../shared/keys/stream-sight.ts';
import {
  activeLease,
  emptyEntry,
  type KeyPeriod,
  type LedgerEntry,
} from '../../shared/ledger/entry.ts';
import { neededUntil, openPeriod } from '../../shared/ledger/key-periods.ts';
import { withHistory } from './history-periods.ts';
import type {
  LedgerRecord,
  ResolveKeyId,
  StreamFacts,
  StreamLook,
} from './stream-facts.ts';

/** A key that records of a stream are or were under. Times are milliseconds. */
export interface KeyUse extends KeyPeriod {
  StreamName: string;
  StreamARN: string;
  /** Until when records under it may exist; undefined while the stream is under it. */
  until: number | undefined;
}

/** The keys of one stream. */
export interface StreamUses {
  facts: StreamFacts;
  uses: KeyUse[];
  /** Why the stream may be under any other key as well, for people. */
  unknown?: string;
  /**
   * Until when records may exist from before the keys of the stream are known;
   * undefined where the stream was not read.
   */
  unknownUntil?: number | undefined;
}

/**
 * The keys of a stream: those that the ledger knows, those that only its records of
 * rotations know, and the one under which the stream is seen. Nothing is written.
 *
 * @param resolve KMS's answers now
 * @param now milliseconds since the epoch
 */
export function usesOf(
  facts: StreamFacts,
  resolve: ResolveKeyId,
  now: number,
): StreamUses {
  const { StreamName, StreamARN, record } = facts;
  const look = 'Error' in facts.look ? undefined : facts.look;
  // A stream without records needs no key.
  if (look?.StreamStatus === 'CREATING') return { facts, uses: [] };
  const ledger =
    'Unknown' in record
      ? { entry: emptyEntry(StreamARN), history: [] }
      : record;
  const periods = withHistory(ledger, look, now);
  const before = { ...ledger.entry, KeyPeriods: periods };
  const seen = look ? seePeriods(before, look, resolve) : periods;
  const all = claimedPeriods(ledger.entry, seen, now);
  const hours = look?.RetentionPeriodHours;
  const uses = all.map((period) => ({
    ...period,
    StreamName,
    StreamARN,
    until: neededUntil(period, hours),
  }));
  const unknown = unknownReason(facts);
  if (unknown !== undefined) return { facts, uses, unknown };
  const since = knownSince(all, ledger, look, now);
  return { facts, uses, unknownUntil: unknownUntil(since, all, hours) };
}

/** The periods after a look at the stream. */
function seePeriods(
  entry: LedgerEntry,
  look: StreamLook,
  resolve: ResolveKeyId,
): readonly KeyPeriod[] {
  const { KeyPeriods = [] } = entry;
  const { KeyId, at } = look;
  const current = currentKey(
    KeyId,
    lastAppliedTo(look, entry),
    KeyId === undefined ? undefined : resolve(KeyId),
  );
  // The ledger was read after the look, or the clocks differ: it knows better.
  const isStale = KeyPeriods.some(
    ({ From, LeftAt = 0 }) => Math.max(From, LeftAt) > at,
  );
  if (isStale) return periodsOfChange(entry, current, at);
  const { RetentionPeriodHours, StreamCreationTimestamp } = look;
  const StreamStatus = isActive(look)
    ? ('ACTIVE' as const)
    : ('UPDATING' as const);
  const stream = {
    StreamStatus,
    RetentionPeriodHours,
    StreamCreationTimestamp,
  };
  return periodsAtLook(entry, stream, current, at);
}

/** With the key that a rotation is about to apply. */
function claimedPeriods(
  entry: LedgerEntry,
  periods: readonly KeyPeriod[],
  now: number,
): readonly KeyPeriod[] {
  const lease = activeLease(entry, now);
  if (lease === undefined) return periods;
  const { KeyId, KeyArn, TakenAt = now } = lease;
  return openPeriod(periods, { KeyId, KeyArn }, TakenAt);
}

function unknownReason({
  StreamName,
  look,
  record,
}: StreamFacts): string | undefined {
  if ('Error' in look) {
    return `${StreamName}: Kinesis did not describe it: ${look.Error}: ${look.Cause}`;
  }
  if ('Unknown' in record) return `${StreamName}: ${record.Unknown}`;
  const { StreamStatus, RetentionPeriodHours } = look;
  if (!isActive(look)) {
    return `${StreamName} is ${StreamStatus}, and its key may be changing; look again when it is ACTIVE`;
  }
  return RetentionPeriodHours === undefined
    ? `${StreamName}: Kinesis did not say for how long it keeps records`
    : undefined;
}

/** A stream that is deleted changes its key no more. */
function isActive({ StreamStatus }: StreamLook): boolean {
  return StreamStatus === 'ACTIVE' || StreamStatus === 'DELETING';
}

/** When the ledger first knew the key of the stream. */
function knownSince(
  periods: readonly KeyPeriod[],
  { history }: LedgerRecord,
  look: StreamLook | undefined,
  now: number,
): number {
  const created = look?.StreamCreationTimestamp?.getTime() ?? 0;
  const rotations = history
    .map(({ StartedAt }) => Date.parse(StartedAt))
    // Those of an earlier stream of the same name say nothing of this one.
    .filter((at) => at >= created);
  return Math.min(now, ...periods.map(({ From }) => From), ...rotations);
}

/** Records from before that may be under any key. */
function unknownUntil(
  since: number,
  periods: readonly KeyPeriod[],
  retentionHours: number | undefined,
): number | undefined {
  const hours = periods.map(({ RetentionHours = 0 }) => RetentionHours);
  const RetentionHours = Math.max(0, ...hours);
  const before = { KeyId: '', From: since, LeftAt: since, RetentionHours };
  return neededUntil(before, retentionHours);
}
