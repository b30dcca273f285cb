import type { Verification } from '../contract/outcome.ts';
import type { RotationRequest } from '../contract/request.ts';
import type { Claim } from '../ledger/entry.ts';

/** What every plan says. Times are ISO 8601. */
export interface PlanCommon {
  RotationId: string;
  StartedAt: string;
  StreamName: string;
  StreamARN: string;
  EncryptionType: 'KMS';
  /** How long the stream keeps records; absent from plans of earlier versions. */
  RetentionPeriodHours?: number;
  /** For people: why this decision. */
  Reason: string;
  /** Before looking again at a stream that is busy. */
  WaitSeconds: number;
  /** Since when the rotation has been waiting for a busy stream. */
  BusySince?: string;
  OnQuotaExhausted: 'FAIL' | 'WAIT';
  /** When WAIT ends. */
  QuotaDeadline: string;
  OnVerificationFailed: 'ROLL_BACK' | 'KEEP';
  Probe?: RotationRequest['Probe'];
  Trigger?: RotationRequest['Trigger'];
}

/** A plan with a key is what the ledger is asked to grant. */
export interface KeyPlan extends PlanCommon, Omit<Claim, 'LeaseMs'> {
  /** ROTATE: KeyId as written. UNCHANGED, ROLL_BACK: as the stream has or had it. */
  Decision: 'ROTATE' | 'UNCHANGED' | 'ROLL_BACK';
  /** Present after the probe proves the key unusable. */
  Rollback?: Rollback;
  KeepSlotForRollback: boolean;
  /** The key ARN that KeyId resolved to when it was applied, where it is another now. */
  RepointedFrom?: string;
  /** Until when AWS's denials may be rights that are not effective yet. */
  RightsDeadline?: string;
  /** Why a rollback would be impossible, where that is known before the Start. */
  NoWayBack?: string;
  /** For people: why a rotation that changes nothing helps no writer or reader. */
  Warning?: string;
  /** Alarms that are watched, of a rotation that applies a key. */
  Bake?: BakePlan;
}

export interface BusyPlan extends PlanCommon {
  Decision: 'STREAM_BUSY';
}

/** The plan that PlanRotation makes from the request. */
export type Plan = KeyPlan | BusyPlan;

/** What a rotation rolls back, and why. */
export interface Rollback {
  /** The key that was applied and cannot be used. */
  KeyId: string;
  KeyArn: string;
  PreviousKeyId: string | null;
  PreviousKeyArn: string | null;
  /** Why the probe failed. */
  Failure: CaughtFailure;
  /** Why a rollback is impossible, for people. */
  Impossible?: string;
}

/** The result of ReserveQuota, for IsQuotaAvailable. `Cause` is for people. */
export type ReservationResult =
  | GrantedReservation
  | {
      Status: 'QUOTA_EXHAUSTED';
      Cause: string;
      /** ISO 8601, to the whole second. */
      NextAvailableAt: string;
    }
  | {
      Status: 'ALREADY_IN_PROGRESS' | 'ROTATION_IN_PROGRESS';
      Cause: string;
      InProgressRotationId: string;
    }
  | { Status: 'STALE_PLAN' };

interface GrantedReservation {
  Status: 'GRANTED';
  SlotId: number;
  /** ISO 8601. */
  LeaseExpiresAt: string;
}

/** The result of StartEncryption, for IsEncryptionStarted. */
export interface StartResult {
  Status:
    | 'STARTED'
    | 'UNKNOWN'
    | 'STREAM_BUSY'
    | 'THROTTLED'
    | 'QUOTA_EXHAUSTED'
    | 'LEASE_LOST';
  /** Calls of this rotation that AWS throttled. */
  Throttled: number;
  /** Consecutive latest calls that met LimitExceededException. */
  LimitExceeded: number;
  /** Calls of this rotation without an answer, which AWS may have applied. */
  Unanswered: number;
  /** When the latest call was answered or timed out, ISO 8601. */
  StartedAt: string;
  SlotId: number;
  RequestId?: string;
  /** Before the next call. */
  WaitSeconds?: number;
  /** AWS's message, for people. */
  Cause?: string;
}

/** The result of DescribeStream, for IsStreamActive. Times are ISO 8601. */
export interface Description {
  Status: 'ACTIVE' | 'UPDATING' | 'NOT_APPLIED';
  StreamStatus: string;
  KeyId: string | null;
  RetentionPeriodHours?: number;
  /** Before looking again. */
  WaitSeconds: number;
  /** Whether the stream was ever seen UPDATING since the Start. */
  SawUpdating: boolean;
  /**
   * How long it has been ACTIVE under a key other than the plan's, counted in
   * waits of Step Functions, since two functions' clocks may differ.
   */
  OtherKeySeconds?: number;
  ActiveAt?: string;
}

export interface VerificationResult extends Verification {
  /** ISO 8601. */
  VerifiedAt: string;
}

/** How long a rotation watches alarms after the probe, as the request says. */
export interface BakePlan {
  Minutes: number;
  /** Names. */
  Alarms: string[];
  /** Whether alarms that are in ALARM before the Start are left out of it. */
  Force: boolean;
}

/** The result of WatchAlarms, for IsBaked. Times are ISO 8601. */
export interface Bake {
  /** CLEAR: the Start may come. */
  Status: 'CLEAR' | 'BAKING' | 'BAKED';
  /** Alarms that are not watched, since they were in ALARM before the Start. */
  Ignored: string[];
  /** Before looking again. */
  WaitSeconds: number;
  BakedUntil?: string;
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
  Bake?: Bake;
  Failure?: CaughtFailure;
  /** KMS's refusal of the probe, or the alarm of the bake. */
  ProbeFailure?: CaughtFailure;
}

/** The state after IsRotationNeeded. */
export interface PlannedState extends RotationState {
  Plan: KeyPlan;
}

/** The state after IsQuotaAvailable. */
export interface GrantedState extends PlannedState {
  Reservation: GrantedReservation;
}

/** The state after IsEncryptionStarted. */
export interface StartedState extends PlannedState {
  Start: StartResult;
}
