import type { Success } from '../shared/contract/outcome.ts';
import { quotaLedger } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import { measureOutcome } from '../shared/lambda/metrics.ts';
import { type Notifier, notifier } from '../shared/lambda/notifier.ts';
import type { QuotaLedger } from '../shared/ledger/quota-ledger.ts';
import {
  appliedKey,
  streamSight,
  successOutcome,
} from '../shared/rotation/completion.ts';
import { stoppedRotation } from '../shared/rotation/reservation.ts';
import type { PlannedState } from '../shared/rotation/state.ts';
import { assertNotSuperseded } from '../shared/rotation/superseded.ts';

interface Dependencies {
  ledger: QuotaLedger;
  notifier: Notifier;
}

/**
 * Releases the lease, keeps a record, publishes the outcome and returns it.
 *
 * @throws LedgerContended, KeyMismatch when another key was applied before the
 *   probe, and ExecutionAborted for a rotation that was stopped
 */
export function createCompleteRotation({ ledger, notifier }: Dependencies) {
  return taskHandler(async (state: PlannedState): Promise<Success> => {
    const { StreamARN, RotationId } = state.Plan;
    logger.appendKeys({ RotationId });
    const { Quota, LastApplied, WasStopped } = await ledger.settle(
      StreamARN,
      RotationId,
      {
        applied: appliedKey(state.Plan, state.Description),
        verifiedAt:
          state.Verification && Date.parse(state.Verification.VerifiedAt),
        sight: streamSight(state),
      },
    );
    // Its end is published already; a success would contradict that.
    if (WasStopped) throw stoppedRotation(state.Plan);
    assertNotSuperseded(state, LastApplied);
    const outcome = successOutcome(state, Quota);
    await ledger.record(StreamARN, outcome);
    const { Outcome, Trigger } = outcome;
    logger.info('Rotation succeeded', { Outcome, Quota, Trigger });
    measureOutcome(outcome);
    await notifier.publish(outcome);
    return outcome;
  });
}

export const handler = createCompleteRotation({
  ledger: quotaLedger(),
  notifier: notifier(),
});
