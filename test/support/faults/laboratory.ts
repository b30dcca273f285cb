import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchClient,
  PutMetricAlarmCommand,
} from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { vi } from 'vitest';
import { startEventBus } from '../../../local/instruments/event-bus.ts';
import {
  type Scope,
  startFaultProxy,
} from '../../../local/instruments/fault-proxy.ts';
import {
  runRotation,
  settleFromOutside,
} from '../../../local/runner/rotation.ts';
import type {
  ExecutionEvent,
  TaskHandlers,
} from '../../../local/runner/state-machine.ts';
import { KeyStore } from '../../../local/services/key-store.ts';
import { startKms } from '../../../local/services/kms.ts';
import {
  LOCAL_ACCOUNT,
  startEmbeddedAws,
} from '../../../local/session/embedded-aws.ts';
import { ensureLedgerTable } from '../../../local/session/ledger-table.ts';
import type { Outcome } from '../../../shared/contract/outcome.ts';
import {
  kinesisClient,
  ledgerTableName,
} from '../../../shared/lambda/clients.ts';
import type { LedgerEntry } from '../../../shared/ledger/entry.ts';
import { LedgerReader } from '../../../shared/ledger/ledger-reader.ts';
import type { RotationState } from '../../../shared/rotation/state.ts';
import { recordsOf } from '../aws/records-of.ts';
import { type Authorizer, underRoles } from '../iam/under-roles.ts';
import { NO_RETRY_PAUSES } from '../workflow/no-retry-pauses.ts';
import { redriven, type Stop } from './redrive.ts';

const REGION = 'us-east-1';
const UPDATE_SECONDS = 0.1;

/** How long Wait states really take, in milliseconds. */
const WAITS = {
  WaitForPropagation: 0,
  WaitForUpdate: 20,
  WaitForStream: 0,
  WaitToStart: 0,
  WaitToBake: 0,
};

/** A stream is looked at so often in an hour that this is no small matter. */
const HURRY = { WaitForStream: 30 } as Record<string, number>;

interface RotationOptions {
  request?: object;
  /** What happens before the first run of a state's function. */
  before?: Record<string, (event: object) => Promise<unknown>>;
  /** The Task state, without Parameters, at which the execution is stopped. */
  stopAt?: string;
  /** Whether the execution is stopped once a function was killed. */
  isAbandoned?: boolean;
  /** Whether the clock is left as it is, for what the emulator takes time. */
  inRealTime?: boolean;
  onEvent?: (event: ExecutionEvent) => void;
}

/** A stream of its own, under the key before. */
export interface Specimen {
  StreamName: string;
  StreamARN: string;
  /** Two aliases, and the keys that they stand for. */
  KeyId: string;
  KeyArn: string;
  PreviousKeyId: string;
  PreviousKeyArn: string;
  /** The calls that name the stream, and the faults that they meet. */
  scope: Scope;
  /** How far the clock of its rotations is ahead, in milliseconds. */
  time: { ahead: number };
  /** By default to the key after, by the stream's name. */
  rotate: (options?: RotationOptions) => Promise<Outcome>;
  /** Where the last rotation was stopped. */
  stop: () => Stop;
  /** What the rule on the execution's status change does. */
  settle: (outcome: Outcome, status: 'ABORTED' | 'FAILED') => Promise<Outcome>;
  /** Runs an execution that was stopped on from there. */
  redrive: (stop: Stop) => Promise<Outcome>;
  /** The key it has once it is ACTIVE. */
  key: () => Promise<string>;
  entry: () => Promise<LedgerEntry>;
  history: () => ReturnType<typeof recordsOf>;
}

/** In rotations.yml it represents every specimen, and so the roles stay small. */
const LISTED = {
  StreamName: 'specimen-00000',
  KeyIds: ['alias/specimen-00000-after', 'alias/specimen-00000-before'],
  BakeAlarms: ['specimen-00000-errors'],
};
const toListed = (text: string) =>
  text.replace(/specimen-\d{5}/g, LISTED.StreamName);

export interface Laboratory {
  /** What the functions called, and whether their packaged roles allow it. */
  calls: Authorizer['calls'];
  kinesis: KinesisClient;
  store: KeyStore;
  newSpecimen: () => Promise<Specimen>;
  close: () => Promise<void>;
}

/**
 * The embedded AWS behind a fault proxy. A specimen has a stream, clients and a
 * clock of its own, so any number of them can be rotated at once: clients,
 * because the SDK's allowance for retries is one of a client, and the clock, so
 * that a Wait takes as long as it says without anybody waiting for it.
 */
