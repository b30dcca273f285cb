import { isDeepStrictEqual } from 'node:util';
import {
  changeEntry,
  type KeyPeriod,
  type LastApplied,
  type LedgerEntry,
  type PeriodKey,
  type Slot,
  type Transition,
} from './entry.ts';
import { isReported, pairReports } from './pair-reports.ts';
import { CLOCK_MARGIN_MS } from './window.ts';

/**
 * AWS encrypts with the former key for up to 5 seconds after the stream is ACTIVE with
 * another one.
 */
const PROPAGATION_MS = 5_000;

const HOUR_MS = 60 * 60 * 1000;

/** How long a period is kept after it is over, as the records of rotations are. */
const KEPT_MS = 400 * 24 * HOUR_MS;

/** A stream that Describe showed ACTIVE. */
export interface StreamSight {
  /** Absent where the stream is not encrypted. */
  Key?: PeriodKey;
  RetentionHours: number;
  /** When Describe had answered. */
  At: number;
  /** When the stream was created; a stream of the same name may have been before. */
  CreatedAt?: number;
}

/**
 * Until when records under a key may exist, in milliseconds since the epoch; undefined
 * while the stream may be under it.
 *
 * @param retentionHours of the stream now, where that is known
 */
export function neededUntil(
  { LeftAt, RetentionHours = 0, OverAt }: KeyPeriod,
  retentionHours = 0,
): number | undefined {
  if (OverAt !== undefined) return OverAt;
  if (LeftAt === undefined) return undefined;
  const hours = Math.max(RetentionHours, retentionHours);
  return LeftAt + PROPAGATION_MS + CLOCK_MARGIN_MS + hours * HOUR_MS;
}

/** Whether a key that is resolved, or read, is that of a period. */
export function isOfKey(period: PeriodKey, key: PeriodKey): boolean {
  return period.KeyArn !== undefined && key.KeyArn !== undefined
    ? period.KeyArn === key.KeyArn
    : period.KeyId === key.KeyId;
}

/**
 * The periods after a key was applied, or may have been.
 *
 * @param isSeen whether it was seen, and applied at some time before
 * @returns the same periods where its period is open already
 */
export function openPeriod(
  periods: readonly KeyPeriod[],
  key: PeriodKey,
  at: number,
  isSeen = false,
): readonly KeyPeriod[] {
  const known = periods.filter(
    (period) => period.OverAt === undefined && isSamePeriod(period, key),
  );
  const first = known.toSorted((a, b) => a.From - b.From)[0];
  const isFirst = first !== undefined && first.From <= at;
  const open: KeyPeriod = {
    KeyId: key.KeyId,
    ...resolvedArn([key, ...known]),
    From: isFirst ? first.From : at,
    ...((isFirst ? first.IsSeen : isSeen) && { IsSeen: true }),
  };
  if (known.length === 1 && isDeepStrictEqual(first, open)) return periods;
  return [...periods.filter((period) => !known.includes(period)), open];
}

/**
 * Whether a period is that of a key. An alias alone may be any key that it ever pointed
 * to, so it takes the place of none whose ARN is known.
 */
function isSamePeriod(period: KeyPeriod, key: PeriodKey): boolean {
  return (
    isOfKey(period, key) &&
    (key.KeyArn !== undefined || period.KeyArn === undefined)
  );
}

/** The key ARN that one of them knows, and a presumed one only if none does. */
function resolvedArn(keys: readonly PeriodKey[]) {
  const resolved = keys.filter(({ KeyArn }) => KeyArn !== undefined);
  const best = resolved.find(({ IsPresumed }) => !IsPresumed) ?? resolved[0];
  if (best?.KeyArn === undefined) return {};
  const { KeyArn, IsPresumed } = best;
  return { KeyArn, ...(IsPresumed && { IsPresumed }) };
}

/**
 * The periods after a look at a stream: those of all other keys end by then, and last
 * by the longest retention that is seen.
 *
 * @param entry a call without an answer may have applied its key
 * @returns the same periods where the look shows nothing new
 */
