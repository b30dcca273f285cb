import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createCompleteRotation } from '../../functions/complete-rotation.ts';
import { createRecordExternalStart } from '../../functions/events/record-external-start.ts';
import { createSweepDrift } from '../../functions/events/sweep-drift.ts';
import { createPlanRotation } from '../../functions/plan-rotation.ts';
import { createSettleFailure } from '../../functions/settle-failure.ts';
import {
  type EventBus,
  startEventBus,
} from '../../local/instruments/event-bus.ts';
import { localExecutions } from '../../local/runner/rotation.ts';
import type { TaskHandlers } from '../../local/runner/state-machine.ts';
import type { Failure } from '../../shared/contract/outcome.ts';
import { streamOfExecution } from '../../shared/identifiers/arn.ts';
import {
  kinesisClient,
  kmsClient,
  ledgerTableName,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import { logger } from '../../shared/lambda/logger.ts';
import { eventBusNotifier } from '../../shared/lambda/notifier.ts';
import { recordsOf } from '../support/aws/records-of.ts';
import { sampleEvent } from '../support/aws/sample-event.ts';
import {
  hostileVariant,
  refusalOf,
  runs,
} from '../support/hostile/hostile-json.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

/** Before the logger is made, which reads it once. */
vi.hoisted(() => vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true'));

const STARTED_AT = '2026-01-01T00:00:00.000Z';
const KEY = {
  KeyId: 'alias/0-a',
  KeyArn: 'arn:a',
  PreviousKeyId: null,
  PreviousKeyArn: null,
};

let aws: LocalRotations;
let bus: EventBus;
let kinesis: KinesisClient;
let kms: KMSClient;
let dynamodb: DynamoDBClient;
let eventBridge: EventBridgeClient;
let rotations = 0;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 8);
  bus = await startEventBus();
  kinesis = kinesisClient({ maxAttempts: 1 });
  kms = kmsClient();
  dynamodb = new DynamoDBClient();
  eventBridge = new EventBridgeClient({ endpoint: bus.endpoint });
});

afterAll(async () => {
  for (const client of [kinesis, kms, dynamodb, eventBridge]) client.destroy();
  await bus.close();
  await aws.close();
  vi.unstubAllEnvs();
});

const context = { functionName: 'test' } as never;
const nextRotation = () => `${localExecutions('us-east-1')}r${++rotations}`;
const notifier = () => eventBusNotifier(eventBridge, 'default');

const plan = (Request: unknown, RotationId: string) =>
  createPlanRotation({ kinesis, kms, ledger: quotaLedger(), now: Date.now })(
    { Request, RotationId, StartedAt: STARTED_AT, Previous: Request },
    context,
  );
const settle = async (event: unknown): Promise<Failure> => {
  const settleFailure = createSettleFailure({
    ledger: quotaLedger(),
    notifier: notifier(),
  });
  return (await settleFailure(event as object, context)) as Failure;
};

const toldOf = (rotationId: string) =>
  bus.requests
    .flatMap(({ body }) => body.Entries)
    .filter(({ Resources }) => (Resources as string[]).includes(rotationId))
    .map(({ Detail }) => JSON.parse(String(Detail)) as Failure);

/** What AWS itself refuses keeps AWS's name; a defect of ours has these. */
const isRefusal = (name: string) =>
  name !== 'InternalError' && name !== 'ServiceUnavailable';
const isInvalid = (name: string) => name === 'InvalidRequest';

