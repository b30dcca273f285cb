import type { SFNClient } from '@aws-sdk/client-sfn';
import { quotaLedger, sfnClient } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import type { Lease } from '../shared/ledger/entry.ts';
import type { QuotaLedger } from '../shared/ledger/quota-ledger.ts';
import { STOPPED_MS } from '../shared/ledger/window.ts';
import { endOfExecution } from '../shared/lookup/describe-execution.ts';
import { bakeMs } from '../shared/rotation/bake.ts';
import { LEASE_MS } from '../shared/rotation/deadlines.ts';
import {
  rolledBackKey,
  toReservationResult,
} from '../shared/rotation/reservation.ts';
import type { PlannedState } from '../shared/rotation/state.ts';

interface Dependencies {
  ledger: QuotaLedger;
  /** Where the rotations run; undefined outside AWS. */
  sfn?: SFNClient | undefined;
}

/**
 * Takes the stream's lease and one slot of its quota, or says why not. The lease of
 * a rotation whose execution has ended is given back first: its settlement may have
 * been lost, or be under way.
 *
 * @throws LedgerContended, and ExecutionAborted for a rotation that was stopped
 */
export function createReserveQuota({ ledger, sfn }: Dependencies) {
  return taskHandler(async (state: PlannedState) => {
    const { Plan, Start, Description } = state;
    logger.appendKeys({ RotationId: Plan.RotationId });
    if (Description?.Status === 'NOT_APPLIED' && Start !== undefined) {
      const { StreamARN, RotationId } = Plan;
      await ledger.release(StreamARN, RotationId, Start.SlotId, 'SEEN');
    }
    const LeaseMs = LEASE_MS + bakeMs(Plan.Bake);
    const claim = { ...Plan, ...rolledBackKey(Plan), LeaseMs };
    let reservation = await ledger.reserve(Plan.StreamARN, claim);
    if (
      reservation.Status === 'IN_PROGRESS' &&
      (await isAbandoned(reservation.Lease, sfn))
    ) {
      const { RotationId } = reservation.Lease;
      logger.warn('Lease of an ended execution', { Ended: RotationId });
      await ledger.settleStopped(Plan.StreamARN, RotationId);
      reservation = await ledger.reserve(Plan.StreamARN, claim);
    }
    logger.info('Quota requested', { Status: reservation.Status });
    return toReservationResult(reservation, Plan);
  });
}

/**
 * Whether the execution that took a lease has ended. Only a redrive takes one after
 * its functions' time limit; then the answer is that of before the redrive.
 */
async function isAbandoned(
  { RotationId, ExpiresAt, TakenAt = ExpiresAt - LEASE_MS }: Lease,
  sfn: SFNClient | undefined,
): Promise<boolean> {
  const endedAt = await endOfExecution(sfn, RotationId);
  return endedAt !== undefined && TakenAt < endedAt + STOPPED_MS;
}

export const handler = createReserveQuota({
  ledger: quotaLedger(),
  sfn: sfnClient(),
});
