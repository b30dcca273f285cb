import type { Failure, Outcome } from '../shared/contract/outcome.ts';
import { quotaLedger } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import { measureOutcome } from '../shared/lambda/metrics.ts';
import { type Notifier, notifier } from '../shared/lambda/notifier.ts';
import type { QuotaLedger } from '../shared/ledger/quota-ledger.ts';
import type { Settlement } from '../shared/ledger/settle.ts';
import { streamSight } from '../shared/rotation/completion.ts';
import {
  appliedByRollback,
  type FailedRotation,
  failureOutcome,
  isUnpublished,
  readFailedRotation,
  type SettleFailureEvent,
  settledOutcome,
  unappliedSlot,
} from '../shared/rotation/settlement.ts';

interface Dependencies {
  ledger: QuotaLedger;
  notifier: Notifier;
}

/**
 * Gives back what a failed rotation held: its lease, and a slot that AWS did not
 * count. Keeps a record and publishes the outcome. May be called any number of
 * times, also for a rotation that held nothing.
 *
 * The state machine calls it. So does a rule, with Step Functions' event of an
 * execution that ended without success: an execution that was aborted or timed
 * out ran no Catch. A record that exists by then stays as it is and is the
 * answer. A stopped execution may or may not have published it, so it is
 * published again.
 *
 * @throws LedgerContended, and InvalidRequest for another event
 */
export function createSettleFailure({ ledger, notifier }: Dependencies) {
  return taskHandler(
    async (event: SettleFailureEvent | object): Promise<Outcome> => {
      const failed = readFailedRotation(event);
      const { RotationId, streamArn, state } = failed;
      logger.appendKeys({ RotationId });
      if (streamArn === undefined) {
        const outcome = failureOutcome(failed);
        if (isUnpublished(failed)) await announce(outcome, notifier);
        return outcome;
      }
      const settlement = await settle(failed, streamArn, ledger);
      const outcome = settledOutcome(failed, streamArn, settlement);
      const recorded = await ledger
        .record(streamArn, outcome, state ? 'IF_FAILED' : 'IF_NEW')
        .catch((error) => {
          // Why the rotation failed matters more than that its record did.
          logger.error('The outcome could not be recorded', { error });
          return outcome;
        });
      if (failed.isInside || recorded === outcome) {
        await announce(outcome, notifier);
        return outcome;
      }
      if (failed.wasStopped) await notifier.publish(recorded);
      return recorded;
    },
  );
}

/** What the rotation held is given back, with an unused slot. */
async function settle(
  { RotationId, state, wasStopped }: FailedRotation,
  streamArn: string,
  ledger: QuotaLedger,
): Promise<Settlement> {
  if (wasStopped) return ledger.settleStopped(streamArn, RotationId);
  const slotId = unappliedSlot(state);
  if (slotId !== undefined) {
    await ledger.release(streamArn, RotationId, slotId, 'SEEN');
  }
  return ledger.settle(streamArn, RotationId, {
    applied: appliedByRollback(state),
    sight: state && streamSight(state),
  });
}

async function announce(outcome: Failure, notifier: Notifier): Promise<void> {
  logger.error('Rotation failed', {
    ErrorName: outcome.Error,
    Cause: outcome.Cause,
    Quota: outcome.Quota,
    Trigger: outcome.Trigger,
  });
  measureOutcome(outcome);
  await notifier.publish(outcome);
}

export const handler = createSettleFailure({
  ledger: quotaLedger(),
  notifier: notifier(),
});
