import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  EventBridgeClient,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  DescribeStreamSummaryCommand,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { HttpRequest } from '@smithy/types';
import { createCompleteRotation } from '../../../functions/complete-rotation.ts';
import { createDescribeStream } from '../../../functions/describe-stream.ts';
import { createRecordExternalStart } from '../../../functions/events/record-external-start.ts';
import { createSweepDrift } from '../../../functions/events/sweep-drift.ts';
import { createPlanRollback } from '../../../functions/plan-rollback.ts';
import { createPlanRotation } from '../../../functions/plan-rotation.ts';
import { createReserveQuota } from '../../../functions/reserve-quota.ts';
import { createSettleFailure } from '../../../functions/settle-failure.ts';
import { createStartEncryption } from '../../../functions/start-encryption.ts';
import { createVerifyEncryption } from '../../../functions/verify-encryption.ts';
import { createWatchAlarms } from '../../../functions/watch-alarms.ts';
import type { SeededRandom } from '../../../local/instruments/seeded-random.ts';
import {
  readStateMachine,
  type TaskHandlers,
} from '../../../local/runner/state-machine.ts';
import type { StreamBoundaries } from '../../../shared/config/stream-boundary.ts';
import { readHistory } from '../../../shared/history/read-history.ts';
import { ledgerTableName } from '../../../shared/lambda/clients.ts';
import { eventBusNotifier } from '../../../shared/lambda/notifier.ts';
import { LedgerReader } from '../../../shared/ledger/ledger-reader.ts';
import { QuotaLedger } from '../../../shared/ledger/quota-ledger.ts';
import { REGION } from './kinesis-model.ts';
import {
  type createTransport,
  type Invocation,
  invocations,
  toResponse,
} from './transport.ts';
import { pause } from './virtual-time.ts';

/** What a function has before Lambda ends it; serverless.yml says so. */
const FUNCTION_TIMEOUT_MS = 50_000;

/** An environment of Lambda: functions with a clock and clients of their own. */
interface Container {
  /** How far its clock is ahead of AWS's, in milliseconds. */
  skewMs: number;
  handlers: TaskHandlers;
}

let warmedUp: Promise<void> | undefined;

/**
 * The SDK's clients read files when they are first used, and keep what these
 * said. Reading takes real time, which a simulation must not meet.
 */
export function warmUp(): Promise<void> {
  warmedUp ??= (async () => {
    await readStateMachine();
    const ok = async () => ({
      response: toResponse({ status: 200, body: {} }),
    });
    const about = { StreamName: 'none', KeyId: 'none' };
    const Key = { StreamARN: { S: 'none' } };
    const { kinesis, kms, dynamoDb, bus } = createClients({ handle: ok });
    await kinesis.send(new DescribeStreamSummaryCommand(about));
    await kms.send(new DescribeKeyCommand(about));
    await dynamoDb.send(new GetItemCommand({ TableName: 'none', Key }));
    await bus.send(new PutEventsCommand({ Entries: [] }));
  })();
  return warmedUp;
}

function createClients(requestHandler: ReturnType<typeof createTransport>) {
  const config = {
    region: REGION,
    credentials: { accessKeyId: 'simulated', secretAccessKey: 'simulated' },
    // Nobody checks signatures here, and to make them takes a third of the time.
    signer: { sign: async (request: HttpRequest) => request },
    requestHandler,
  };
  return {
    kinesis: new KinesisClient(config),
    startingKinesis: new KinesisClient({ ...config, maxAttempts: 1 }),
    kms: new KMSClient(config),
    cloudWatch: new CloudWatchClient(config),
    dynamoDb: new DynamoDBClient(config),
    bus: new EventBridgeClient(config),
  };
}