function seePeriods(
  periods: readonly KeyPeriod[],
  sight: StreamSight,
  { Slots: slots, LastApplied: lastApplied }: LedgerEntry,
): readonly KeyPeriod[] {
  const { Key, At } = sight;
  const possible = possiblePeriods(periods, slots);
  const all = Key ? openPeriod(possible, Key, At, true) : possible;
  const kept = all.filter(({ OverAt = At }) => At < OverAt + KEPT_MS);
  const seen = kept.map((period) =>
    Key && period.OverAt === undefined && mayBeUnder(period, Key, lastApplied)
      ? currentPeriod(period, sight)
      : formerPeriod(period, sight),
  );
  const isSame =
    seen.length === periods.length &&
    seen.every((period, at) => period === periods[at]);
  return isSame ? periods : seen;
}

/**
 * Whether a stream that is seen under a key may be under that of a period. An alias that
 * was pointed elsewhere leaves the stream where it was, and a Start of the same alias
 * that AWS did not answer may have been applied.
 */
function mayBeUnder(
  period: KeyPeriod,
  key: PeriodKey,
  lastApplied: LastApplied | undefined,
): boolean {
  if (isOfKey(period, key)) return true;
  const isSameAlias = period.KeyId === key.KeyId && period.LeftAt === undefined;
  const isUnanswered = period.From > (lastApplied?.AppliedAt ?? period.From);
  return isSameAlias && (key.IsPresumed === true || isUnanswered);
}

/**
 * The periods with the keys of calls that AWS has not answered, and may have applied.
 *
 * @returns the same periods where there are no others
 */
export function possiblePeriods(
  periods: readonly KeyPeriod[],
  slots: readonly Slot[],
): readonly KeyPeriod[] {
  const reports = pairReports(slots);
  return slots
    .filter((slot) => slot.State === 'SPENT' && !isReported(slot))
    .filter((slot) => slot.RequestId === undefined && !reports.has(slot))
    .reduce(
      (known, slot) =>
        appliedPeriod(
          known,
          {
            KeyId: slot.KeyId,
            ...(slot.KeyArn !== undefined && { KeyArn: slot.KeyArn }),
          },
          slot.StampedAt,
        ),
      periods,
    );
}

/** The periods after a key was applied at a time that may be long ago. */
export function appliedPeriod(
  periods: readonly KeyPeriod[],
  key: PeriodKey,
  at: number,
): readonly KeyPeriod[] {
  const latest = at + CLOCK_MARGIN_MS;
  const isKnown = periods.some(
    (period) => isOfKey(period, key) && latest <= (period.LeftAt ?? 0),
  );
  return isKnown ? periods : openPeriod(periods, key, at);
}

/** What a look at a stream adds to its ledger entry. */
export function recordSight(
  entry: LedgerEntry,
  sight: StreamSight,
): Transition<void> {
  const { KeyPeriods = [] } = entry;
  const seen = seePeriods(KeyPeriods, sight, entry);
  return seen === KeyPeriods
    ? { answer: undefined }
    : { answer: undefined, entry: changeEntry(entry, { KeyPeriods: seen }) };
}

/** An earlier stream of the same name has taken its records with it. */
function isOfEarlierStream(at: number, { CreatedAt }: StreamSight): boolean {
  return CreatedAt !== undefined && at + CLOCK_MARGIN_MS < CreatedAt;
}

function currentPeriod(period: KeyPeriod, sight: StreamSight): KeyPeriod {
  const { CreatedAt } = sight;
  return CreatedAt !== undefined && isOfEarlierStream(period.From, sight)
    ? { ...period, From: CreatedAt, IsSeen: true }
    : period;
}

function formerPeriod(period: KeyPeriod, sight: StreamSight): KeyPeriod {
  const { At, CreatedAt } = sight;
  if (period.OverAt !== undefined) return period;
  const lastKnown = period.LeftAt ?? period.From;
  if (CreatedAt !== undefined && isOfEarlierStream(lastKnown, sight)) {
    return { ...period, LeftAt: lastKnown, OverAt: CreatedAt };
  }
  const hours = Math.max(period.RetentionHours ?? 0, sight.RetentionHours);
  const left: KeyPeriod = {
    ...period,
    LeftAt: period.LeftAt ?? At,
    RetentionHours: hours,
  };
  const until = neededUntil(left);
  if (until !== undefined && until <= At) return { ...left, OverAt: until };
  return period.LeftAt === left.LeftAt && period.RetentionHours === hours
    ? period
    : left;
}