describe('hostile input', () => {
  const request = {
    StreamName: 'stream-0',
    StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/stream-0',
    KeyIds: ['alias/0-a', 'alias/0-b'],
    Mode: 'RESTORE',
    OnQuotaExhausted: 'WAIT',
    Force: true,
    Probe: { PartitionKey: 'p', Data: 'e30=' },
    Trigger: { Source: 'manual', By: 'me', Times: 3 },
  };

  it('of PlanRotation is refused, and SettleFailure then leaves no lease and one record', async () => {
    await fc.assert(
      fc.asyncProperty(hostileVariant(request), async (Request) => {
        const RotationId = nextRotation();
        const refusal = await refusalOf(
          () => plan(Request, RotationId),
          isRefusal,
        );
        const StreamARN = streamOfExecution(Request, RotationId);
        if (StreamARN !== undefined) {
          await quotaLedger().reserve(StreamARN, {
            RotationId,
            StartedAt: STARTED_AT,
            ...KEY,
            LastAppliedAt: null,
            LeaseMs: 60_000,
          });
        }
        const outcome = await settle({
          RotationId,
          StartedAt: STARTED_AT,
          Request,
          Progress: {
            Error: refusal?.name ?? 'States.Timeout',
            Cause: JSON.stringify({ errorMessage: refusal?.message ?? '' }),
          },
        });
        expect(outcome).toMatchObject({ Status: 'FAILED', RotationId });
        // JSON knows no -0.
        const said = JSON.parse(JSON.stringify(outcome));
        expect(toldOf(RotationId)).toEqual([said]);
        if (StreamARN === undefined) return;
        expect(outcome.StreamARN).toBe(StreamARN);
        const { Lease } = await quotaLedger().read(StreamARN);
        expect(Lease).toBeUndefined();
        const records = await recordsOf(dynamodb, ledgerTableName(), StreamARN);
        expect(
          records.filter((record) => record.RotationId === RotationId),
        ).toMatchObject([said]);
      }),
      runs(60),
    );
  });

  it.each(['execution-aborted', 'execution-failed'])(
    'of %s is refused by SettleFailure, or settled',
    async (name) => {
      const sample = await sampleEvent(name);
      await fc.assert(
        fc.asyncProperty(hostileVariant(sample), async (event) => {
          await refusalOf(() => settle(event), isInvalid);
        }),
        runs(40),
      );
    },
  );

  it('of RecordExternalStart is refused, or recorded', async () => {
    const started = await sampleEvent('start-stream-encryption');
    const stopped = await sampleEvent('stop-stream-encryption');
    const variant = fc.oneof(hostileVariant(started), hostileVariant(stopped));
    const recordExternalStart = createRecordExternalStart({
      ledger: quotaLedger(),
      partition: 'aws',
    });
    await fc.assert(
      fc.asyncProperty(variant, async (event) => {
        await refusalOf(() => recordExternalStart(event, context), isInvalid);
      }),
      runs(60),
    );
  });

  it('of SweepDrift is refused, or no stream', async () => {
    const sample = {
      Streams: [{ StreamName: 'stream-0', KeyIds: request.KeyIds }],
    };
    const stopped = await sampleEvent('stop-stream-encryption');
    const variant = fc.oneof(hostileVariant(sample), hostileVariant(stopped));
    const ledger = quotaLedger();
    const listed = { StreamName: 'samplestream', KeyIds: ['alias/a'] };
    await fc.assert(
      fc.asyncProperty(variant, async (event) => {
        // Each has a pace of its own, and so waits for no other.
        const sweep = createSweepDrift({
          kinesis,
          kms,
          ledger,
          history: async function* () {},
          streams: () => [listed],
          stage: 'dev',
          now: Date.now,
        });
        await refusalOf(() => sweep(event, context), isInvalid);
      }),
      runs(60),
    );
  });

  it('is published by the rule where Step Functions could run no Catch', async () => {
    for (const error of ['States.DataLimitExceeded', 'States.Runtime']) {
      const RotationId = nextRotation();
      await settle({
        'detail-type': 'Step Functions Execution Status Change',
        detail: {
          executionArn: RotationId,
          status: 'FAILED',
          startDate: Date.parse(STARTED_AT),
          input: null,
          inputDetails: null,
          error,
          cause: 'x'.repeat(32_768),
        },
      });
      expect(toldOf(RotationId)).toMatchObject([
        { Error: error.replace('States.', '') },
      ]);
    }
  });

  it('that looks like an expression of DynamoDB is a value like any other', async () => {
    const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/__proto__';
    const RotationId = `${localExecutions('us-east-1')}Version-attribute_not_exists(#status)`;
    const KeyId = ':version OR attribute_exists(Slots) REMOVE Slots';
    const ledger = quotaLedger();
    const before = await ledger.read(StreamARN);
    const reservation = await ledger.reserve(StreamARN, {
      ...KEY,
      RotationId,
      StartedAt: STARTED_AT,
      KeyId,
      PreviousKeyId: '#status = :failed',
      LastAppliedAt: null,
      LeaseMs: 60_000,
    });
    if (reservation.Status !== 'GRANTED') throw new Error(reservation.Status);
    const { SlotId } = reservation;
    await ledger.spend(StreamARN, RotationId, SlotId, 10_000);
    await ledger.confirm(
      StreamARN,
      RotationId,
      SlotId,
      { KeyId, KeyArn: '' },
      'Version = 0',
    );
    const Trigger = JSON.parse(
      '{"Source":"manual","#status":":failed","Record":"LEDGER"}',
    );
    const outcome = await settle({
      RotationId,
      StartedAt: STARTED_AT,
      Request: { StreamARN, KeyId: 'alias/a', Trigger },
      Progress: { Error: '#status', Cause: ':writeId' },
    });
    expect(before.Version).toBe(0);
    expect(await ledger.read(StreamARN)).toMatchObject({
      Version: 4,
      Slots: [{ KeyId, RotationId, RequestId: 'Version = 0' }],
      LastApplied: { KeyId },
    });
    expect(
      await recordsOf(dynamodb, ledgerTableName(), StreamARN),
    ).toMatchObject([{ ...outcome, Trigger }]);
  });
});

/** The deployed functions, which tell the bus. */
function telling(): TaskHandlers {
  const dependencies = { ledger: quotaLedger(), notifier: notifier() };
  return {
    ...aws.handlers,
    CompleteRotation: createCompleteRotation(dependencies),
    SettleFailure: createSettleFailure(dependencies),
  };
}

