import { quotaLedger } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import type { QuotaLedger } from '../shared/ledger/quota-ledger.ts';
import { LEASE_MS } from '../shared/rotation/deadlines.ts';
import {
  rolledBackKey,
  toReservationResult,
} from '../shared/rotation/reservation.ts';
import type { PlannedState } from '../shared/rotation/state.ts';

interface Dependencies {
  ledger: QuotaLedger;
}

/**
 * Takes the stream's lease and one slot of its quota, or says why not.
 *
 * @throws LedgerContended, and ExecutionAborted for a rotation that was stopped
 */
export function createReserveQuota({ ledger }: Dependencies) {
  return taskHandler(async (state: PlannedState) => {
    const { Plan, Start, Description } = state;
    logger.appendKeys({ RotationId: Plan.RotationId });
    if (Description?.Status === 'NOT_APPLIED' && Start !== undefined) {
      const { StreamARN, RotationId } = Plan;
      await ledger.release(StreamARN, RotationId, Start.SlotId, 'SEEN');
    }
    const reservation = await ledger.reserve(Plan.StreamARN, {
      ...Plan,
      ...rolledBackKey(Plan),
      LeaseMs: LEASE_MS,
    });
    logger.info('Quota requested', { Status: reservation.Status });
    return toReservationResult(reservation, Plan);
  });
}

export const handler = createReserveQuota({ ledger: quotaLedger() });
