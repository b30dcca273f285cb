import {
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { namedError } from '../shared/errors/aws-errors.ts';
import { RotationError } from '../shared/errors/errors.ts';
import { quote } from '../shared/errors/text.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
  REQUEST_TIMEOUT_MS,
} from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import type { QuotaLedger } from '../shared/ledger/quota-ledger.ts';
import { ANSWER_MS } from '../shared/ledger/window.ts';
import {
  classifyStartError,
  MAX_START_ATTEMPTS,
  startBackoffSeconds,
} from '../shared/rotation/start-error.ts';
import type { PlannedState, StartResult } from '../shared/rotation/state.ts';

interface Dependencies {
  /** Must not retry by itself: a second Start is a second slot. */
  kinesis: KinesisClient;
  kms: KMSClient;
  ledger: QuotaLedger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** In [0, 1). */
  random: () => number;
}

/**
 * Calls StartStreamEncryption once, between two stamps of the slot: before it,
 * so that a crash leaves the slot counted, and after its answer, the latest
 * moment at which AWS can have counted it.
 *
 * @throws LedgerContended, ServiceUnavailable, and what StartStreamEncryption
 *   refuses for good; then the slot is unused again
 */
export function createStartEncryption(dependencies: Dependencies) {
  const { kinesis, ledger, now } = dependencies;
  return taskHandler(async (state: PlannedState): Promise<StartResult> => {
    const { Plan, Reservation, Start } = state;
    const { StreamARN, RotationId, KeyId, KeyArn } = Plan;
    const SlotId = Reservation?.SlotId ?? 0;
    const { Throttled = 0, LimitExceeded = 0, Unanswered = 0 } = Start ?? {};
    const answered = (at = now()) => ({
      Throttled,
      LimitExceeded,
      Unanswered,
      SlotId,
      StartedAt: new Date(at).toISOString(),
    });
    logger.appendKeys({ RotationId, StreamARN });

    const spentBy = now() + ANSWER_MS - REQUEST_TIMEOUT_MS;
    const spending = await ledger.spend(
      StreamARN,
      RotationId,
      SlotId,
      ANSWER_MS,
    );
    if (spending.Status === 'LEASE_LOST') {
      return { ...answered(), Status: 'LEASE_LOST' };
    }
    if (spending.Status === 'ALREADY_SPENT') {
      // A run of this function before this one made the call, or was about to.
      const { StampedAt, RequestId } = spending;
      return RequestId === undefined
        ? { ...answered(), Status: 'UNKNOWN', Unanswered: Unanswered + 1 }
        : { ...answered(StampedAt), Status: 'STARTED', RequestId };
    }

    if (now() > spentBy) {
      // AWS might count the call later than the stamp says.
      await ledger.release(StreamARN, RotationId, SlotId, 'REFUSED');
      throw new RotationError(
        'ServiceUnavailable',
        `The ledger's entry for StreamName ${quote(Plan.StreamName)} took too long to be written, so StartStreamEncryption was not called`,
      );
    }

    let RequestId: string;
    try {
      const { $metadata } = await kinesis.send(
        new StartStreamEncryptionCommand({
          StreamARN,
          EncryptionType: 'KMS',
          KeyId,
        }),
      );
      RequestId = $metadata.requestId ?? 'unknown';
    } catch (error) {
      return refused(error, state, answered(), dependencies);
    }
    await ledger.confirm(
      StreamARN,
      RotationId,
      SlotId,
      { KeyId, KeyArn },
      RequestId,
    );
    logger.info('StartStreamEncryption answered', { RequestId, KeyArn });
    return { ...answered(), Status: 'STARTED', RequestId };
  });
}

async function refused(
  error: unknown,
  { Plan }: PlannedState,
  so: Omit<StartResult, 'Status'> & { SlotId: number },
  { kms, ledger, random }: Dependencies,
): Promise<StartResult> {
  const { StreamARN, RotationId, KeyId } = Plan;
  const refusal = classifyStartError(error);
  const named = namedError(
    error,
    `StartStreamEncryption of StreamName ${quote(Plan.StreamName)} with KeyId ${quote(KeyId)}`,
  );
  const Cause = named.message;
  logger.warn('StartStreamEncryption failed', { refusal, Name: named.name });

  // After an unanswered call, the stream is most likely busy with that one.
  const isOurs = refusal === 'STREAM_BUSY' && so.Unanswered > 0;
  if (refusal === 'UNKNOWN' || isOurs) {
    return { ...so, Cause, Status: 'UNKNOWN', Unanswered: so.Unanswered + 1 };
  }
  const isLimit = refusal === 'LIMIT_EXCEEDED';
  const LimitExceeded = isLimit ? so.LimitExceeded + 1 : 0;
  if (LimitExceeded >= MAX_START_ATTEMPTS) {
    await ledger.exhaust(StreamARN, RotationId, so.SlotId);
    return { ...so, Cause, Status: 'QUOTA_EXHAUSTED' };
  }
  await ledger.release(StreamARN, RotationId, so.SlotId, 'REFUSED');
  if (refusal === 'STREAM_BUSY') {
    await ledger.settle(StreamARN, RotationId);
    return { ...so, Cause, Status: 'STREAM_BUSY' };
  }
  const isRetryable =
    isLimit ||
    refusal === 'THROTTLED' ||
    (refusal === 'KEY_STATE' && (await isBecomingUsable(kms, KeyId)));
  const Throttled = so.Throttled + (isLimit ? 0 : 1);
  if (!isRetryable || Throttled >= MAX_START_ATTEMPTS) throw named;
  const WaitSeconds = startBackoffSeconds(
    Math.max(Throttled, LimitExceeded),
    random(),
  );
  return {
    ...so,
    Cause,
    Status: 'THROTTLED',
    Throttled,
    LimitExceeded,
    WaitSeconds,
  };
}

/** Whether a key that cannot be used yet is on its way to being usable. */
async function isBecomingUsable(
  kms: KMSClient,
  keyId: string,
): Promise<boolean> {
  const { KeyMetadata } = await kms
    .send(new DescribeKeyCommand({ KeyId: keyId }))
    .catch(() => ({ KeyMetadata: undefined }));
  const state = KeyMetadata?.KeyState;
  return state === 'Creating' || state === 'Updating';
}

export const handler = createStartEncryption({
  kinesis: kinesisClient({ maxAttempts: 1 }),
  kms: kmsClient(),
  ledger: quotaLedger(),
  now: Date.now,
  random: Math.random,
});
