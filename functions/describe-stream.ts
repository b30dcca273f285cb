import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import {
  isServiceError,
  isThrottling,
  namedError,
} from '../shared/errors/aws-errors.ts';
import { quote } from '../shared/errors/text.ts';
import { kinesisClient, kmsClient } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import type { KeyPlan } from '../shared/rotation/plan.ts';
import type { PlannedState } from '../shared/rotation/state.ts';
import { classifyStreamStatus } from '../shared/rotation/stream-status.ts';

interface Dependencies {
  kinesis: KinesisClient;
  kms: KMSClient;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Looks at the stream and says whether it is ACTIVE with our key, still on its
 * way, or was never moved, and when to look again. Changes nothing.
 *
 * @throws UpdateTimedOut, KeyMismatch, StartNotApplied, StartUnconfirmed,
 *   StreamBusy, and what DescribeStreamSummary refuses
 */
export function createDescribeStream({ kinesis, kms, now }: Dependencies) {
  return taskHandler(async (state: PlannedState) => {
    const { Plan, Start, Description } = state;
    logger.appendKeys({ RotationId: Plan.RotationId });
    const summary = await kinesis
      .send(new DescribeStreamSummaryCommand({ StreamARN: Plan.StreamARN }))
      .catch((error: unknown) => {
        throw namedError(error, `StreamName ${quote(Plan.StreamName)}`);
      });
    const { StreamStatus = '', KeyId = null } =
      summary.StreamDescriptionSummary ?? {};
    const description = classifyStreamStatus(
      {
        StreamStatus,
        KeyId,
        IsTarget: await isTarget(kms, StreamStatus, KeyId, Plan),
        Now: now(),
      },
      Plan,
      Start ?? { Status: 'UNKNOWN', StartedAt: Plan.StartedAt, Unanswered: 1 },
      Description,
    );
    logger.info('Stream described', {
      StreamStatus,
      Status: description.Status,
    });
    return description;
  });
}

/** By text; by ARN only where the text differs and it matters. */
async function isTarget(
  kms: KMSClient,
  status: string,
  keyId: string | null,
  plan: KeyPlan,
): Promise<boolean> {
  if (keyId === plan.KeyId || keyId === plan.KeyArn) return true;
  if (keyId === null || status !== 'ACTIVE') return false;
  if (keyId === plan.PreviousKeyId) return false;
  try {
    const { KeyMetadata } = await kms.send(
      new DescribeKeyCommand({ KeyId: keyId }),
    );
    return KeyMetadata?.Arn === plan.KeyArn;
  } catch (error) {
    if (isServiceError(error) && !isThrottling(error)) return false;
    throw error;
  }
}

export const handler = createDescribeStream({
  kinesis: kinesisClient(),
  kms: kmsClient(),
  now: Date.now,
});
