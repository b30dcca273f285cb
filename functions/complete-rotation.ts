import type { Success } from '../shared/contract/outcome.ts';
import { quotaLedger } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import { measureOutcome } from '../shared/lambda/metrics.ts';
import { type Notifier, notifier } from '../shared/lambda/notifier.ts';
import type { QuotaLedger } from '../shared/ledger/quota-ledger.ts';
import type { PlannedState } from '../shared/rotation/state.ts';
import { assertNotSuperseded } from '../shared/rotation/superseded.ts';

interface Dependencies {
  ledger: QuotaLedger;
  notifier: Notifier;
}

/**
 * Releases the lease, keeps a record, publishes the outcome and returns it.
 *
 * @throws LedgerContended, and KeyMismatch when another key was applied before
 *   the probe
 */
export function createCompleteRotation({ ledger, notifier }: Dependencies) {
  return taskHandler(async (state: PlannedState): Promise<Success> => {
    const { Plan, Description, Verification } = state;
    const { StreamARN, RotationId, KeyId, KeyArn } = Plan;
    logger.appendKeys({ RotationId });
    const ActiveAt = Description?.ActiveAt ?? null;
    const { Quota, LastApplied } = await ledger.settle(
      StreamARN,
      RotationId,
      ActiveAt === null
        ? undefined
        : { KeyId, KeyArn, AppliedAt: Date.parse(ActiveAt) },
    );
    const { VerifiedAt = null, ...proof } = Verification ?? {};
    assertNotSuperseded(state, LastApplied);
    const outcome: Success = {
      Status: 'SUCCEEDED',
      ...result(state),
      RotationId,
      StreamName: Plan.StreamName,
      StreamARN,
      EncryptionType: 'KMS',
      KeyId,
      KeyArn,
      PreviousKeyId: Plan.PreviousKeyId,
      StartedAt: Plan.StartedAt,
      ActiveAt,
      VerifiedAt,
      Verification: Verification ? (proof as Success['Verification']) : null,
      Quota,
      ...(Plan.Trigger && { Trigger: Plan.Trigger }),
    };
    await ledger.record(StreamARN, outcome);
    const { Outcome, Trigger } = outcome;
    logger.info('Rotation succeeded', { Outcome, Quota, Trigger });
    measureOutcome(outcome);
    await notifier.publish(outcome);
    return outcome;
  });
}

function result({
  Plan,
  Reservation,
}: PlannedState): Pick<Success, 'Outcome' | 'InProgressRotationId'> {
  if (Reservation?.Status === 'ALREADY_IN_PROGRESS') {
    const { InProgressRotationId } = Reservation;
    return { Outcome: 'ALREADY_IN_PROGRESS', InProgressRotationId };
  }
  return { Outcome: Plan.Decision === 'UNCHANGED' ? 'UNCHANGED' : 'ROTATED' };
}

export const handler = createCompleteRotation({
  ledger: quotaLedger(),
  notifier: notifier(),
});