/** What functions write during it, each line by itself. */
async function writtenBy(task: () => Promise<unknown>): Promise<string[]> {
  const chunks: string[] = [];
  const take = (chunk: unknown) => {
    chunks.push(String(chunk));
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(take),
  );
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  logger.setLogLevel('DEBUG');
  try {
    await task();
  } finally {
    for (const spy of spies) spy.mockRestore();
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true');
    logger.setLogLevel('SILENT');
  }
  return chunks
    .join('')
    .split(/[\r\n]+/)
    .filter(Boolean);
}

describe('the probe', () => {
  const CANARY = /canary|Y2FuYXJ5/i;
  const Probe = {
    PartitionKey: 'canary-partition',
    Data: Buffer.from('canary-data').toString('base64'),
  };

  it('is in no log, metric, event, record or outcome, whatever comes of it', async () => {
    const handlers = telling();
    const outcomes: unknown[] = [];
    const ring = aws.nextStream();
    const { StreamName, KeyIds } = aws.nextStream();
    const request = { StreamName, KeyIds, Probe };
    const abort = new AbortController();
    const recordExternalStart = createRecordExternalStart({
      ledger: quotaLedger(),
      partition: 'aws',
    });
    const lines = await writtenBy(async () => {
      for (const hostile of [
        request,
        { ...request, Trigger: { Source: 'manual', Note: 'x\r\n{"a":\u001b' } },
        { ...request, Unknown: true },
        { ...request, Trigger: [Probe] },
        { ...request, Probe: [Probe] },
        { ...request, Probe: { ...Probe, Other: 'canary' } },
        { ...request, Probe: { ...Probe, Data: 'canary!' } },
        { ...request, Probe: { ...Probe, PartitionKey: 'canary'.repeat(90) } },
        { ...request, KeyIds: ['alias/no', 'alias/none'] },
        [Probe],
        JSON.stringify({ Probe }),
      ]) {
        outcomes.push(await aws.rotate(hostile, { handlers }));
      }
      outcomes.push(
        await aws.rotate(
          { ...request, StreamName: ring.StreamName },
          {
            handlers,
            signal: abort.signal,
            onEvent: ({ state }) => {
              if (state?.name === 'StartEncryption') abort.abort();
            },
          },
        ),
      );
      for (const event of [{ Probe }, { detail: { Probe } }, [Probe]]) {
        await recordExternalStart(event, context).catch(() => {});
        await settle(event).catch(() => {});
      }
    });
    expect(outcomes.slice(0, 2)).toMatchObject([
      { Outcome: 'ROTATED' },
      { Outcome: 'ROTATED' },
    ]);
    expect(outcomes.at(-1)).toMatchObject({ Error: 'ExecutionAborted' });
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) {
      expect(JSON.parse(line)).toBeTypeOf('object');
      expect(line).not.toMatch(CANARY);
    }
    const { Items } = await dynamodb.send(
      new ScanCommand({ TableName: ledgerTableName() }),
    );
    expect(Items?.length).toBeGreaterThan(3);
    const kept = JSON.stringify([Items, outcomes, bus.requests]);
    expect(kept).not.toMatch(CANARY);
    expect(await partitionKeysOf(StreamName)).toEqual([
      Probe.PartitionKey,
      Probe.PartitionKey,
    ]);
  });

  async function partitionKeysOf(StreamName: string) {
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    const { Records = [] } = await kinesis.send(
      new GetRecordsCommand({ ShardIterator }),
    );
    return Records.map(({ PartitionKey }) => PartitionKey);
  }
});

describe('the largest request', () => {
  /** What Step Functions takes as the input of a state, less a stack trace. */
  const LIMIT = 262_144 - 20_000;

  it('fits into every state, so that each failure can be settled', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const ring = Array.from({ length: 98 }, (_, at) => {
      const name = String(at).padEnd(250, 'x');
      return `arn:aws:kms:us-east-1:000000000000:alias/${name}`;
    });
    const fields = Array.from({ length: 15 }, (_, at) => [
      String(at).padEnd(60, 'x'),
      'é'.repeat(500),
    ]);
    const request = {
      StreamName,
      KeyIds: [...ring, ...KeyIds.slice(1)],
      Mode: 'RESTORE',
      Probe: { PartitionKey: '\u0001'.repeat(256), Data: 'A'.repeat(65_536) },
      Trigger: { Source: 'manual', ...Object.fromEntries(fields) },
    };
    const sizes: Record<string, number> = {};
    const failing: TaskHandlers = {
      ...telling(),
      ReserveQuota: async () => {
        throw Object.assign(new Error('é'.repeat(4096)), { name: 'X' });
      },
    };
    const handlers = Object.fromEntries(
      Object.entries(failing).map(([name, handler]) => [
        name,
        (event: never, given: never) => {
          sizes[name] = Buffer.byteLength(JSON.stringify(event));
          return handler(event, given);
        },
      ]),
    );
    const outcome = await aws.rotate(request, { handlers });
    expect(outcome).toMatchObject({ Error: 'X', KeyId: KeyIds[1] });
    expect(Object.keys(sizes)).toContain('SettleFailure');
    expect(Math.max(...Object.values(sizes))).toBeLessThan(LIMIT);
  });
});
