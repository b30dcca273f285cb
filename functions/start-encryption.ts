import {
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { namedError } from '../shared/aws-errors.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
  REQUEST_TIMEOUT_MS,
} from '../shared/clients.ts';
import { quote } from '../shared/errors.ts';
import { logger } from '../shared/logger.ts';
import { taskHandler } from '../shared/middleware.ts';
import type { QuotaLedger } from '../shared/quota-ledger.ts';
import type { PlannedState, StartResult } from '../shared/rotation-state.ts';
import {
  judgeStartError,
  MAX_START_ATTEMPTS,
  startBackoffSeconds,
} from '../shared/start-refusal.ts';

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
 * @throws LedgerContended, and what StartStreamEncryption refuses for good;
 *   then the slot is unused again
 */
export function createStartEncryption(dependencies: Dependencies) {
  const { kinesis, ledger, now } = dependencies;
  return taskHandler(async (state: PlannedState): Promise<StartResult> => {
    const { Plan, Reservation, Start } = state;
    const { StreamARN, RotationId, KeyId, KeyArn } = Plan;
    const SlotId = Reservation?.SlotId ?? 0;
    const Attempts = (Start?.Attempts ?? 0) + 1;
    const answered = () => ({
      Attempts,
      SlotId,
      StartedAt: new Date(now()).toISOString(),
    });
    logger.appendKeys({ RotationId, StreamARN });

    const spending = await ledger.spend(
      StreamARN,
      RotationId,
      SlotId,
      REQUEST_TIMEOUT_MS,
    );
    if (spending === 'LEASE_LOST') return { ...answered(), Status: spending };
    if (spending === 'ALREADY_SPENT') {
      // A run of this function before this one may have made the call.
      return { ...answered(), Status: 'UNKNOWN' };
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
      return refused(error, state, SlotId, answered, dependencies);
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
  slotId: number,
  answered: () => Omit<StartResult, 'Status'>,
  { kms, ledger, random }: Dependencies,
): Promise<StartResult> {
  const { StreamARN, RotationId, KeyId } = Plan;
  const refusal = judgeStartError(error);
  const named = namedError(
    error,
    `StartStreamEncryption of StreamName ${quote(Plan.StreamName)} with KeyId ${quote(KeyId)}`,
  );
  const result = { ...answered(), Cause: named.message };
  const mayRetry = result.Attempts < MAX_START_ATTEMPTS;
  logger.warn('StartStreamEncryption failed', { refusal, Name: named.name });
  switch (refusal) {
    case 'UNKNOWN':
      return { ...result, Status: 'UNKNOWN' };
    case 'STREAM_BUSY':
      await ledger.release(StreamARN, RotationId, slotId);
      await ledger.settle(StreamARN, RotationId);
      return { ...result, Status: 'STREAM_BUSY' };
    case 'LIMIT_EXCEEDED':
      if (!mayRetry) {
        await ledger.exhaust(StreamARN, RotationId, slotId);
        return { ...result, Status: 'QUOTA_EXHAUSTED' };
      }
  }
  await ledger.release(StreamARN, RotationId, slotId);
  const isForNow =
    refusal === 'LIMIT_EXCEEDED' ||
    refusal === 'THROTTLED' ||
    (refusal === 'KEY_STATE' && (await isComing(kms, KeyId)));
  if (!isForNow || !mayRetry) throw named;
  const WaitSeconds = startBackoffSeconds(result.Attempts, random());
  return { ...result, Status: 'THROTTLED', WaitSeconds };
}

/** Whether a key that cannot be used yet is on its way to being usable. */
async function isComing(kms: KMSClient, keyId: string): Promise<boolean> {
  const { KeyMetadata } = await kms.send(
    new DescribeKeyCommand({ KeyId: keyId }),
  );
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
