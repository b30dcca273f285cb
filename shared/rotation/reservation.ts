import { RotationError } from '../errors/errors.ts';
import type { Claim } from '../ledger/entry.ts';
import type { Reservation } from '../ledger/reserve.ts';
import type { Quota } from '../ledger/usage.ts';
import { QUOTA_LIMIT } from '../ledger/window.ts';
import type { KeyPlan, ReservationResult } from './state.ts';

/** For a function that outlives its execution, and for a redrive right after it. */
export function stoppedRotation({
  StreamName,
}: Pick<KeyPlan, 'StreamName'>): RotationError {
  return new RotationError(
    'ExecutionAborted',
    `The rotation of StreamName "${StreamName}" was stopped, and one of its functions may still run. Redrive it in two minutes, or start another rotation now`,
  );
}

/**
 * Turns the ledger's answer into the result of ReserveQuota.
 *
 * @throws {RotationError} ExecutionAborted for a rotation that was stopped
 */
export function toReservationResult(
  reservation: Reservation,
  plan: Pick<KeyPlan, 'StreamName' | 'KeyId' | 'KeyArn' | 'Decision'>,
): ReservationResult {
  switch (reservation.Status) {
    case 'GRANTED':
    case 'STALE_PLAN':
      return reservation;
    case 'STOPPED':
      throw stoppedRotation(plan);
    case 'QUOTA_EXHAUSTED': {
      const { NextAvailableAt, Quota } = reservation;
      const stream = `StreamName "${plan.StreamName}"`;
      return {
        Status: 'QUOTA_EXHAUSTED',
        NextAvailableAt,
        Cause: exhaustedText(stream, Quota, NextAvailableAt),
      };
    }
    case 'IN_PROGRESS': {
      const { RotationId, StartedAt, KeyId, KeyArn } = reservation.Lease;
      // No other rotation does this rotation's rollback.
      const isSame = KeyArn === plan.KeyArn && plan.Decision !== 'ROLL_BACK';
      return {
        Status: isSame ? 'ALREADY_IN_PROGRESS' : 'ROTATION_IN_PROGRESS',
        InProgressRotationId: RotationId,
        Cause: `${RotationId} has been moving StreamName "${plan.StreamName}" to ${KeyId} since ${StartedAt}${isSame ? '' : `, and this rotation asks for ${plan.KeyId}; start it again when that one has ended`}`,
      };
    }
  }
}

function exhaustedText(
  stream: string,
  { Used, Remaining, UsedByOthers }: Quota,
  next: string,
): string {
  if (UsedByOthers) {
    return `${stream} has used ${Used - UsedByOthers} of its ${QUOTA_LIMIT} keys in 24 hours by this ledger, and AWS refuses more with LimitExceededException: callers outside the ledger have used the rest, or AWS limits the rate of calls. Start the rotation again at ${next}, or with OnQuotaExhausted WAIT`;
  }
  return Remaining > 0
    ? `${stream} has ${Remaining} slot left of its ${QUOTA_LIMIT} in 24 hours, and KeepSlotForRollback asks for two; two are free at ${next}. Start the rotation again then, with OnQuotaExhausted WAIT, or without KeepSlotForRollback`
    : `${stream} has used ${Used} of its ${QUOTA_LIMIT} keys in 24 hours; the next slot is free at ${next}. Start the rotation again then, or with OnQuotaExhausted WAIT`;
}

/** For the lease: what is known of a rollback whose execution is stopped. */
export function rolledBackKey({
  Decision,
  Rollback,
}: Pick<KeyPlan, 'Decision' | 'Rollback'>): Pick<Claim, 'RollsBack'> {
  if (Decision !== 'ROLL_BACK' || Rollback === undefined) return {};
  const { KeyId, KeyArn, PreviousKeyId } = Rollback;
  return { RollsBack: { KeyId, KeyArn, PreviousKeyId } };
}
