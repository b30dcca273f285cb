import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import { isRightPending } from '../shared/errors/aws-errors.ts';
import { AwsRefusal } from '../shared/errors/errors.ts';
import { kinesisClient, kmsClient } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import { describeKey } from '../shared/lookup/describe-keys.ts';
import { describeStream } from '../shared/lookup/describe-stream.ts';
import type { KeyPlan, StartedState } from '../shared/rotation/state.ts';
import { classifyStreamStatus } from '../shared/rotation/stream-status.ts';

interface Dependencies {
  kinesis: KinesisClient;
  kms: KMSClient;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Describes the stream and says whether it is ACTIVE with the plan's key, still
 * UPDATING, or was never moved, and when to describe it again. Read-only.
 *
 * @throws UpdateTimedOut, KeyMismatch, StartNotApplied, StartUnconfirmed,
 *   StreamBusy, and what DescribeStreamSummary refuses
 */
export function createDescribeStream({ kinesis, kms, now }: Dependencies) {
  return taskHandler(async (state: StartedState) => {
    const { Plan, Start, Description } = state;
    logger.appendKeys({ RotationId: Plan.RotationId });
    const { StreamARN } = Plan;
    const {
      StreamStatus,
      KeyId = null,
      RetentionPeriodHours,
    } = await describeStream(kinesis, { StreamARN });
    const description = classifyStreamStatus(
      {
        StreamStatus,
        KeyId,
        ...(RetentionPeriodHours !== undefined && { RetentionPeriodHours }),
        IsTarget: await isTarget(kms, StreamStatus, KeyId, Plan, now()),
        Now: now(),
      },
      Plan,
      Start,
      Description,
    );
    logger.info('Stream described', {
      StreamStatus,
      Status: description.Status,
    });
    return description;
  }, now);
}

/** By text; by ARN only where the text differs and it matters. */
async function isTarget(
  kms: KMSClient,
  status: string,
  keyId: string | null,
  plan: KeyPlan,
  now: number,
): Promise<boolean> {
  if (keyId === plan.KeyId || keyId === plan.KeyArn) return true;
  if (keyId === null || status !== 'ACTIVE') return false;
  if (keyId === plan.PreviousKeyId) return false;
  try {
    const { Arn } = await describeKey(kms, keyId);
    return Arn === plan.KeyArn;
  } catch (error) {
    if (isRightPending(error, plan.RightsDeadline, now)) throw error;
    if (error instanceof AwsRefusal) return false;
    throw error;
  }
}

export const handler = createDescribeStream({
  kinesis: kinesisClient(),
  kms: kmsClient(),
  now: Date.now,
});
