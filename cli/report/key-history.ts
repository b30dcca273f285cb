import type { Failure, Outcome } from '../../shared/contract/outcome.ts';
import type { LedgerEntry } from '../../shared/ledger/entry.ts';
import { externalStarts } from '../../shared/ledger/external-starts.ts';
import { CLOCK_MARGIN_MS } from '../../shared/ledger/window.ts';
import { LEASE_MS } from '../../shared/rotation/deadlines.ts';
import type { StreamInput, StreamNow } from './report-input.ts';

/**
 * How it is known since when a stream has a key:
 *
 * - `ROTATION`: a rotation applied it and saw it ACTIVE
 * - `ROLLBACK`: a rotation took it away, failed, and gave it back
 * - `FAILED_ROTATION`: a rotation applied it and then failed; its record has
 *   the time of its start only
 * - `REPORTED`: CloudTrail reported that another principal applied it
 * - `LEDGER`: the ledger says that it was applied, and the record of who did is
 *   gone or still to come
 * - `SEEN`: unknown; it was seen at that time, and another key before
 * - `BEFORE_RECORDS`: no record shows an earlier key
 */
type Known =
  | 'ROTATION'
  | 'ROLLBACK'
  | 'FAILED_ROTATION'
  | 'REPORTED'
  | 'LEDGER'
  | 'SEEN'
  | 'BEFORE_RECORDS';

/** One key over some time, in milliseconds since the epoch. */
export interface KeySpan {
  From: number;
  To: number;
  /** As submitted; null: not encrypted; undefined: unknown. */
  KeyId: string | null | undefined;
  KeyArn?: string | undefined;
  Known: Known;
  /** Who applied it: a rotation's id, or the ARN of a caller. */
  By?: string | undefined;
  /** With BEFORE_RECORDS and SEEN: when it was first seen. */
  SeenAt?: number | undefined;
  /** With SEEN: when another key was last seen. */
  NotBefore?: number | undefined;
}

type Sighting = { At: number; KeyId: string | null } & (
  | { Kind: 'SEEN' }
  | { Kind: 'APPLIED'; Known: Known; KeyArn?: string; By?: string }
  /**
   * A Start of which the record does not tell whether it took effect, or
   * whether a rollback has undone it.
   */
  | { Kind: 'UNCERTAIN'; By: string; IsUndone: boolean }
);

/** The key that a stream has; null: not encrypted; undefined: not described. */
export function keyIdNow(now: StreamNow): string | null | undefined {
  if ('Error' in now) return undefined;
  return now.EncryptionType === 'NONE' ? null : (now.KeyId ?? null);
}

const EARLIEST = Number.NEGATIVE_INFINITY;

/** When a rotation is known to have had its effect. */
export function effectAt(outcome: Outcome): number {
  if (outcome.Status === 'FAILED') {
    const { ActiveAt, VerifiedAt } = outcome.Rollback ?? {};
    return Date.parse(ActiveAt ?? VerifiedAt ?? outcome.StartedAt);
  }
  const { ActiveAt, VerifiedAt, StartedAt } = outcome;
  return Date.parse(ActiveAt ?? VerifiedAt ?? StartedAt);
}

/**
 * The keys that a stream had, from the earliest time to `now`, without gaps or
 * overlaps. Built from what rotations found and applied, what CloudTrail reported,
 * and the current key. Where two of these contradict, the key in between is
 * unknown.
 */
export function keyHistory(stream: StreamInput, now: number): KeySpan[] {
  const timeline = new Timeline(now);
  const ordered = sightings(stream, now)
    .filter(({ At }) => At <= now)
    .sort((a, b) => a.At - b.At);
  for (const sighting of ordered) timeline.add(sighting);
  return timeline.spans();
}

/** Spans that grow with every sighting, in the order of time. */
class Timeline {
  readonly #now: number;
  readonly #closed: KeySpan[] = [];
  #current: KeySpan;
  #lastSeen = EARLIEST;
  /** The last Start of unknown effect: the key it would have applied, and by whom. */
  #asked: (Sighting & { Kind: 'UNCERTAIN' }) | undefined;

