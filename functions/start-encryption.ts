import {
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import {
  boundaryOf,
  deployedBoundaries,
  type StreamBoundaries,
} from '../shared/config/stream-boundary.ts';
import { nameError } from '../shared/errors/aws-errors.ts';
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
import { describeKey, requireInRing } from '../shared/lookup/describe-keys.ts';
import { plannedKey } from '../shared/rotation/completion.ts';
import {
  classifyStartError,
  decideOnStartError,
} from '../shared/rotation/start-error.ts';
import type {
  GrantedState,
  PlannedState,
  StartResult,
} from '../shared/rotation/state.ts';

interface Dependencies {
  /** Must not retry by itself: a second Start is a second slot. */
  kinesis: KinesisClient;
  kms: KMSClient;
  ledger: QuotaLedger;
  boundaries?: StreamBoundaries;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** In [0, 1). */
  random: () => number;
}

/**
 * Calls StartStreamEncryption once, between two stamps of the slot: before the
 * call, so that a crash leaves the slot counted, and after its answer, the latest
 * moment at which AWS can have counted it.
 *
 * @throws LedgerContended, ServiceUnavailable, KeyNotInRing, and what StartStreamEncryption
 *   refuses for good; the slot is then unused again
 */
export function createStartEncryption(dependencies: Dependencies) {
  const { kinesis, kms, ledger, boundaries = {}, now } = dependencies;
  return taskHandler(async (state: GrantedState): Promise<StartResult> => {
    const { Plan, Reservation, Start } = state;
    const { StreamARN, RotationId, KeyId, KeyArn } = Plan;
    const { SlotId } = Reservation;
    const { Throttled = 0, LimitExceeded = 0, Unanswered = 0 } = Start ?? {};
    const attempt = (at = now()): Attempt => ({
      Throttled,
      LimitExceeded,
      Unanswered,
      SlotId,
      StartedAt: new Date(at).toISOString(),
    });
    logger.appendKeys({ RotationId, StreamARN });
    // A rollback returns to a key that the stream had, not to one of a request.
    if (Plan.Decision !== 'ROLL_BACK') {
      const boundary = boundaryOf(boundaries, Plan.StreamName);
      await requireInRing(kms, boundary, Plan, Plan);
    }

    const spentBy = now() + ANSWER_MS - REQUEST_TIMEOUT_MS;
    const spending = await ledger.spend(
      StreamARN,
      RotationId,
      SlotId,
      ANSWER_MS,
    );
    if (spending.Status === 'LEASE_LOST') {
      return { ...attempt(), Status: 'LEASE_LOST' };
    }
    if (spending.Status === 'ALREADY_SPENT') {
      // An earlier run of this function made the call, or was about to.
      const { StampedAt, RequestId } = spending;
      return RequestId === undefined
        ? { ...attempt(), Status: 'UNKNOWN', Unanswered: Unanswered + 1 }
        : { ...attempt(StampedAt), Status: 'STARTED', RequestId };
    }

    if (now() > spentBy) {
      // AWS might count the call later than the stamp says.
      await ledger.release(StreamARN, RotationId, SlotId, 'REFUSED');
      throw new RotationError(
        'ServiceUnavailable',
        `The ledger entry of StreamName ${quote(Plan.StreamName)} took too long to be written, so StartStreamEncryption was not called`,
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
      return handleStartError(error, state, attempt(), dependencies);
    }
    await ledger.confirm(
      StreamARN,
      RotationId,
      SlotId,
      plannedKey(Plan),
      RequestId,
    );
    logger.info('StartStreamEncryption answered', { RequestId, KeyArn });
    return { ...attempt(), Status: 'STARTED', RequestId };
  }, now);
}

/** A call so far: what every result says of it. */
type Attempt = Omit<StartResult, 'Status'>;

async function handleStartError(
  error: unknown,
  { Plan }: PlannedState,
  attempt: Attempt,
  { kms, ledger, random }: Dependencies,
): Promise<StartResult> {
  const { StreamARN, RotationId, KeyId } = Plan;
  const refusal = classifyStartError(error);
  const named = nameError(
    error,
    `StartStreamEncryption of StreamName ${quote(Plan.StreamName)} with KeyId ${quote(KeyId)}`,
  );
  logger.warn('StartStreamEncryption failed', { refusal, Name: named.name });

  const decision = decideOnStartError(refusal, attempt, random);
  if (decision.Status === 'QUOTA_EXHAUSTED') {
    await ledger.exhaust(StreamARN, RotationId, attempt.SlotId);
  } else if (decision.Status !== 'UNKNOWN') {
    await ledger.release(StreamARN, RotationId, attempt.SlotId, 'REFUSED');
  }
  if (decision.Status === 'STREAM_BUSY') {
    await ledger.settle(StreamARN, RotationId);
  }
  if (decision.Status === 'REFUSED') throw named;
  if (refusal === 'KEY_STATE' && !(await isBecomingUsable(kms, KeyId))) {
    throw named;
  }
  return { ...attempt, ...decision, Cause: named.message };
}

/** Whether a key that cannot be used yet is being created or updated. */
async function isBecomingUsable(
  kms: KMSClient,
  keyId: string,
): Promise<boolean> {
  const key = await describeKey(kms, keyId).catch(() => undefined);
  const state = key?.KeyState;
  return state === 'Creating' || state === 'Updating';
}

export const handler = createStartEncryption({
  kinesis: kinesisClient({ maxAttempts: 1 }),
  kms: kmsClient(),
  ledger: quotaLedger(),
  boundaries: deployedBoundaries,
  now: Date.now,
  random: Math.random,
});
