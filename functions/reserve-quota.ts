import { quotaLedger } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import type { QuotaLedger } from '../shared/ledger/quota-ledger.ts';
import { QUOTA_LIMIT } from '../shared/ledger/window.ts';
import { LEASE_MS } from '../shared/rotation/deadlines.ts';
import type {
  PlannedState,
  ReservationResult,
} from '../shared/rotation/state.ts';

interface Dependencies {
  ledger: QuotaLedger;
}

/**
 * Takes the stream's lease and one slot of its quota, or says why not.
 *
 * @throws LedgerContended
 */
export function createReserveQuota({ ledger }: Dependencies) {
  return taskHandler(async (state: PlannedState) => {
    const { Plan, Start, Description } = state;
    logger.appendKeys({ RotationId: Plan.RotationId });
    if (Description?.Status === 'NOT_APPLIED' && Start?.SlotId !== undefined) {
      const { StreamARN, RotationId } = Plan;
      await ledger.release(StreamARN, RotationId, Start.SlotId, 'SEEN');
    }
    const reservation = await ledger.reserve(Plan.StreamARN, {
      ...Plan,
      LeaseMs: LEASE_MS,
    });
    logger.info('Quota requested', { Status: reservation.Status });
    return toResult(reservation, Plan);
  });
}

function toResult(
  reservation: Awaited<ReturnType<QuotaLedger['reserve']>>,
  plan: PlannedState['Plan'],
): ReservationResult {
  switch (reservation.Status) {
    case 'GRANTED':
    case 'STALE_PLAN':
      return reservation;
    case 'QUOTA_EXHAUSTED': {
      const { NextAvailableAt, Quota } = reservation;
      const others = Quota.UsedByOthers
        ? `, ${Quota.UsedByOthers} of them outside this ledger`
        : '';
      if (Quota.Remaining > 0) {
        return {
          Status: 'QUOTA_EXHAUSTED',
          NextAvailableAt,
          Cause: `StreamName "${plan.StreamName}" has ${Quota.Remaining} slot left of its ${QUOTA_LIMIT} in 24 hours, and KeepSlotForRollback asks for two; two are free at ${NextAvailableAt}. Start the rotation again then, with OnQuotaExhausted WAIT, or without KeepSlotForRollback`,
        };
      }
      return {
        Status: 'QUOTA_EXHAUSTED',
        NextAvailableAt,
        Cause: `StreamName "${plan.StreamName}" has used ${Quota.Used} of its ${QUOTA_LIMIT} keys in 24 hours${others}; the next slot is free at ${NextAvailableAt}. Start the rotation again then, or with OnQuotaExhausted WAIT`,
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

export const handler = createReserveQuota({ ledger: quotaLedger() });
