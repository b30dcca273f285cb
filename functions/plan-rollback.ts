import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import { isRightPending } from '../shared/errors/aws-errors.ts';
import { readStreamArn } from '../shared/identifiers/arn.ts';
import {
  kinesisClient,
  kmsClient,
  ledgerReader,
} from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import type { LedgerReader } from '../shared/ledger/ledger-reader.ts';
import { describeKeys } from '../shared/lookup/describe-keys.ts';
import { describeStream } from '../shared/lookup/describe-stream.ts';
import { planRollback } from '../shared/rotation/rollback.ts';
import type { PlannedState } from '../shared/rotation/state.ts';

interface Dependencies {
  kinesis: KinesisClient;
  kms: KMSClient;
  ledger: Pick<LedgerReader, 'read'>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Decides how to return a stream to its previous key when the new key cannot be
 * used. Read-only.
 *
 * @throws what DescribeStreamSummary refuses
 */
export function createPlanRollback(dependencies: Dependencies) {
  const { kinesis, kms, ledger, now } = dependencies;
  return taskHandler(async (state: PlannedState) => {
    const { StreamARN, RotationId, ...plan } = state.Plan;
    logger.appendKeys({ RotationId });
    const { PreviousKeyId, PreviousKeyArn } = plan.Rollback ?? plan;
    // Read before the stream: a rotation that ends in between makes the plan stale.
    const Entry = await ledger.read(StreamARN);
    const Stream = await describeStream(kinesis, { StreamARN });
    const keyIds = [PreviousKeyId, PreviousKeyArn].filter(
      (keyId) => keyId !== null,
    );
    const { region } = readStreamArn(StreamARN);
    const Keys = await describeKeys(kms, { KeyIds: keyIds }, region);
    const pending = Keys.find(({ Refusal }) =>
      isRightPending(Refusal, plan.RightsDeadline, now()),
    );
    if (pending !== undefined) throw pending.Refusal;
    const Plan = planRollback({
      State: state,
      Stream,
      Keys,
      Entry,
      Now: now(),
    });
    const { KeyId, Rollback } = Plan;
    logger.warn('Rollback planned', {
      KeyId,
      Failure: Rollback?.Failure.Error,
      Impossible: Rollback?.Impossible,
    });
    return { Plan };
  }, now);
}

export const handler = createPlanRollback({
  kinesis: kinesisClient(),
  kms: kmsClient(),
  ledger: ledgerReader(),
  now: Date.now,
});
