import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '../../../local/instruments/seeded-random.ts';
import { answer } from '../../../local/services/json-service.ts';
import { KeyStore } from '../../../local/services/key-store.ts';
import { kmsService } from '../../../local/services/kms.ts';
import type { StreamBoundaries } from '../../../shared/config/stream-boundary.ts';
import { LEDGER_RECORD } from '../../../shared/ledger/ledger-reader.ts';
import { createLambda, type Invoke, warmUp } from './containers.ts';
import { DynamoDbModel } from './dynamodb-model.ts';
import { Executions } from './executions.ts';
import { Invariants } from './invariants.ts';
import { Journal } from './journal.ts';
import {
  ACCOUNT,
  type AppliedStart,
  KinesisModel,
  REGION,
} from './kinesis-model.ts';
import {
  type Answer,
  type Call,
  createTransport,
  type Fault,
  type Invocation,
} from './transport.ts';
import { inVirtualTime } from './virtual-time.ts';

export interface WorldOptions {
  seed: number;
  /** How to run the same again, for people. */
  replay: string;
  /** How far clocks of functions are ahead of AWS's, in milliseconds. */
  skews: (random: SeededRandom) => readonly number[];
  faultOf: (call: Call, random: SeededRandom) => Fault | undefined;
  /** How long an update takes, in milliseconds. */
  updateMs: (random: SeededRandom) => number;
  refusedPerMille?: number;
  /** Of the deployment; without any, no stream is listed. */
  boundaries?: StreamBoundaries;
  slowPerMille?: number;
  /** Of every alarm; OK without it. */
  alarmState?: (random: SeededRandom) => 'OK' | 'ALARM';
}

function describedAlarms(
  { AlarmNames = [] }: { AlarmNames?: string[] },
  StateValue: string,
): Answer {
  const MetricAlarms = AlarmNames.map((AlarmName) => ({
    AlarmName,
    StateValue,
  }));
  return { status: 200, body: { MetricAlarms } };
}

/** An AWS of its own, in one process and in virtual time. */
export interface World {
  random: SeededRandom;
  journal: Journal;
  keys: KeyStore;
  kinesis: KinesisModel;
  executions: Executions;
  invariants: Invariants;
  invoke: Invoke;
  /** Told of every Start that Kinesis applied. */
  onStart: (stream: string, start: AppliedStart) => void;
  /** Told of every function that dies. */
  onKill: (invocation: Invocation) => void;
}

/**
 * Runs a story in a world of its own, until nothing is under way any more.
 *
 * @throws {Error} that names the promise that was broken, and the seed
 */
export async function inWorld<Result>(
  options: WorldOptions,
  story: (world: World) => Promise<Result>,
): Promise<Result> {
  await warmUp();
  const random = new SeededRandom(options.seed);
  const directory = mkdtempSync(join(tmpdir(), 'simulation-'));
  try {
    return await inVirtualTime(random, async () => {
      const { promise: broken, reject } = Promise.withResolvers<never>();
      const world = createWorld(options, random, directory, reject);
      return await Promise.race([broken, story(world)]);
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function createWorld(
  options: WorldOptions,
  random: SeededRandom,
  directory: string,
  fail: (error: Error) => void,
): World {
  const journal = new Journal(options.replay);
  const keys = new KeyStore(join(directory, 'kms.json'), REGION, ACCOUNT);
  const dynamoDb = new DynamoDbModel();
  const skews = options.skews(random);
  const kinesis: KinesisModel = new KinesisModel({
    random,
    keys,
    updateMs: () => options.updateMs(random),
    onStart: (stream, start) => {
      const by = start.rotationId?.split(':').at(-1) ?? 'another principal';
      journal.note(stream, `Start of ${start.keyId} by ${by} applied`);
      invariants.onStart(stream, start);
      world.onStart(stream, start);
    },
    onQuotaRefused: (stream) => invariants.onQuotaRefused(stream),
  });
  const invariants = new Invariants({
    kinesis,
    dynamoDb,
    skews,
    onBroken: (stream, what) => fail(journal.failure(stream, what)),
  });
  const kms = kmsService(keys);
  const apply = ({ service, operation, input, by }: Call) => {
    switch (service) {
      case 'KINESIS':
        return kinesis.answer(operation, input, by.rotationId);
      case 'DYNAMODB':
        return dynamoDb.answer(operation, input);
      case 'KMS':
        return answer(kms, operation, input as never);
      case 'CLOUDWATCH':
        return describedAlarms(input, options.alarmState?.(random) ?? 'OK');
      case 'EVENTBRIDGE':
        return {
          status: 200,
          body: { FailedEntryCount: 0, Entries: [{ EventId: 'event' }] },
        };
    }
  };
  const transport = createTransport({
    random,
    slowPerMille: options.slowPerMille ?? 20,
    apply,
    faultOf: (call) => options.faultOf(call, random),
    onCall: (call, fault, answer) => {
      const { by, operation, input } = call;
      const what = typeof fault === 'object' ? show(fault) : fault;
      const said = answer ? ` ${show(answer)}` : '';
      journal.note(
        by.stream,
        `${by.rotationId?.split(':').at(-1) ?? ''} ${by.functionName}: ${operation}${said}${what ? ` (${what})` : ''}`,
      );
      invariants.onCall(call, fault);
      const { Item } = input as { Item?: { Record?: { S: string } } };
      const isEntry = Item?.Record?.S === LEDGER_RECORD;
      if (isEntry && answer?.status === 200) {
        invariants.onLedgerWrite(by.stream);
      }
    },
  });
  const invoke = createLambda({
    random,
    transport,
    skews,
    refusedPerMille: options.refusedPerMille ?? 0,
    boundaries: options.boundaries,
    restore: async (_, request) => {
      const { StreamName = '' } = request as { StreamName?: string };
      return executions.start(StreamName, { ...request }).arn;
    },
    onKill: (invocation) => {
      invariants.disturb(invocation.rotationId ?? '');
      world.onKill(invocation);
    },
  });
  const executions: Executions = new Executions({
    random,
    invoke,
    note: ({ stream, arn }, event) =>
      journal.note(stream, `${arn.split(':').at(-1)} ${event}`),
    onStart: (execution) => invariants.onExecution(execution),
    onStop: ({ arn }) => invariants.disturb(arn),
    onSettled: (execution) => invariants.onSettled(execution),
  });
  const world: World = {
    random,
    journal,
    keys,
    kinesis,
    executions,
    invariants,
    invoke,
    onStart: () => {},
    onKill: () => {},
  };
  return world;
}

function show({ status, body }: Answer): string {
  const { __type: type = '' } = body as { __type?: string };
  return status === 200 ? 'OK' : `${status} ${type.split('#').at(-1)}`;
}
