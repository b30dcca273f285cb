import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { vi } from 'vitest';
import { LOCAL_ACCOUNT, startEmbeddedAws } from '../../local/embedded-aws.ts';
import { KeyStore } from '../../local/key-store.ts';
import { startKms } from '../../local/kms.ts';
import { ensureLedgerTable } from '../../local/ledger-table.ts';
import { runRotation, settleFromOutside } from '../../local/rotation.ts';
import type {
  ExecutionEvent,
  TaskHandlers,
} from '../../local/state-machine.ts';
import { kinesisClient, ledgerTableName } from '../../shared/clients.ts';
import { usage } from '../../shared/ledger-entry.ts';
import { LedgerReader, toEntry } from '../../shared/ledger-reader.ts';
import type { Outcome } from '../../shared/outcome.ts';
import type { RotationState } from '../../shared/rotation-state.ts';
import { startEventBus } from '../shared/event-bus.ts';
import { NO_RETRY_PAUSES } from '../workflow/no-retry-pauses.ts';
import { type Rule, type Scope, startFaultProxy } from './fault-proxy.ts';

const REGION = 'us-east-1';
const UPDATE_SECONDS = 0.1;

/** How long Wait states really take, in milliseconds. */
const WAITS = {
  WaitForPropagation: 0,
  WaitForUpdate: 20,
  WaitForStream: 0,
  WaitToStart: 0,
};

/** A stream is looked at so often in an hour that this is no small matter. */
const HURRY = { WaitForStream: 30 } as Record<string, number>;

/** What a rotation that met a fault came to. */
export interface Observed {
  /** The outcome; or the Error of a failure, and what became of a rollback. */
  Ends: string;
  /** Calls of StartStreamEncryption that Kinesis applied. */
  Starts: number;
  /** Slots that the ledger counts afterwards. */
  Slots: number;
  /** The key that the stream is left under. */
  Key: string;
  /** Whose lease is left. */
  Lease: string;
  /** What the record of the rotation is. */
  History: string;
  /** What the event bus was told last. */
  Event: string;
}

interface Experiment {
  /** The first is the fault; the others are what has to happen for it. */
  rules: readonly Rule[];
  /** Whether the execution is stopped once a function was killed. */
  isAbandoned?: boolean;
}

export interface Laboratory {
  /** Rotates a stream of its own from one key to another. */
  run: (experiment: Experiment) => Promise<Observed>;
  close: () => Promise<void>;
}

/**
 * The embedded AWS behind a fault proxy. A cell has a stream, clients and a
 * clock of its own, so any number of them can run at once: clients, because
 * the SDK's allowance for retries is one of a client, and the clock, so that
 * a Wait takes as long as it says without anybody waiting for it.
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
  const { KINESIS, DYNAMODB } = embedded.endpoints;
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
    AWS_ENDPOINT_URL_EVENTBRIDGE: proxy.endpoint,
    EVENT_BUS_NAME: 'default',
  })) {
    vi.stubEnv(name, value);
  }
  await ensureLedgerTable(ledgerTableName());
  const clock = startCellClocks();
  const kinesis = kinesisClient({ endpoint: KINESIS });
  const dynamoDb = new DynamoDBClient({ endpoint: DYNAMODB });
  let cells = 0;

  return {
    run: async ({ rules, isAbandoned }) => {
      const StreamName = `cell-${String(++cells).padStart(5, '0')}`;
      const StreamARN = `arn:aws:kinesis:${REGION}:${LOCAL_ACCOUNT}:stream/${StreamName}`;
      const KeyId = `alias/${StreamName}-after`;
      const PreviousKeyId = `alias/${StreamName}-before`;
      store.setAlias(KeyId, after.KeyId);
      store.setAlias(`${KeyId}-too`, after.KeyId);
      store.setAlias(PreviousKeyId, before.KeyId);
      await createStream(kinesis, StreamName, PreviousKeyId);
      const scope = proxy.scope(StreamName);
      scope.rules.push(...rules);
      const time = { ahead: 0 };
      const stopping = new AbortController();
      const handlers = inPhases(
        await newHandlers(),
        scope,
        (task) => clock.run(time, task),
        () => isAbandoned && stopping.abort(),
      );
      const request = { StreamName, KeyId };
      const outcome = await runRotation({
        request,
        region: REGION,
        handlers,
        signal: stopping.signal,
        waits: WAITS,
        retries: NO_RETRY_PAUSES,
        onEvent: (event) => {
          time.ahead += secondsOfWait(event) * 1000;
        },
      });
      if (outcome.Status === 'FAILED') {
        // What the rule on the execution's status change does, also after a
        // rotation that has settled itself.
        const Status = isAbandoned ? 'ABORTED' : 'FAILED';
        await settleFromOutside(handlers, {
          ...outcome,
          Request: request,
          Status,
        });
      }
      scope.close();
      const [fault] = rules;
      if (fault && scope.met(fault) === 0) throw new Error('Nothing met it');
      const reader = new LedgerReader(dynamoDb, ledgerTableName());
      const entry = toEntry(StreamARN, await reader.item(StreamARN));
      const { Used, UsedByOthers = 0 } = usage(entry, Date.now() + time.ahead);
      const names = {
        [KeyId]: 'new',
        [PreviousKeyId]: 'previous',
        [before.Arn]: 'previous, by its ARN',
      };
      const key = await keyOf(kinesis, StreamName);
      refuseDoubles(scope);
      return {
        Ends: endOf(outcome),
        Starts: scope.applied('StartStreamEncryption'),
        Slots: Used - UsedByOthers,
        Key: names[key] ?? key,
        Lease: entry.Lease?.RotationId ?? 'none',
        History: await historyOf(dynamoDb, StreamARN, outcome),
        Event: eventOf(scope, outcome),
      };
    },
    close: async () => {
      clock.stop();
      kinesis.destroy();
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

/** Gives `Date.now` a time of its own in every cell. */
function startCellClocks() {
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
    const { handlers } = await import('../../local/handlers.ts');
    return handlers as unknown as TaskHandlers;
  });
  loading = loaded.catch(() => {});
  return loaded;
}