function createContainer(
  requestHandler: ReturnType<typeof createTransport>,
  skewMs: number,
  boundaries: StreamBoundaries | undefined,
  restore: LambdaOptions['restore'],
): Container {
  const { kinesis, startingKinesis, kms, cloudWatch, dynamoDb, bus } =
    createClients(requestHandler);
  const now = () => Date.now() + skewMs;
  const reader = new LedgerReader(dynamoDb, ledgerTableName());
  const ledger = new QuotaLedger(dynamoDb, ledgerTableName(), { now });
  const notifier = eventBusNotifier(bus, 'default');
  const handlers = {
    PlanRotation: createPlanRotation({
      kinesis,
      kms,
      ledger: reader,
      ...(boundaries && { boundaries }),
      now,
    }),
    ReserveQuota: createReserveQuota({ ledger }),
    StartEncryption: createStartEncryption({
      kinesis: startingKinesis,
      kms,
      ledger,
      ...(boundaries && { boundaries }),
      now,
      random: () => Math.random(),
    }),
    DescribeStream: createDescribeStream({ kinesis, kms, now }),
    VerifyEncryption: createVerifyEncryption({ kinesis, now }),
    WatchAlarms: createWatchAlarms({ cloudWatch, now }),
    PlanRollback: createPlanRollback({ kinesis, kms, ledger: reader, now }),
    CompleteRotation: createCompleteRotation({ ledger, notifier }),
    SettleFailure: createSettleFailure({ ledger, notifier }),
    RecordExternalStart: createRecordExternalStart({
      ledger,
      partition: 'aws',
    }),
    SweepDrift: createSweepDrift({
      kinesis: startingKinesis,
      kms,
      ledger,
      history: (arn) => readHistory(dynamoDb, ledgerTableName(), arn),
      restore,
      stage: 'dev',
      now,
    }),
  };
  return { skewMs, handlers: handlers as unknown as TaskHandlers };
}

/** Runs a function; rejects with what Step Functions would be told. */
export type Invoke = (
  functionName: string,
  event: object,
  about: Pick<Invocation, 'stream' | 'rotationId'>,
) => Promise<unknown>;

export interface LambdaOptions {
  random: SeededRandom;
  transport: ReturnType<typeof createTransport>;
  /** The clocks that there are, ahead of AWS's by so many milliseconds. */
  skews: readonly number[];
  /** How many of a thousand invocations Lambda refuses. */
  refusedPerMille: number;
  boundaries?: StreamBoundaries | undefined;
  /** Starts the RESTORE of a sweep. */
  restore: (name: string, request: object) => Promise<string>;
  onKill: (invocation: Invocation) => void;
}

/** Lambda: every invocation meets one of the containers, and may be killed. */
export function createLambda(options: LambdaOptions): Invoke {
  const { random, transport, skews, refusedPerMille, boundaries } = options;
  const containers = skews.map((skewMs) =>
    createContainer(transport, skewMs, boundaries, options.restore),
  );
  return async (functionName, event, about) => {
    await pause(random.between(5, 100));
    if (random.chance(refusedPerMille / 1000)) {
      throw named('Lambda.TooManyRequestsException');
    }
    const { skewMs, handlers } = random.pick(containers);
    const { promise: killed, reject } = Promise.withResolvers<never>();
    const invocation: Invocation = {
      ...about,
      functionName,
      skewMs,
      isDead: false,
      kill: (error) => {
        invocation.isDead = true;
        options.onKill(invocation);
        reject(named(error));
      },
    };
    const timeout = setTimeout(
      () => invocation.kill('Sandbox.Timedout'),
      FUNCTION_TIMEOUT_MS,
    );
    try {
      const handler = handlers[functionName];
      const ended = invocations.run(invocation, () =>
        handler?.(event as never, { functionName } as never),
      );
      return await Promise.race([ended, killed]);
    } finally {
      clearTimeout(timeout);
      invocation.isDead = true;
    }
  };
}

function named(name: string): Error {
  return Object.assign(new Error(`${name}, simulated`), { name });
}