export async function openLaboratory(): Promise<Laboratory> {
  const directory = await mkdtemp(join(tmpdir(), 'faults-'));
  const store = new KeyStore(
    join(directory, 'kms.json'),
    REGION,
    LOCAL_ACCOUNT,
  );
  const before = store.create({});
  const after = store.create({});
  const kms = await startKms(store, 0);
  const bus = await startEventBus();
  const embedded = await startEmbeddedAws({
    directory,
    region: REGION,
    updateSeconds: UPDATE_SECONDS,
    rotations: [],
    external: { KMS: kms.endpoint },
  });
  const { KINESIS, DYNAMODB, CLOUDWATCH } = embedded.endpoints;
  const iam = underRoles([LISTED], { KINESIS, KMS: kms.endpoint }, toListed);
  const proxy = await startFaultProxy({
    ...embedded.endpoints,
    EVENTBRIDGE: bus.endpoint,
  });
  for (const [name, value] of Object.entries({
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_KINESIS: proxy.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint,
    AWS_ENDPOINT_URL_KMS: proxy.endpoint,
    AWS_ENDPOINT_URL_CLOUDWATCH: proxy.endpoint,
    AWS_ENDPOINT_URL_EVENTBRIDGE: proxy.endpoint,
    EVENT_BUS_NAME: 'default',
  })) {
    vi.stubEnv(name, value);
  }
  await ensureLedgerTable(ledgerTableName());
  const clock = startClocks();
  const kinesis = kinesisClient({ endpoint: KINESIS });
  const cloudWatch = new CloudWatchClient({ endpoint: CLOUDWATCH });
  const dynamoDb = new DynamoDBClient({ endpoint: DYNAMODB });
  const reader = new LedgerReader(dynamoDb, ledgerTableName());
  let specimens = 0;

  return {
    calls: iam.calls,
    kinesis,
    store,
    newSpecimen: async () => {
      const StreamName = `specimen-${String(++specimens).padStart(5, '0')}`;
      const StreamARN = `arn:aws:kinesis:${REGION}:${LOCAL_ACCOUNT}:stream/${StreamName}`;
      const KeyId = `alias/${StreamName}-after`;
      const PreviousKeyId = `alias/${StreamName}-before`;
      store.setAlias(KeyId, after.KeyId);
      store.setAlias(`${KeyId}-too`, after.KeyId);
      store.setAlias(PreviousKeyId, before.KeyId);
      await createStream(kinesis, StreamName, PreviousKeyId);
      await putAlarm(cloudWatch, `${StreamName}-errors`);
      const scope = proxy.scope(StreamName);
      const time = { ahead: 0 };
      let functions: Promise<TaskHandlers> | undefined;
      let handlers: TaskHandlers = {};
      let stop: Stop | undefined;
      const passing = (event: ExecutionEvent) => {
        time.ahead += secondsOfWait(event) * 1000;
      };
      return {
        StreamName,
        StreamARN,
        KeyId,
        KeyArn: after.Arn,
        PreviousKeyId,
        PreviousKeyArn: before.Arn,
        scope,
        time,
        rotate: async (options = {}) => {
          const { request = { StreamName, KeyId }, stopAt, onEvent } = options;
          const { inRealTime = false } = options;
          const stopping = new AbortController();
          functions ??= newHandlers();
          handlers = inPhases(
            iam.authorized(await functions),
            scope,
            (task) => clock.run(time, task),
            () => options.isAbandoned && stopping.abort(),
            {
              ...options.before,
              ...(stopAt && {
                [stopAt]: async (Input) => {
                  stop ??= { StateName: stopAt, Input };
                  stopping.abort();
                  throw new Error('The execution was stopped');
                },
              }),
            },
          );
          const outcome = await runRotation({
            request,
            region: REGION,
            handlers,
            signal: stopping.signal,
            waits: inRealTime ? { ...WAITS, WaitForStream: 100 } : WAITS,
            retries: NO_RETRY_PAUSES,
            onEvent: (event) => {
              if (!inRealTime) passing(event);
              onEvent?.(event);
            },
          });
          const { RotationId, StartedAt } = outcome;
          if (stop) Object.assign(stop, { RotationId, StartedAt, request });
          return outcome;
        },
        stop: () => {
          if (stop === undefined) throw new Error('Nothing was stopped');
          return stop;
        },
        settle: (outcome, Status) =>
          settleFromOutside(handlers, {
            Error: '',
            Cause: '',
            ...outcome,
            Request: { StreamARN },
            Status,
          }),
        redrive: (from) =>
          redriven(from, {
            handlers,
            waits: WAITS,
            retries: NO_RETRY_PAUSES,
            onEvent: passing,
          }),
        key: () => keyOf(kinesis, StreamName),
        entry: () => reader.read(StreamARN),
        history: () => recordsOf(dynamoDb, ledgerTableName(), StreamARN),
      };
    },
    close: async () => {
      clock.stop();
      iam.close();
      kinesis.destroy();
      cloudWatch.destroy();
      dynamoDb.destroy();
      await proxy.close();
      await embedded.close();
      await kms.close();
      await bus.close();
      vi.unstubAllEnvs();
      await rm(directory, { recursive: true });
    },
  };
}

