import type { Verification } from '../contract/outcome.ts';
import type { KeyPlan, Plan } from './plan.ts';
import type { Description } from './stream-status.ts';

/** What ReserveQuota answers, for IsQuotaAvailable. */
export interface ReservationResult {
  Status:
    | 'GRANTED'
    | 'QUOTA_EXHAUSTED'
    | 'ALREADY_IN_PROGRESS'
    | 'ROTATION_IN_PROGRESS'
    | 'STALE_PLAN';
  /** Why not, for people. */
  Cause?: string;
  SlotId?: number;
  /** ISO 8601. */
  LeaseExpiresAt?: string;
  /** ISO 8601, to the whole second. */
  NextAvailableAt?: string;
  InProgressRotationId?: string;
}

/** What StartEncryption answers, for IsEncryptionStarted. */
export interface StartResult {
  Status:
    | 'STARTED'
    | 'UNKNOWN'
    | 'STREAM_BUSY'
    | 'THROTTLED'
    | 'QUOTA_EXHAUSTED'
    | 'LEASE_LOST';
  /** Calls of this rotation that AWS refused for their pace. */
  Throttled: number;
  /** The last so many calls, in a row, met LimitExceededException. */
  LimitExceeded: number;
  /** Calls of this rotation of which nobody knows whether AWS applied them. */
  Unanswered: number;
  /** When the latest call was answered or given up, ISO 8601. */
  StartedAt: string;
  SlotId?: number;
  RequestId?: string;
  /** Before the next call. */
  WaitSeconds?: number;
  /** What AWS said, for people. */
  Cause?: string;
}

export interface VerificationResult extends Verification {
  /** ISO 8601. */
  VerifiedAt: string;
}

/** What went wrong, as a Catch or a Pass state leaves it. */
export interface CaughtFailure {
  Error: string;
  Cause: string;
}

/** The data that flows through the state machine. */
export interface RotationState {
  Plan: Plan;
  Reservation?: ReservationResult;
  Start?: StartResult;
  Description?: Description;
  Verification?: VerificationResult;
  Failure?: CaughtFailure;
  /** What KMS refused when the probe was written. */
  ProbeFailure?: CaughtFailure;
}

/** The same, past IsRotationNeeded. */
export interface PlannedState extends RotationState {
  Plan: KeyPlan;
}
