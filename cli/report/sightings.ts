import {
  type Failure,
  hasAppliedKey,
  type Outcome,
} from '../../shared/contract/outcome.ts';
import type { LedgerEntry } from '../../shared/ledger/entry.ts';
import { externalStarts } from '../../shared/ledger/external-starts.ts';
import { CLOCK_MARGIN_MS } from '../../shared/ledger/window.ts';
import { LEASE_MS } from '../../shared/rotation/deadlines.ts';
import type { StreamDescription, StreamInput } from './report-input.ts';

/**
 * What shows that a key was applied:
 *
 * - `ROTATION`: a rotation applied it and saw it ACTIVE
 * - `ROLLBACK`: a rotation replaced it, failed, and restored it
 * - `FAILED_ROTATION`: a rotation applied it and then failed; its record has
 *   only the time of its start
 * - `REPORTED`: CloudTrail reported that another principal applied it, or switched
 *   encryption off
 * - `LEDGER`: the ledger entry has it as the last applied key; the record is
 *   gone or not yet written
 */
export type Evidence =
  | 'ROTATION'
  | 'ROLLBACK'
  | 'FAILED_ROTATION'
  | 'REPORTED'
  | 'LEDGER';

/** What is known of a stream's key at one time. */
export type Sighting = { at: number; KeyId: string | null } & (
  | {
      kind: 'SEEN';
      /** By a probe that Kinesis encrypted. */
      isVerified?: true;
    }
  | {
      kind: 'APPLIED';
      known: Evidence;
      KeyArn?: string | undefined;
      by?: string;
    }
  /**
   * A Start whose record does not show whether it took effect, or whether a
   * rollback has undone it.
   */
  | { kind: 'UNCERTAIN'; by: string; isUndone: boolean }
);

/** The key of a stream; null: not encrypted; undefined: not described. */
export function describedKey(
  description: StreamDescription,
): string | null | undefined {
  if ('Error' in description) return undefined;
  const { EncryptionType, KeyId = null } = description;
  return EncryptionType === 'NONE' ? null : KeyId;
}

/** When a rotation is known to have had its effect. */
export function effectAt(outcome: Outcome): number {
  const times = outcome.Status === 'FAILED' ? outcome.Rollback : outcome;
  return Date.parse(times?.ActiveAt ?? times?.VerifiedAt ?? outcome.StartedAt);
}

/** Collects the sightings of a stream's key; those of one record in their order. */
export function sightings(stream: StreamInput, now: number): Sighting[] {
  const { description, history, ledgerEntry } = stream;
  const recorded = history
    .toSorted((a, b) => (a.StartedAt < b.StartedAt ? -1 : 1))
    .flatMap(sightingsOfRecord);
  const KeyId = describedKey(description);
  const current = KeyId === undefined ? [] : [seen(now, KeyId)];
  return [...recorded, ...sightingsOfLedger(ledgerEntry, history), ...current];
}

const seen = (at: number, KeyId: string | null) =>
  ({ kind: 'SEEN', at, KeyId }) as const;

/** No sighting without the time of a probe. */
const verified = (at: string | null | undefined, KeyId: string): Sighting[] =>
  at ? [{ ...seen(Date.parse(at), KeyId), isVerified: true }] : [];

function sightingsOfRecord(outcome: Outcome): Sighting[] {
  if (outcome.Status === 'FAILED') return sightingsOfFailure(outcome);
  if (outcome.Outcome === 'ALREADY_IN_PROGRESS') return [];
  const { KeyId, KeyArn, PreviousKeyId, VerifiedAt, RotationId: by } = outcome;
  const at = effectAt(outcome);
  if (outcome.Outcome === 'UNCHANGED') {
    return verified(VerifiedAt, KeyId);
  }
  return [
    // As the rotation found it; otherwise it would have planned again.
    seen(at, PreviousKeyId),
    { kind: 'APPLIED', at, KeyId, KeyArn, known: 'ROTATION', by },
    ...verified(VerifiedAt, KeyId),
  ];
}

function sightingsOfFailure(outcome: Failure): Sighting[] {
  const { KeyId, KeyArn, PreviousKeyId, Rollback, RotationId: by } = outcome;
  const at = Date.parse(outcome.StartedAt);
  // Planned from the lease of another rotation, which may have ended by then.
  const isFromLease = outcome.Error === 'RotationInProgress';
  const found =
    PreviousKeyId === undefined || isFromLease ? [] : [seen(at, PreviousKeyId)];
  if (KeyId === undefined || !outcome.SlotsSpent) return found;
  if (Rollback?.Status === 'FAILED') {
    return [...found, { kind: 'UNCERTAIN', at, KeyId, by, isUndone: true }];
  }
  const start: Sighting = hasAppliedKey(outcome)
    ? { kind: 'APPLIED', at, KeyId, KeyArn, known: 'FAILED_ROTATION', by }
    : { kind: 'UNCERTAIN', at, KeyId, by, isUndone: false };
  if (Rollback?.Status !== 'ROLLED_BACK' || Rollback.KeyId === undefined) {
    return [...found, start];
  }
  return [
    ...found,
    start,
    {
      kind: 'APPLIED',
      at: effectAt(outcome),
      KeyId: Rollback.KeyId,
      KeyArn: Rollback.KeyArn,
      known: 'ROLLBACK',
      by,
    },
    ...verified(Rollback.VerifiedAt, Rollback.KeyId),
  ];
}

/** What only the ledger entry shows: external calls, and the last applied key. */
function sightingsOfLedger(
  ledgerEntry: LedgerEntry,
  history: readonly Outcome[],
): Sighting[] {
  const stops = (ledgerEntry.Stops ?? []).map((stop) => ({
    ...stop,
    KeyId: null,
  }));
  const found = [...externalStarts(ledgerEntry), ...stops].map(
    ({ KeyId, At: at, By: by }): Sighting => ({
      kind: 'APPLIED',
      at,
      KeyId,
      known: 'REPORTED',
      by,
    }),
  );
  const { LastApplied } = ledgerEntry;
  if (LastApplied === undefined) return found;
  const { KeyId, KeyArn, AppliedAt: at } = LastApplied;
  const isFound =
    found.some((start) => start.at === at && start.KeyId === KeyId) ||
    history.some((outcome) => hasApplied(outcome, KeyId, at));
  if (isFound) return found;
  const known = KeyArn === undefined ? 'REPORTED' : 'LEDGER';
  return [...found, { kind: 'APPLIED', at, KeyId, KeyArn, known }];
}

/** Whether a record is of the rotation that applied a key at a time. */
function hasApplied(outcome: Outcome, keyId: string, at: number): boolean {
  const start = Date.parse(outcome.StartedAt);
  const isWithin = (end: number) =>
    start - CLOCK_MARGIN_MS <= at && at <= end + CLOCK_MARGIN_MS;
  if (outcome.Status === 'FAILED') {
    const { SlotsSpent, KeyId, Rollback } = outcome;
    const isKey = KeyId === keyId || Rollback?.KeyId === keyId;
    // The record of a failure does not say when it ended.
    return Boolean(SlotsSpent) && isKey && isWithin(start + LEASE_MS);
  }
  const { Outcome, KeyId } = outcome;
  return (
    Outcome === 'ROTATED' && KeyId === keyId && isWithin(effectAt(outcome))
  );
}
