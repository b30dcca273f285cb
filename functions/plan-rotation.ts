import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  type StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { namedError } from '../shared/aws-errors.ts';
import { kinesisClient, kmsClient, quotaLedger } from '../shared/clients.ts';
import { quote, RotationError } from '../shared/errors.ts';
import { parseKeyId } from '../shared/key-identity.ts';
import type { ResolvedKey } from '../shared/key-ring.ts';
import type { LedgerEntry } from '../shared/ledger-entry.ts';
import { logger } from '../shared/logger.ts';
import { taskHandler } from '../shared/middleware.ts';
import { currentKey, decidePlan, type Plan } from '../shared/plan.ts';
import type { QuotaLedger } from '../shared/quota-ledger.ts';
import { parseRequest, type RotationRequest } from '../shared/request.ts';
import type { RotationState } from '../shared/rotation-state.ts';
import {
  parseStreamArn,
  streamOfExecution,
} from '../shared/stream-identity.ts';

interface Dependencies {
  kinesis: KinesisClient;
  kms: KMSClient;
  ledger: QuotaLedger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

interface PlanRotationEvent {
  /** The execution's input, whatever it is. */
  Request: unknown;
  RotationId: string;
  /** ISO 8601. */
  StartedAt: string;
  /** The state that an earlier round left; the request itself at first. */
  Previous?: unknown;
}

/**
 * Reads the request, looks at stream, keys and ledger, and decides. Changes
 * nothing.
 *
 * @throws InvalidRequest, UnusableKey, InvalidKeyRing, StreamBusy, and what
 *   DescribeStreamSummary and kms:DescribeKey refuse
 */
export function createPlanRotation(dependencies: Dependencies) {
  const { kms, now } = dependencies;
  return taskHandler(async (event: PlanRotationEvent) => {
    const request = parseRequest(event.Request);
    logger.appendKeys({ RotationId: event.RotationId });
    const { stream, entry } = await lookAt(request, event, dependencies);
    const region = parseStreamArn(stream.StreamARN ?? '')?.Region ?? '';
    const keys = await resolveKeys(kms, request, region);
    const known = keys.find((key) => key.KeyId === stream.KeyId);
    const resolved =
      known?.Metadata?.Arn ??
      (await resolveCurrent(kms, stream, entry.LastApplied?.KeyId));
    const plan = decidePlan({
      RotationId: event.RotationId,
      StartedAt: event.StartedAt,
      Request: request,
      Stream: stream,
      Keys: keys,
      Current: currentKey(stream.KeyId, entry, resolved),
      Entry: entry,
      Previous: event.Previous as Partial<RotationState>,
      Now: now(),
    });
    const { Decision, Reason, StreamName, Trigger } = plan;
    logger.info('Rotation planned', { Decision, Reason, StreamName, Trigger });
    return { Plan: plan } satisfies { Plan: Plan };
  });
}

/**
 * The ledger is read before the stream: then a rotation that ends in between
 * shows in the ledger as something new, and the plan as stale. Asked in the
 * other order, its key would go unseen and be applied a second time.
 */
async function lookAt(
  request: RotationRequest,
  { RotationId }: PlanRotationEvent,
  { kinesis, ledger }: Dependencies,
): Promise<{ stream: StreamDescriptionSummary; entry: LedgerEntry }> {
  const arn = streamOfExecution(request, RotationId);
  const entry = arn === undefined ? undefined : await ledger.read(arn);
  const stream = await describeStream(kinesis, request);
  const { StreamARN = '' } = stream;
  if (entry !== undefined && StreamARN === arn) return { stream, entry };
  // Only an emulator answers with another account than the execution's.
  return {
    entry: await ledger.read(StreamARN),
    stream: await describeStream(kinesis, request),
  };
}

async function describeStream(
  kinesis: KinesisClient,
  { StreamName, StreamARN }: RotationRequest,
): Promise<StreamDescriptionSummary> {
  const here = await kinesis.config.region();
  const arn = StreamARN === undefined ? undefined : parseStreamArn(StreamARN);
  if (arn !== undefined && arn.Region !== here) {
    throw new RotationError(
      'InvalidRequest',
      `StreamARN ${quote(StreamARN)} is in Region ${arn.Region}, and this state machine runs in ${here}; start the rotation in ${arn.Region}`,
    );
  }
  const subject = StreamARN
    ? `StreamARN ${quote(StreamARN)}`
    : `StreamName ${quote(StreamName)}`;
  try {
    const { StreamDescriptionSummary } = await kinesis.send(
      new DescribeStreamSummaryCommand(
        StreamARN ? { StreamARN } : { StreamName },
      ),
    );
    return StreamDescriptionSummary as StreamDescriptionSummary;
  } catch (error) {
    throw namedError(error, subject);
  }
}

function resolveKeys(
  kms: KMSClient,
  { KeyId, KeyIds }: RotationRequest,
  region: string,
): Promise<ResolvedKey[]> {
  const field = KeyIds ? 'KeyIds' : 'KeyId';
  return Promise.all(
    (KeyIds ?? [KeyId ?? '']).map((id) => resolveKey(kms, field, id, region)),
  );
}

/** KMS finds no key of another Region, so that is told from the ARN alone. */
async function resolveKey(
  kms: KMSClient,
  field: string,
  keyId: string,
  region: string,
): Promise<ResolvedKey> {
  const keyRegion = parseKeyId(keyId)?.Region;
  if (keyRegion !== undefined && keyRegion !== region) {
    const Refusal = new RotationError(
      'UnusableKey',
      `${field} ${quote(keyId)} is in Region ${keyRegion}, and the stream is in ${region}; use a key of the stream's Region`,
    );
    return { KeyId: keyId, Refusal };
  }
  try {
    const { KeyMetadata } = await kms.send(
      new DescribeKeyCommand({ KeyId: keyId }),
    );
    return { KeyId: keyId, Metadata: KeyMetadata };
  } catch (error) {
    const Refusal = namedError(error, `${field} ${quote(keyId)}`);
    if (Refusal.name === 'ServiceUnavailable') throw Refusal;
    return { KeyId: keyId, Refusal };
  }
}

/** A current key that KMS no longer knows is simply none of the request's. */
async function resolveCurrent(
  kms: KMSClient,
  stream: StreamDescriptionSummary,
  lastApplied: string | undefined,
): Promise<string | undefined> {
  if (stream.KeyId === undefined || stream.KeyId === lastApplied) return;
  const region = parseStreamArn(stream.StreamARN ?? '')?.Region ?? '';
  const key = await resolveKey(kms, 'KeyId', stream.KeyId, region);
  return key.Metadata?.Arn;
}

export const handler = createPlanRotation({
  kinesis: kinesisClient(),
  kms: kmsClient(),
  ledger: quotaLedger(),
  now: Date.now,
});
