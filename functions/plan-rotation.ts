import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import {
  boundaryOf,
  boundedProbe,
  deployedBoundaries,
  type StreamBoundaries,
} from '../shared/config/stream-boundary.ts';
import {
  parseRequest,
  type RotationRequest,
} from '../shared/contract/request.ts';
import { requestedStream } from '../shared/contract/requested.ts';
import { isRightPending, rightsPending } from '../shared/errors/aws-errors.ts';
import { isoTime } from '../shared/events/iso-time.ts';
import { streamOfExecution } from '../shared/identifiers/arn.ts';
import {
  kinesisClient,
  kmsClient,
  ledgerReader,
} from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import type { LedgerEntry } from '../shared/ledger/entry.ts';
import type { LedgerReader } from '../shared/ledger/ledger-reader.ts';
import { lookUpKeys, requireInRing } from '../shared/lookup/describe-keys.ts';
import {
  type DescribedStream,
  describeStream,
} from '../shared/lookup/describe-stream.ts';
import { RIGHTS_MS } from '../shared/rotation/deadlines.ts';
import { decidePlan } from '../shared/rotation/plan.ts';
import type { Plan, RotationState } from '../shared/rotation/state.ts';

interface Dependencies {
  kinesis: KinesisClient;
  kms: KMSClient;
  ledger: Pick<LedgerReader, 'read'>;
  boundaries?: StreamBoundaries;
  /** Milliseconds since the epoch. */
  now: () => number;
}

interface PlanRotationEvent {
  /** The execution's input, of any type. */
  Request: unknown;
  RotationId: string;
  /** ISO 8601. */
  StartedAt: string;
  /** The state that an earlier round left; the request itself at first. */
  Previous?: unknown;
}

/**
 * Reads the request, describes stream and keys, reads the ledger, and decides.
 * Read-only. A denial is pending for {@link RIGHTS_MS}: nothing is held yet.
 *
 * @throws RightsPending, InvalidRequest, UnusableKey, InvalidKeyRing, KeyNotInRing,
 *   StreamBusy, and what DescribeStreamSummary and kms:DescribeKey refuse
 */
export function createPlanRotation(dependencies: Dependencies) {
  const { kms, boundaries = {}, now } = dependencies;
  const plan = async (event: PlanRotationEvent, requested: RotationRequest) => {
    const { stream, entry } = await lookAt(requested, event, dependencies);
    const boundary = boundaryOf(boundaries, stream.StreamName);
    const Probe = boundedProbe(requested, boundary, stream.StreamName);
    const request = { ...requested, ...(Probe && { Probe }) };
    const keys = await lookUpKeys(kms, request, stream, entry);
    const made = decidePlan({
      RotationId: event.RotationId,
      StartedAt: isoTime(event.StartedAt),
      Request: request,
      Stream: stream,
      ...keys,
      Entry: entry,
      Previous: event.Previous as Partial<RotationState>,
      IsListed: boundary !== undefined,
      Now: now(),
    });
    // Behind a return, a REVERT asks for the key of that return, and starts nothing.
    const isBehindReturn = 'IsReturn' in made && made.HeldBy !== undefined;
    if (made.Decision === 'ROTATE' && !isBehindReturn) {
      await requireInRing(kms, boundary, made, made);
    }
    return made;
  };
  return taskHandler(async (event: PlanRotationEvent) => {
    const requested = parseRequest(event.Request);
    logger.appendKeys({ RotationId: event.RotationId });
    const Plan = await plan(event, requested).catch((error: unknown) => {
      // Roles have rights on the streams that rotations.yml lists, and on no others.
      const isListed = boundaryOf(boundaries, requestedStream(requested));
      const started = Date.parse(isoTime(event.StartedAt));
      const deadline = new Date(started + RIGHTS_MS).toISOString();
      const isPending = isListed && isRightPending(error, deadline, now());
      throw isPending ? rightsPending(error) : error;
    });
    const { Decision, Reason, StreamName, Trigger } = Plan;
    if ('NoWayBack' in Plan) {
      logger.warn('No rollback is possible', { NoWayBack: Plan.NoWayBack });
    }
    if ('RepointedFrom' in Plan) {
      const { KeyId, KeyArn, RepointedFrom } = Plan;
      logger.warn('Alias repointed', { KeyId, KeyArn, RepointedFrom });
    }
    if ('Warning' in Plan) logger.warn('No help', { Warning: Plan.Warning });
    logger.info('Rotation planned', { Decision, Reason, StreamName, Trigger });
    return { Plan } satisfies { Plan: Plan };
  }, now);
}

/**
 * Reads the ledger before the stream. A rotation that ends in between then shows
 * in the ledger as a newer write, and the plan as stale. In the other order, its
 * key would go unseen and be applied a second time.
 */
async function lookAt(
  request: RotationRequest,
  { RotationId }: PlanRotationEvent,
  { kinesis, ledger }: Dependencies,
): Promise<{ stream: DescribedStream; entry: LedgerEntry }> {
  const arn = streamOfExecution(request, RotationId);
  const entry = arn === undefined ? undefined : await ledger.read(arn);
  const stream = await describeStream(kinesis, request);
  const { StreamARN } = stream;
  if (entry !== undefined && StreamARN === arn) return { stream, entry };
  // Only an emulator answers with another account than the execution's.
  return {
    entry: await ledger.read(StreamARN),
    stream: await describeStream(kinesis, request),
  };
}

export const handler = createPlanRotation({
  kinesis: kinesisClient(),
  kms: kmsClient(),
  ledger: ledgerReader(),
  boundaries: deployedBoundaries,
  now: Date.now,
});
