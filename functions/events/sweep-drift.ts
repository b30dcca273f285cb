import type { KinesisClient } from '@aws-sdk/client-kinesis';
import {
  ExecutionAlreadyExists,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import pThrottle from 'p-throttle';
import {
  deployedStreams,
  type ListedStream,
} from '../../shared/config/swept-streams.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import type { RotationRequest } from '../../shared/contract/request.ts';
import {
  requestedKeys,
  requestedStream,
} from '../../shared/contract/requested.ts';
import { nameError } from '../../shared/errors/aws-errors.ts';
import {
  readSweep,
  type SweptRequest,
} from '../../shared/events/sweep-event.ts';
import {
  type GuardDependencies,
  guardKeys,
} from '../../shared/guard/guard-keys.ts';
import type { KeyRisk, UnknownKey } from '../../shared/guard/needed-key.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import { readStreamArn } from '../../shared/identifiers/arn.ts';
import { driftAlarmName } from '../../shared/identifiers/service-names.ts';
import { type DriftFinding, detectDrift } from '../../shared/keys/drift.ts';
import { decideDriftCure } from '../../shared/keys/drift-cure.ts';
import type { CurrentKey, ResolvedKey } from '../../shared/keys/key-ring.ts';
import { judgeStop } from '../../shared/keys/reported-drift.ts';
import { toSight } from '../../shared/keys/stream-sight.ts';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
  quotaLedger,
  sfnClient,
} from '../../shared/lambda/clients.ts';
import { taskHandler } from '../../shared/lambda/handler.ts';
import { logger } from '../../shared/lambda/logger.ts';
import { measureDrift, measureRisks } from '../../shared/lambda/metrics.ts';
import { riskPublisher } from '../../shared/lambda/notifier.ts';
import type { LedgerEntry } from '../../shared/ledger/entry.ts';
import { recordSight } from '../../shared/ledger/key-periods.ts';
import type { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';
import { usage } from '../../shared/ledger/usage.ts';
import { lookUpKeys } from '../../shared/lookup/describe-keys.ts';
import {
  type DescribedStream,
  describeStream,
} from '../../shared/lookup/describe-stream.ts';

interface Dependencies extends GuardDependencies {
  /** Must not retry by itself: the rate below counts attempts. */
  kinesis: KinesisClient;
  ledger: Pick<QuotaLedger, 'change' | 'read'>;
  /** Outcomes of a stream's rotations, newest first. */
  history: (streamArn: string) => AsyncIterable<Outcome>;
  /** What starts a RESTORE; undefined where Step Functions does not run rotations. */
  restore?: StartRestore | undefined;
  /** Those of rotations.yml, some of which an event concerns. */
  streams?: () => readonly ListedStream[];
  /** The partition of ARNs in this Region; `aws` by default. */
  partition?: string;
}

type StartRestore = (name: string, request: object) => Promise<string>;

/** A stream that could not be looked at has no Drift, and so no datapoint. */
interface SweptStream {
  StreamName: string;
  Drift: DriftFinding['Drift'] | null;
  Reason: string;
  /** ARN of the execution that restores it, or why none was started. */
  Restore?: string;
  /** Keys that its records need, and that do not serve them until they expire. */
  KeysAtRisk?: KeyRisk[];
  /** Keys that its records need, and that cannot be judged. */
  KeysNotKnown?: UnknownKey[];
}

export interface Sweep {
  Status: 'SUCCEEDED';
  Streams: SweptStream[];
}

/** A tenth of what the account has: several stages may sweep at the same time. */
const DESCRIPTIONS_PER_SECOND = 2;

/**
 * Looks at streams, publishes for each a metric that says whether it is under a usable
 * key of its ring, and starts a RESTORE of one that is not, unless OnDrift is ALERT. A
 * stream that cannot be looked at is logged, gets no datapoint, and does not keep the
 * others from theirs.
 *
 * Looks at the former keys that records of the stream still need, too. {@link readSweep}
 * says which events make it look.
 *
 * @throws InvalidRequest for an event without streams
 * @see https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 */
export function createSweepDrift(dependencies: Dependencies) {
  const { kinesis, ledger, now } = dependencies;
  const { streams = () => [], partition = 'aws' } = dependencies;
  const describe = pThrottle({
    limit: DESCRIPTIONS_PER_SECOND,
    interval: 1000,
    strict: true,
  })((StreamName: string) => describeStream(kinesis, { StreamName }));

  return taskHandler(async (input: unknown): Promise<Sweep> => {
    const due = await readSweep(input, { streams, partition, ledger, now });
    const { at, stamp } = due;
    const sweep = async ({ request, OnDrift }: SweptRequest) => {
      const StreamName = requestedStream(request);
      const { keyIds } = requestedKeys(request);
      try {
        const stream = await describe(StreamName);
        const looked = await look(stream, keyIds, dependencies, now());
        const found = judgeStop(
          looked,
          due.stop,
          stream.StreamStatus,
          looked.entry,
          now(),
        );
        measureDrift(StreamName, found.Drift, found.QuotaUsed, stamp);
        await noteSight(stream, found, dependencies);
        const guard = await guarded(stream, found, dependencies);
        measureRisks(StreamName, guard.KeysAtRisk?.length ?? 0, stamp);
        const { Drift, Reason } = found;
        const result = { StreamName, Drift, Reason, ...guard };
        if (Drift !== 1) return result;
        logger.warn('Drift', { StreamName, Reason });
        if (OnDrift === 'ALERT') return result;
        const Restore = await cure(request, found, at, dependencies);
        logger.info('Restore', { StreamName, Restore });
        return { ...result, Restore };
      } catch (error) {
        const { name, message } = nameError(error);
        const Reason = `could not be looked at: ${name}: ${message}`;
        logger.error('Stream could not be looked at', { StreamName, Reason });
        return { StreamName, Drift: null, Reason };
      }
    };
    const Streams: SweptStream[] = await Promise.all(due.streams.map(sweep));
    const atRisk = Streams.flatMap(({ KeysAtRisk = [] }) => KeysAtRisk);
    measureRisks(undefined, atRisk.length, stamp);
    return { Status: 'SUCCEEDED', Streams };
  }, now);
}

/**
 * Starts a RESTORE, one at most for each sweep: a sweep may be delivered twice.
 *
 * @param at when the sweep was due, in milliseconds since the epoch
 * @returns what became of it, for people
 */
async function cure(
  request: RotationRequest,
  { Reason, entry, onlyKeyArn }: Look,
  at: number,
  { history, restore, stage, now }: Dependencies,
): Promise<string> {
  if (restore === undefined) return 'no state machine is deployed';
  const StreamName = requestedStream(request);
  const AlarmName = driftAlarmName(stage, StreamName);
  const decision = await decideDriftCure(
    entry,
    history(entry.StreamARN),
    AlarmName,
    onlyKeyArn,
    now(),
  );
  if ('Waits' in decision) return decision.Waits;
  const { Attempt } = decision;
  const Time = new Date(at).toISOString();
  const Trigger = {
    Source: 'alarm',
    AlarmName,
    Reason: `${StreamName} ${Reason}`.slice(0, 1024),
    Time,
    ...(Attempt > 1 && { Attempt }),
  };
  const name = `drift-${StreamName.slice(0, 50)}-${Time.replaceAll(/\D/g, '')}`;
  return restore(name, { ...request, Trigger }).catch(
    (error: Error) => `could not be started: ${error.name}: ${error.message}`,
  );
}

interface Look extends DriftFinding {
  current: CurrentKey;
  QuotaUsed: number;
  entry: LedgerEntry;
  /** The keys of the ring that were described, and the stream's own. */
  described: ResolvedKey[];
  /** The resolved key ARN of a ring of one alias. */
  onlyKeyArn?: string;
}

async function look(
  stream: DescribedStream,
  keyIds: readonly string[],
  { kms, ledger }: Dependencies,
  now: number,
): Promise<Look> {
  const { StreamARN, KeyId } = stream;
  const { region } = readStreamArn(StreamARN);
  const entry = await ledger.read(StreamARN);
  const judge = async (ring: readonly string[]) => {
    const KeyIds = [...ring];
    const keys = await lookUpKeys(kms, { KeyIds }, stream, entry);
    const finding = detectDrift(keys.Keys, keys.Current, region);
    return { ...keys, finding };
  };
  // The key that the stream names mostly decides, and each key costs a call.
  const named = keyIds.filter((one) => one === KeyId).slice(0, 1);
  const first = named.length > 0 ? await judge(named) : undefined;
  const isDecided =
    first?.finding.Drift === 0 || named.length === keyIds.length;
  const { finding, Keys, Current, Former } =
    first !== undefined && isDecided ? first : await judge(keyIds);
  const onlyKeyArn = keyIds.length === 1 ? Keys[0]?.Metadata?.Arn : undefined;
  return {
    ...finding,
    current: Current,
    QuotaUsed: usage(entry, now).Used,
    entry,
    described: [...Keys, ...(Former ? [Former] : [])],
    ...(onlyKeyArn !== undefined && { onlyKeyArn }),
  };
}

/** Records under which key the stream is seen, where the ledger does not know it. */
async function noteSight(
  stream: DescribedStream,
  { current, entry }: Look,
  { ledger, now }: Dependencies,
): Promise<void> {
  const sight = toSight(stream, current, now());
  if (sight === undefined || recordSight(entry, sight).entry === undefined) {
    return;
  }
  await ledger
    .change(stream.StreamARN, (known) => recordSight(known, sight))
    .catch((error: unknown) => {
      logger.error('The look could not be recorded', { error });
    });
}

/** What the guard of the needed keys finds; a failure of it keeps nothing else up. */
async function guarded(
  stream: DescribedStream,
  found: Look,
  dependencies: Dependencies,
): Promise<Pick<SweptStream, 'KeysAtRisk' | 'KeysNotKnown'>> {
  const { StreamName } = stream;
  try {
    const { Risks, Unknown } = await guardKeys(stream, found, dependencies);
    return {
      ...(Risks.length > 0 && { KeysAtRisk: Risks }),
      ...(Unknown.length > 0 && { KeysNotKnown: Unknown }),
    };
  } catch (error) {
    const { name, message } = nameError(error);
    const Reason = `${name}: ${message}`;
    logger.error('Needed keys could not be looked at', { StreamName, Reason });
    return { KeysNotKnown: [{ KeyId: 'all', Reason }] };
  }
}

/** An execution of that name that has ended has done what this one would. */
export function startRestore(
  sfn: SFNClient | undefined,
  stateMachineArn: string | undefined,
): StartRestore | undefined {
  if (sfn === undefined || stateMachineArn === undefined) return undefined;
  return async (name, request) => {
    const input = JSON.stringify(request);
    const start = new StartExecutionCommand({ stateMachineArn, name, input });
    try {
      const { executionArn } = await sfn.send(start);
      return executionArn ?? name;
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return 'started before';
      throw nameError(error, `Execution ${name}`);
    }
  };
}

const dynamodb = dynamoDbClient();

export const handler = createSweepDrift({
  kinesis: kinesisClient({ maxAttempts: 1 }),
  kms: kmsClient(),
  ledger: quotaLedger(),
  history: (streamArn) => readHistory(dynamodb, ledgerTableName(), streamArn),
  restore: startRestore(sfnClient(), process.env.STATE_MACHINE_ARN),
  publishRisks: riskPublisher(),
  streams: deployedStreams,
  partition: process.env.PARTITION || 'aws',
  stage: process.env.STAGE || 'local',
  now: Date.now,
});
