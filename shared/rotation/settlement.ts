import type { Failure, RollbackOutcome } from '../contract/outcome.ts';
import { parseRequest } from '../contract/request.ts';
import {
  isExecutionEnded,
  parseExecutionEnded,
} from '../events/execution-ended.ts';
import { isoTime } from '../events/iso-time.ts';
import { readStreamArn, streamOfExecution } from '../identifiers/arn.ts';
import type { LastApplied, Lease } from '../ledger/entry.ts';
import type { Settlement } from '../ledger/settle.ts';
import { appliedKey, retentionHours } from './completion.ts';
import { isUncaught, readFailure } from './failure.ts';
import { rollbackOutcome } from './rollback.ts';
import type { CaughtFailure, RotationState } from './state.ts';

/** What the state machine passes to SettleFailure when a rotation failed. */
export interface SettleFailureEvent {
  RotationId: string;
  /** ISO 8601. */
  StartedAt: string;
  /** The execution's input, of any type. */
  Request: unknown;
  /**
   * The state so far. PlanRotation's Catch leaves the bare failure, since there
   * is no state yet.
   */
  Progress: RotationState | CaughtFailure;
}

/** A rotation that failed, however SettleFailure was called. */
export interface FailedRotation {
  RotationId: string;
  /** ISO 8601. */
  StartedAt: string;
  Request: unknown;
  failure: CaughtFailure;
  state?: RotationState;
  /** Absent where neither the state nor the input names a stream. */
  streamArn?: string;
  /** Whether the state machine itself called, rather than a rule. */
  isInside: boolean;
  /** Whether the execution was aborted or timed out. */
  wasStopped: boolean;
}

/**
 * Reads what SettleFailure is called with: the state machine's own event, or
 * Step Functions' event of an execution that ended without success.
 *
 * @throws {RotationError} InvalidRequest for another event
 */
export function readFailedRotation(
  event: SettleFailureEvent | object,
): FailedRotation {
  const failed = isExecutionEnded(event)
    ? readFromOutside(event)
    : readFromInside(event as SettleFailureEvent);
  const streamArn =
    failed.state?.Plan.StreamARN ??
    streamOfExecution(failed.Request, failed.RotationId);
  return { ...failed, ...(streamArn !== undefined && { streamArn }) };
}

function readFromOutside(event: object): FailedRotation {
  const { Failure, WasStopped, ...ended } = parseExecutionEnded(event);
  return {
    ...ended,
    failure: readFailure(Failure),
    isInside: false,
    wasStopped: WasStopped,
  };
}

function readFromInside({
  Progress,
  ...event
}: SettleFailureEvent): FailedRotation {
  const state = 'Plan' in Progress ? Progress : undefined;
  return {
    ...event,
    StartedAt: isoTime(event.StartedAt),
    failure: readFailure('Plan' in Progress ? failureOf(Progress) : Progress),
    ...(state && { state }),
    isInside: true,
    wasStopped: false,
  };
}

/** Why the rotation failed, which a later rollback does not change. */
function failureOf({
  Plan,
  ProbeFailure,
  Failure,
}: RotationState): CaughtFailure | undefined {
  const refused = 'Rollback' in Plan ? Plan.Rollback?.Failure : undefined;
  return refused ?? ProbeFailure ?? Failure;
}

/** The slot of a Start that Describe has proved not to be applied. */
export function unappliedSlot(state?: RotationState): number | undefined {
  return state?.Failure?.Error === 'StartNotApplied'
    ? state.Start?.SlotId
    : undefined;
}

/** The key that a rollback applied, though its Start was never answered. */
export function appliedByRollback(
  state?: RotationState,
): LastApplied | undefined {
  return state !== undefined && 'Rollback' in state.Plan
    ? appliedKey(state.Plan, state.Description)
    : undefined;
}

/**
 * Whether a failure that names no stream is published. It held nothing, so a
 * second event from outside repeats the first, except where no Catch ran because
 * the event left its large input out.
 */
export function isUnpublished({ isInside, failure }: FailedRotation): boolean {
  return isInside || isUncaught(failure);
}

/** The outcome of a failed rotation, before anything is known of its stream. */
export function failureOutcome(failed: FailedRotation): Failure {
  const { RotationId, StartedAt, Request, failure } = failed;
  return {
    Status: 'FAILED',
    ...failure,
    RotationId,
    StartedAt,
    ...triggerOf(Request),
  };
}

/** The outcome of a failed rotation that the ledger has settled. */
export function settledOutcome(
  failed: FailedRotation,
  streamArn: string,
  { Lease, SlotsSpent, Quota }: Settlement,
): Failure {
  const { state } = failed;
  const planned = state && 'KeyId' in state.Plan ? state.Plan : undefined;
  const key = planned?.Rollback ?? planned ?? Lease?.RollsBack ?? Lease;
  const rollback = state
    ? rollbackOutcome(state)
    : stoppedRollback(failed, Lease);
  const retention = state && retentionHours(state);
  const isRolledBack = rollback?.Status === 'ROLLED_BACK';
  return {
    ...failureOutcome(failed),
    StreamName: readStreamArn(streamArn).streamName,
    StreamARN: streamArn,
    EncryptionType: 'KMS',
    ...(key && {
      KeyId: key.KeyId,
      KeyArn: key.KeyArn,
      PreviousKeyId: key.PreviousKeyId,
    }),
    ...(planned?.RepointedFrom && { RepointedFrom: planned.RepointedFrom }),
    ...(retention !== undefined && { RetentionPeriodHours: retention }),
    ...(rollback && { Rollback: rollback }),
    ...(isRolledBack && { Outcome: 'ROLLED_BACK' as const }),
    SlotsSpent,
    Quota,
  };
}

/** A rollback that was under way when its execution was stopped. */
function stoppedRollback(
  { failure }: FailedRotation,
  lease: Lease | undefined,
): RollbackOutcome | undefined {
  if (lease?.RollsBack === undefined) return undefined;
  const { Error: name, Cause } = failure;
  return {
    Status: 'FAILED',
    Cause: `${name}: ${Cause}; it was returning the stream to ${lease.KeyId}`,
  };
}

function triggerOf(request: unknown): Pick<Failure, 'Trigger'> {
  try {
    const { Trigger } = parseRequest(request);
    return Trigger ? { Trigger } : {};
  } catch {
    return {};
  }
}
