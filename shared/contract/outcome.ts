import type { Quota } from '../ledger/usage.ts';
import type { Trigger } from './trigger.ts';

export interface Verification {
  ShardId: string;
  SequenceNumber: string;
  EncryptionType: 'KMS';
}

interface Identity {
  /** ARN of the execution. */
  RotationId: string;
  /** When the execution started, ISO 8601. */
  StartedAt: string;
  /** What started it, as the request said. */
  Trigger?: Trigger;
}

/** Times are ISO 8601. */
export interface Success extends Identity {
  Status: 'SUCCEEDED';
  Outcome: 'ROTATED' | 'UNCHANGED' | 'ALREADY_IN_PROGRESS';
  StreamName: string;
  StreamARN: string;
  EncryptionType: 'KMS';
  /** As the stream has it. */
  KeyId: string;
  KeyArn: string;
  /** Null for a stream that was not encrypted. */
  PreviousKeyId: string | null;
  /** When the stream was seen ACTIVE with the new key; null if none was applied. */
  ActiveAt: string | null;
  /** When the probe was answered; null if there was none. */
  VerifiedAt: string | null;
  Verification: Verification | null;
  /** How long the stream kept records then. */
  RetentionPeriodHours?: number;
  /** Until when alarms were watched, and none went to ALARM. */
  BakedUntil?: string;
  /** For people: why an UNCHANGED rotation helped no writer or reader. */
  Warning?: string;
  Quota: Quota;
  /** The key ARN of the alias when it was applied before; it points elsewhere now. */
  RepointedFrom?: string;
  /** The other rotation, when it was ALREADY_IN_PROGRESS. */
  InProgressRotationId?: string;
}

/** What became of giving a stream the key back that it had. */
export interface RollbackOutcome {
  Status: 'ROLLED_BACK' | 'IMPOSSIBLE' | 'FAILED';
  /** Why not, for people. */
  Cause?: string;
  /** The key that the stream has again. */
  KeyId?: string;
  KeyArn?: string;
  ActiveAt?: string;
  VerifiedAt?: string;
  Verification?: Verification;
}

/** Fields that are missing were not known when the rotation failed. */
export interface Failure extends Identity {
  Status: 'FAILED';
  /** The key that was asked for was applied and cannot be used. */
  Outcome?: 'ROLLED_BACK';
  Rollback?: RollbackOutcome;
  /** A literal from `docs/errors.md`, or AWS's own where AWS refused. */
  Error: string;
  /** For people: what was wrong, with which value, what to do. */
  Cause: string;
  StreamName?: string;
  StreamARN?: string;
  EncryptionType?: 'KMS';
  KeyId?: string;
  KeyArn?: string;
  PreviousKeyId?: string | null;
  /** The key ARN of the alias when it was applied before; it points elsewhere now. */
  RepointedFrom?: string;
  /** How long the stream kept records then. */
  RetentionPeriodHours?: number;
  /** Slots that this rotation used and that stay used. */
  SlotsSpent?: number;
  Quota?: Quota;
}

/** The execution's output, and what the command line prints. */
export type Outcome = Success | Failure;

/**
 * Whether a failed rotation is known to have applied its key: it spent a slot, and went
 * on to a rollback, or to a probe, which Kinesis or KMS refused, or to a bake.
 */
export function hasAppliedKey(failure: Failure): boolean {
  const { SlotsSpent, Rollback, Error: name } = failure;
  if (!SlotsSpent) return false;
  return (
    Rollback !== undefined ||
    name === 'RecordNotEncrypted' ||
    name === 'AlarmDuringBake' ||
    name.startsWith('KMS')
  );
}

/** Under which key a failed rotation left the stream, as far as that is known. */
export function keyNow(failure: Failure): string | undefined {
  const { StreamName, KeyId, PreviousKeyId, SlotsSpent, Rollback } = failure;
  if (StreamName === undefined || Rollback?.Status === 'ROLLED_BACK') return;
  if (SlotsSpent === 0 && PreviousKeyId !== undefined) {
    return `under ${PreviousKeyId ?? 'no key'}, as before`;
  }
  const isUndone = Rollback?.Status === 'FAILED';
  if (KeyId !== undefined && hasAppliedKey(failure) && !isUndone) {
    return failure.Error === 'AlarmDuringBake'
      ? `under ${KeyId}`
      : `under ${KeyId}, which no probe has proved`;
  }
  return SlotsSpent
    ? `unknown; aws kinesis describe-stream-summary --stream-name ${StreamName} shows it`
    : undefined;
}