  constructor(now: number) {
    this.#now = now;
    this.#current = {
      From: EARLIEST,
      To: now,
      KeyId: undefined,
      Known: 'BEFORE_RECORDS',
    };
  }

  spans(): KeySpan[] {
    return [...this.#closed, this.#current];
  }

  add(sighting: Sighting): void {
    const { At, KeyId } = sighting;
    if (sighting.Kind === 'APPLIED') {
      const { Known, KeyArn, By } = sighting;
      this.#begin({ From: At, KeyId, KeyArn, Known, By });
      this.#asked = undefined;
    } else if (sighting.Kind === 'UNCERTAIN') {
      this.#begin({ From: At, KeyId: undefined, Known: 'SEEN' });
      this.#asked = sighting;
    } else if (this.#current.KeyId === undefined) {
      this.#identify(At, KeyId);
      this.#asked = undefined;
    } else if (this.#current.KeyId !== KeyId) {
      const NotBefore = this.#lastSeen;
      this.#begin({ From: NotBefore, KeyId: undefined, Known: 'SEEN' });
      this.#begin({ From: At, KeyId, Known: 'SEEN', SeenAt: At, NotBefore });
    }
    this.#lastSeen = At;
  }

  #begin(next: Omit<KeySpan, 'To'>): void {
    if (next.From > this.#current.From) {
      this.#closed.push({ ...this.#current, To: next.From });
    }
    this.#current = { ...next, To: this.#now };
  }

  /** A key is seen in a span whose key was unknown. */
  #identify(At: number, KeyId: string | null): void {
    const before = this.#closed.at(-1);
    const asked = this.#asked;
    const isUndone = asked?.IsUndone && before?.KeyId === KeyId;
    if (asked && (asked.KeyId === KeyId || isUndone)) {
      this.#current = {
        ...this.#current,
        KeyId,
        Known: 'FAILED_ROTATION',
        By: asked.By,
      };
    } else if (before === undefined) {
      this.#current = { ...this.#current, KeyId, SeenAt: At };
    } else if (before.KeyId === KeyId) {
      this.#closed.pop();
      this.#current = { ...before, To: this.#now };
    } else {
      const NotBefore = this.#current.From;
      this.#begin({ From: At, KeyId, Known: 'SEEN', SeenAt: At, NotBefore });
    }
  }
}

/**
 * The span from which a key's age counts: a rotation that failed and gave the
 * key back has not made it younger. Undefined where the span before is gone.
 */
export function ageSpan(spans: readonly KeySpan[]): KeySpan | undefined {
  const last = spans.at(-1);
  if (last?.Known !== 'ROLLBACK') return last;
  const at = spans.findLastIndex(
    ({ KeyId }, index) => index < spans.length - 1 && KeyId === last.KeyId,
  );
  return ageSpan(spans.slice(0, at + 1));
}

function sightings(stream: StreamInput, now: number): Sighting[] {
  const { Now, History, Entry } = stream;
  const recorded = History.toSorted((a, b) =>
    a.StartedAt < b.StartedAt ? -1 : 1,
  ).flatMap(ofRecord);
  const keyId = keyIdNow(Now);
  const seenNow = keyId === undefined ? [] : [seen(now, keyId)];
  return [...recorded, ...ofLedger(Entry, History), ...seenNow];
}

/** What one record tells, in the order in which it happened. */
function ofRecord(outcome: Outcome): Sighting[] {
  if (outcome.Status === 'FAILED') return ofFailure(outcome);
  if (outcome.Outcome === 'ALREADY_IN_PROGRESS') return [];
  const { KeyId, KeyArn, PreviousKeyId, VerifiedAt, RotationId } = outcome;
  const At = effectAt(outcome);
  if (outcome.Outcome === 'UNCHANGED') {
    return VerifiedAt === null ? [] : [seen(At, KeyId)];
  }
  return [
    // As the rotation found it; otherwise it would have planned again.
    seen(At, PreviousKeyId),
    {
      Kind: 'APPLIED',
      At,
      KeyId,
      KeyArn,
      Known: 'ROTATION',
      By: RotationId,
    },
    ...(VerifiedAt === null ? [] : [seen(Date.parse(VerifiedAt), KeyId)]),
  ];
}

