import type { Timeliness } from '../due.ts';
import type { KeySpan } from '../key-history.ts';
import type { Condition, Result } from '../report-model.ts';
import { utc } from '../time-text.ts';
import type { State } from './markup.ts';

export const CONDITIONS: Record<Condition, State> = {
  IN_RING: ['Under a key of its ring', 'good'],
  UNUSABLE: ['Under a key that cannot be used', 'bad'],
  OUTSIDE_RING: ['Under a key outside its ring', 'bad'],
  NO_RING: ['Encrypted, not in rotations.yml', 'plain'],
  UNDECIDED: ['Encrypted, ring unknown', 'warn'],
  NOT_ENCRYPTED: ['Not encrypted', 'bad'],
  NOT_DESCRIBED: ['Could not be described', 'warn'],
};

export const RESULTS: Record<Result, State> = {
  ROTATED: ['Rotated', 'good'],
  UNCHANGED: ['Unchanged', 'good'],
  UNCHANGED_WITH_WARNING: ['Unchanged, and did not help', 'warn'],
  ALREADY_IN_PROGRESS: ['Already in progress', 'plain'],
  ROLLED_BACK: ['Failed, rolled back', 'warn'],
  NOT_ROLLED_BACK: ['Failed, not rolled back', 'bad'],
  FAILED: ['Failed', 'bad'],
};

export const TIMELINESS: Record<Timeliness['status'], State> = {
  ON_TIME: ['On time', 'good'],
  OVERDUE: ['Overdue', 'bad'],
  UNKNOWN: ['Unknown', 'warn'],
  NO_SCHEDULE: ['No schedule', 'plain'],
};

/** Since when a stream has a key, as exactly as that is known. */
export function sinceWords(span: KeySpan): string {
  const { from, known, seenAt, notBefore } = span;
  if (known === 'BEFORE_RECORDS') {
    return seenAt === undefined
      ? 'unknown'
      : `before the records begin; first seen ${utc(seenAt)}`;
  }
  if (known !== 'SEEN') return utc(from);
  if (seenAt === undefined) return `unknown from ${utc(from)} on`;
  const isBounded = notBefore !== undefined && Number.isFinite(notBefore);
  const after = isBounded ? `after ${utc(notBefore)}, ` : '';
  return `${after}first seen ${utc(seenAt)}`;
}

const SOURCES: Record<KeySpan['known'], string> = {
  ROTATION: 'applied by a rotation',
  ROLLBACK: 'restored by a rollback',
  FAILED_ROTATION: 'applied by a failed rotation; time of its start',
  REPORTED: 'applied by an external start, reported by CloudTrail',
  LEDGER: 'applied, according to the ledger entry',
  SEEN: 'seen; no record shows who changed it',
  BEFORE_RECORDS: 'seen; no earlier change is recorded',
};

/** How the start of a span is known. */
export function sourceWords({ known, KeyId }: KeySpan): string {
  if (KeyId === null && known === 'REPORTED') {
    return 'switched off by an external stop, reported by CloudTrail';
  }
  return KeyId === undefined ? 'no record' : SOURCES[known];
}