/** Gives `Date.now` a time of its own for every specimen. */
function startClocks() {
  const clocks = new AsyncLocalStorage<{ ahead: number }>();
  const { now } = Date;
  Date.now = () => now() + (clocks.getStore()?.ahead ?? 0);
  return {
    run: <Result>(time: { ahead: number }, task: () => Result) =>
      clocks.run(time, task),
    stop: () => {
      Date.now = now;
    },
  };
}

let loading: Promise<unknown> = Promise.resolve();

/** The deployed functions as a new process has them. */
function newHandlers(): Promise<TaskHandlers> {
  const loaded = loading.then(async () => {
    vi.resetModules();
    const { loadHandlers } = await import('../../../local/runner/handlers.ts');
    return loadHandlers();
  });
  loading = loaded.catch(() => {});
  return loaded;
}

/** Names under which Step Functions may report it, each in turn. */
const DEATHS = [
  'Lambda.Unknown',
  'Lambda.ClientExecutionTimeoutException',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
  'Sandbox.Timedout',
];
let deaths = 0;
const nextDeath = () => DEATHS[deaths++ % DEATHS.length];

/** Tells the proxy which state is on, and has functions killed. */
function inPhases(
  handlers: TaskHandlers,
  scope: Scope,
  atTime: (task: () => Promise<unknown>) => Promise<unknown>,
  onKilled: () => unknown,
  before: RotationOptions['before'] = {},
): TaskHandlers {
  const pending = new Map(Object.entries(before));
  const phased = Object.entries(handlers).map(([name, handler]) => [
    name,
    async (event: object, context: never) => {
      const first = pending.get(name);
      pending.delete(name);
      await first?.(event);
      scope.phase = 'detail-type' in event ? `${name} by event` : name;
      const killed = new Promise<never>((_, reject) => {
        scope.onKill = () => {
          const error = new Error('RequestId: 1 Error: Runtime exited');
          reject(Object.assign(error, { name: nextDeath() }));
          onKilled();
        };
      });
      const ended = atTime(() => handler(event as never, context));
      return Promise.race([ended, killed]);
    },
  ]);
  return Object.fromEntries(phased);
}

function secondsOfWait({ type, state }: ExecutionEvent): number {
  if (type !== 'StateEntered' || state?.type !== 'Wait') return 0;
  const { Plan, Start, Description, Bake } = state.input as RotationState;
  const seconds: Record<string, number | undefined> = {
    WaitForStream: Plan.WaitSeconds,
    WaitToStart: Start?.WaitSeconds,
    WaitForUpdate: Description?.WaitSeconds,
    WaitForPropagation: 5,
    WaitToBake: Bake?.WaitSeconds,
  };
  return (seconds[state.name] ?? 0) * (HURRY[state.name] ?? 1);
}

/** An alarm that has no data, and so does not count. */
function putAlarm(cloudWatch: CloudWatchClient, AlarmName: string) {
  return cloudWatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
  );
}

/** A stream under a key. */
export async function createStream(
  kinesis: KinesisClient,
  StreamName: string,
  KeyId: string,
): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await keyOf(kinesis, StreamName);
  await kinesis.send(
    new StartStreamEncryptionCommand({
      StreamName,
      EncryptionType: 'KMS',
      KeyId,
    }),
  );
  await keyOf(kinesis, StreamName);
}

async function keyOf(
  kinesis: KinesisClient,
  StreamName: string,
): Promise<string> {
  for (;;) {
    const { StreamDescriptionSummary: seen } = await kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    if (seen?.StreamStatus === 'ACTIVE') return seen.KeyId ?? 'no key';
    await new Promise((done) => setTimeout(done, 20));
  }
}