function ofFailure(outcome: Failure): Sighting[] {
  const { KeyId, KeyArn, PreviousKeyId, Rollback, RotationId: By } = outcome;
  const At = Date.parse(outcome.StartedAt);
  // Planned from the lease of another rotation, which may be done by then.
  const isFromLease = outcome.Error === 'RotationInProgress';
  const found: Sighting[] =
    PreviousKeyId === undefined || isFromLease ? [] : [seen(At, PreviousKeyId)];
  if (KeyId === undefined || !outcome.SlotsSpent) return found;
  const isApplied =
    Rollback !== undefined ||
    outcome.Error === 'RecordNotEncrypted' ||
    outcome.Error.startsWith('KMS');
  const start: Sighting = isApplied
    ? {
        Kind: 'APPLIED',
        At,
        KeyId,
        Known: 'FAILED_ROTATION',
        By,
        ...(KeyArn !== undefined && { KeyArn }),
      }
    : { Kind: 'UNCERTAIN', At, KeyId, By, IsUndone: false };
  if (Rollback?.Status === 'FAILED') {
    return [...found, { Kind: 'UNCERTAIN', At, KeyId, By, IsUndone: true }];
  }
  if (Rollback?.Status !== 'ROLLED_BACK' || Rollback.KeyId === undefined) {
    return [...found, start];
  }
  return [
    ...found,
    start,
    {
      Kind: 'APPLIED',
      At: effectAt(outcome),
      KeyId: Rollback.KeyId,
      Known: 'ROLLBACK',
      By,
      ...(Rollback.KeyArn !== undefined && { KeyArn: Rollback.KeyArn }),
    },
  ];
}

function seen(At: number, KeyId: string | null): Sighting {
  return { Kind: 'SEEN', At, KeyId };
}

/** What only the ledger entry shows: external starts, and the last applied key. */
function ofLedger(entry: LedgerEntry, history: readonly Outcome[]): Sighting[] {
  const others = externalStarts(entry).map(
    ({ KeyId, At, By }): Sighting & { Kind: 'APPLIED' } => ({
      Kind: 'APPLIED',
      At,
      KeyId,
      Known: 'REPORTED',
      By,
    }),
  );
  const { LastApplied } = entry;
  if (LastApplied === undefined) return others;
  const { KeyId, KeyArn, AppliedAt } = LastApplied;
  const isTold =
    others.some((start) => start.At === AppliedAt && start.KeyId === KeyId) ||
    history.some((outcome) => hasApplied(outcome, KeyId, AppliedAt));
  if (isTold) return others;
  return [
    ...others,
    {
      Kind: 'APPLIED',
      At: AppliedAt,
      KeyId,
      Known: KeyArn === undefined ? 'REPORTED' : 'LEDGER',
      ...(KeyArn !== undefined && { KeyArn }),
    },
  ];
}

/** Whether a record is of the rotation that the ledger remembers so. */
function hasApplied(outcome: Outcome, keyId: string, at: number): boolean {
  const mayHave =
    outcome.Status === 'FAILED'
      ? (outcome.SlotsSpent ?? 0) > 0
      : outcome.Outcome === 'ROTATED';
  const keys = [
    outcome.KeyId,
    outcome.Status === 'FAILED' ? outcome.Rollback?.KeyId : undefined,
  ];
  const start = Date.parse(outcome.StartedAt);
  // The record of a failure does not say when it ended.
  const end =
    outcome.Status === 'FAILED' ? start + LEASE_MS : effectAt(outcome);
  const isThen = start - CLOCK_MARGIN_MS <= at && at <= end + CLOCK_MARGIN_MS;
  return mayHave && keys.includes(keyId) && isThen;
}