/** Tells the proxy which state is on, and has functions killed. */
function inPhases(
  handlers: TaskHandlers,
  scope: Scope,
  atTime: (task: () => Promise<unknown>) => Promise<unknown>,
  onKilled: () => unknown,
): TaskHandlers {
  const phased = Object.entries(handlers).map(([name, handler]) => [
    name,
    (event: object, context: never) => {
      scope.phase = 'detail-type' in event ? `${name} by event` : name;
      const killed = new Promise<never>((_, reject) => {
        scope.onKill = () => {
          const error = new Error('RequestId: 1 Error: Runtime exited');
          reject(Object.assign(error, { name: 'Lambda.Unknown' }));
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
  const { Plan, Start, Description } = state.input as RotationState;
  const seconds: Record<string, number | undefined> = {
    WaitForStream: Plan.WaitSeconds,
    WaitToStart: Start?.WaitSeconds,
    WaitForUpdate: Description?.WaitSeconds,
    WaitForPropagation: 5,
  };
  return (seconds[state.name] ?? 0) * (HURRY[state.name] ?? 1);
}

async function createStream(
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

/** The key of a stream, once it is ACTIVE. */
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

/** The outcome that was told last, and whether it is this one. */
function eventOf({ calls }: Scope, outcome: Outcome): string {
  const told = calls.findLast(
    ({ operation, status }) => operation === 'PutEvents' && status === 200,
  );
  if (told === undefined) return 'none';
  const [{ Detail = '' } = {}] = told.body.Entries as { Detail?: string }[];
  return compared(JSON.parse(Detail), outcome);
}

function compared(said: Record<string, unknown>, outcome: Outcome): string {
  return isDeepStrictEqual(said, JSON.parse(JSON.stringify(outcome)))
    ? 'as the outcome'
    : `${said.Error ?? said.Outcome}`;
}

/** A key that was applied is never applied again. */
function refuseDoubles({ calls }: Scope): void {
  const applied = calls
    .filter(({ operation }) => operation === 'StartStreamEncryption')
    .filter(({ status }) => status === 200)
    .map(({ body }) => body.KeyId);
  if (new Set(applied).size < applied.length) {
    throw new Error(`Applied twice: ${applied}`);
  }
}

function endOf(outcome: Outcome): string {
  if (outcome.Status === 'SUCCEEDED') return outcome.Outcome;
  const rollback = outcome.Rollback ? `, ${outcome.Rollback.Status}` : '';
  return `${outcome.Error}${rollback}`;
}

/** What the record says, and whether it is the outcome to the letter. */
async function historyOf(
  dynamoDb: DynamoDBClient,
  streamArn: string,
  outcome: Outcome,
): Promise<string> {
  const { Items = [] } = await dynamoDb.send(
    new QueryCommand({
      TableName: ledgerTableName(),
      KeyConditionExpression: 'StreamARN = :arn AND begins_with(#r, :rotation)',
      ExpressionAttributeNames: { '#r': 'Record' },
      ExpressionAttributeValues: {
        ':arn': { S: streamArn },
        ':rotation': { S: 'ROTATION#' },
      },
      ConsistentRead: true,
    }),
  );
  if (Items.length !== 1) return Items.length === 0 ? 'none' : 'too many';
  const {
    Record: _,
    ExpiresAt: __,
    WriteId: ___,
    ...record
  } = unmarshall(Items[0] ?? {});
  return compared(record, outcome);
}
