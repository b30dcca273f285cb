import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  StopStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  type KMSClient,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createSweepDrift,
  type Sweep,
  startRestore,
} from '../../../functions/events/sweep-drift.ts';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import { readHistory } from '../../../shared/history/read-history.ts';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
  quotaLedger,
} from '../../../shared/lambda/clients.ts';
import { publishedBy, stampsOf } from '../../support/aws/published-metrics.ts';
import { sampleEvent } from '../../support/aws/sample-event.ts';
import { stepFunctionsRunning } from '../../support/local/step-functions.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

/** Waits for the emulator, however busy the machine is. */
const PATIENTLY = { interval: 10, timeout: 60_000 };

const MANY = 12;
const NOT_DEPLOYED = 'no state machine is deployed';

let aws: LocalRotations;
let kinesis: KinesisClient;
let kms: KMSClient;
const dynamodb = dynamoDbClient();

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 18 + MANY);
  kinesis = kinesisClient({ maxAttempts: 1 });
  kms = kmsClient();
});

afterAll(async () => {
  kinesis.destroy();
  kms.destroy();
  dynamodb.destroy();
  await aws.close();
});

const context = { functionName: 'SweepDrift' } as never;

async function sweep(
  streams: Pick<RotationsStream, 'StreamName' | 'KeyIds'>[],
): Promise<Sweep['Streams']> {
  const { Status, Streams } = await createSweepDrift(dependencies())(
    { Streams: streams },
    context,
  );
  expect(Status).toBe('SUCCEEDED');
  return Streams;
}

const dependencies = () => ({
  kinesis,
  kms,
  ledger: quotaLedger(),
  history: (arn: string) => readHistory(dynamodb, ledgerTableName(), arn),
  stage: 'dev',
  now: Date.now,
});

/** Step Functions with executions that end at once. */
async function stepFunctions() {
  const started: unknown[] = [];
  const running = await stepFunctionsRunning(async ({ request, onEvent }) => {
    started.push(request);
    onEvent?.({ type: 'ExecutionSucceeded', timestamp: Date.now() });
  });
  return { ...running, started };
}

/** CloudTrail's event of a call, but for these fields. */
async function reportOf(sample: string, fields: object): Promise<object> {
  const event = (await sampleEvent(sample)) as { detail: object };
  return { ...event, detail: { ...event.detail, ...fields } };
}

async function arnOf(KeyId: string): Promise<string> {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  if (KeyMetadata?.Arn === undefined) throw new Error(`${KeyId} has no ARN`);
  return KeyMetadata.Arn;
}

/** A stream of its own that a rotation has put under the nth key of its ring. */
async function under(nth: number): Promise<RotationsStream> {
  const entry = aws.nextStream();
  const { StreamName, KeyIds } = entry;
  const outcome = await aws.rotate({ StreamName, KeyId: KeyIds[nth] });
  expect(outcome).toMatchObject({ Outcome: 'ROTATED' });
  return entry;
}

describe('SweepDrift', () => {
  it.each([
    null,
    {},
    { Streams: 'orders' },
    { Streams: [null] },
    { Streams: [{ StreamName: 'orders' }] },
    { Streams: [{ StreamName: '\u001b[2J', KeyIds: ['alias/a', 'alias/b'] }] },
  ])('refuses %j, which names no streams', async (event) => {
    const handler = createSweepDrift(dependencies());
    await expect(handler(event, context)).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
  });

  it('judges each stream by itself, and in their order', async () => {
    const unencrypted = aws.nextStream();
    const inOrder = await under(1);
    const outside = await under(2);
    const stopped = await under(0);
    await kinesis.send(
      new StopStreamEncryptionCommand({
        StreamName: stopped.StreamName,
        EncryptionType: 'KMS',
        KeyId: stopped.KeyIds[0],
      }),
    );
    await vi.waitFor(async () => {
      const { StreamDescriptionSummary } = await kinesis.send(
        new DescribeStreamSummaryCommand({ StreamName: stopped.StreamName }),
      );
      expect(StreamDescriptionSummary?.EncryptionType).toBe('NONE');
    }, PATIENTLY);
    const nowhere = { StreamName: 'nowhere', KeyIds: inOrder.KeyIds };
    let found: Sweep['Streams'] = [];
    const metrics = await publishedBy(async () => {
      found = await sweep([
        unencrypted,
        nowhere,
        inOrder,
        { ...outside, KeyIds: outside.KeyIds.slice(0, 2) },
        stopped,
      ]);
    });
    expect(found).toEqual([
      {
        StreamName: unencrypted.StreamName,
        Drift: 1,
        Reason: 'is not encrypted',
        Restore: NOT_DEPLOYED,
      },
      {
        StreamName: 'nowhere',
        Drift: null,
        Reason: expect.stringContaining(
          'could not be looked at: ResourceNotFoundException: StreamName "nowhere"',
        ),
      },
      {
        StreamName: inOrder.StreamName,
        Drift: 0,
        Reason: `is under "${inOrder.KeyIds[1]}"`,
      },
      {
        StreamName: outside.StreamName,
        Drift: 1,
        Reason: `is under "${outside.KeyIds[2]}", which is not in its ring`,
        Restore: NOT_DEPLOYED,
      },
      {
        StreamName: stopped.StreamName,
        Drift: 1,
        Reason: 'is not encrypted',
        Restore: NOT_DEPLOYED,
      },
    ]);
    expect(metrics.toSorted()).toEqual(
      [
        ['Drift', unencrypted.StreamName, 1],
        ['Drift', inOrder.StreamName, 0],
        ['QuotaUsed', inOrder.StreamName, 1],
        ['Drift', outside.StreamName, 1],
        ['QuotaUsed', outside.StreamName, 1],
        ['Drift', stopped.StreamName, 1],
        ['QuotaUsed', stopped.StreamName, 1],
      ].toSorted(),
    );
  });

  it('asks for the other keys of the ring once its own cannot be used', async () => {
    const entry = await under(1);
    const [other = '', own = ''] = entry.KeyIds;
    const stray = { ...entry, KeyIds: [other, 'alias/stray'] };
    expect(await sweep([stray])).toMatchObject([
      { Drift: 1, Reason: `is under "${own}", which is not in its ring` },
    ]);
    const arn = { ...entry, KeyIds: [await arnOf(own), other] };
    expect(await sweep([arn])).toMatchObject([{ Drift: 0 }]);
  });

  it('finds a key that was disabled, and the stream in order when it is not', async () => {
    const entry = await under(0);
    const { KeyMetadata } = await kms.send(
      new DescribeKeyCommand({ KeyId: entry.KeyIds[0] }),
    );
    const Key = { KeyId: KeyMetadata?.KeyId };
    await kms.send(new DisableKeyCommand(Key));
    expect(await sweep([entry])).toEqual([
      {
        StreamName: entry.StreamName,
        Drift: 1,
        Reason: expect.stringContaining('KeyState Disabled'),
        Restore: NOT_DEPLOYED,
        KeysAtRisk: [expect.objectContaining({ State: 'Disabled' })],
      },
    ]);
    await kms.send(new EnableKeyCommand(Key));
    expect(await sweep([entry])).toMatchObject([{ Drift: 0 }]);
  });

  it('finds an alias that was repointed, and that a RESTORE cures it', async () => {
    const entry = await under(0);
    const { StreamName, KeyIds } = entry;
    expect(await sweep([entry])).toMatchObject([{ Drift: 0 }]);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await kms.send(
      new UpdateAliasCommand({
        AliasName: KeyIds[0],
        TargetKeyId: KeyMetadata?.KeyId,
      }),
    );
    expect(await sweep([entry])).toEqual([
      {
        StreamName,
        Drift: 1,
        Reason: `is under "${KeyIds[0]}", which resolves to another key than when it was applied`,
        Restore: NOT_DEPLOYED,
      },
    ]);
    const restored = await aws.rotate({ StreamName, KeyIds, Mode: 'RESTORE' });
    expect(restored).toMatchObject({
      Outcome: 'ROTATED',
      KeyArn: KeyMetadata?.Arn,
    });
    expect(await sweep([entry])).toMatchObject([{ Drift: 0 }]);
  });

  it('changes nothing, from the deployed function', async () => {
    const entry = aws.nextStream();
    const { SweepDrift } = aws.handlers;
    const event = { Streams: [entry] };
    expect(await SweepDrift?.(event as never, context)).toMatchObject({
      Streams: [{ StreamName: entry.StreamName, Drift: 1 }],
    });
    const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${entry.StreamName}`;
    expect((await quotaLedger().read(StreamARN)).Version).toBe(0);
  });

  it('stamps its datapoints with the time at which it was due', async () => {
    const entry = aws.nextStream();
    const due = Date.now() - 90_000;
    const event = {
      Streams: [entry],
      ScheduledTime: new Date(due).toISOString(),
    };
    const stamps = await stampsOf(async () => {
      await createSweepDrift(dependencies())(event, context);
    });
    expect(stamps).toEqual([due]);
  });

  describe('the cure', () => {
    const asked: { name: string; request: Record<string, unknown> }[] = [];
    const restore = async (name: string, request: object) => {
      asked.push({ name, request: { ...request } });
      return `arn:${name}`;
    };
    const ScheduledTime = '2026-11-26T10:05:00Z';
    async function cureOf(entry: RotationsStream, more: object = {}) {
      asked.length = 0;
      const handler = createSweepDrift({ ...dependencies(), restore, ...more });
      const { Streams } = await handler(
        { Streams: [entry], ScheduledTime },
        context,
      );
      return Streams[0];
    }

    it('is a RESTORE of every sweep that finds drift, by name', async () => {
      const entry = aws.nextStream();
      const { StreamName, KeyIds } = entry;
      const name = `drift-${StreamName}-20261126100500000`;
      for (let sweeps = 0; sweeps < 2; sweeps++) {
        expect(await cureOf(entry)).toMatchObject({
          Drift: 1,
          Restore: `arn:${name}`,
        });
        expect(asked).toMatchObject([
          {
            name,
            request: {
              StreamName,
              KeyIds,
              Mode: 'RESTORE',
              OnQuotaExhausted: 'FAIL',
              Trigger: {
                Source: 'alarm',
                AlarmName: `kinesis-key-rotation-dev-drift-${StreamName}`,
                Reason: `${StreamName} is not encrypted`,
                Time: '2026-11-26T10:05:00.000Z',
              },
            },
          },
        ]);
        expect(asked[0]?.request.Trigger).not.toHaveProperty('Attempt');
      }
      const { request } = asked[0] ?? {};
      expect(await aws.rotate(request)).toMatchObject({ Outcome: 'ROTATED' });
      const cured = await cureOf(entry);
      expect(cured).not.toHaveProperty('Restore');
      expect(asked).toEqual([]);
    });

    it('makes only calls that its packaged role allows', async () => {
      const entry = aws.nextStream();
      const { sfn, stateMachineArn, started } = await stepFunctions();
      const { SweepDrift } = aws.iam.authorized({
        SweepDrift: createSweepDrift({
          ...dependencies(),
          restore: startRestore(sfn, stateMachineArn),
        }),
      });
      aws.iam.calls.length = 0;
      const event = { Streams: [entry], ScheduledTime };
      await SweepDrift?.(event as never, context);
      expect(started).toHaveLength(1);
      const calls = aws.iam.calls.map(({ action, allowed }) => [
        action,
        allowed,
      ]);
      expect(Object.fromEntries(calls)).toEqual({
        'kinesis:DescribeStreamSummary': true,
        'dynamodb:GetItem': true,
        'dynamodb:Query': true,
        'kms:DescribeKey': true,
        'states:StartExecution': true,
      });
    });

    it('starts at the report of a Stop, before the stream is ACTIVE', async () => {
      const entry = await under(0);
      const { StreamName, KeyIds } = entry;
      const { $metadata } = await kinesis.send(
        new StopStreamEncryptionCommand({
          StreamName,
          EncryptionType: 'KMS',
          KeyId: KeyIds[0],
        }),
      );
      const eventTime = new Date(Date.now() + 1000).toISOString();
      const event = await reportOf('stop-stream-encryption', {
        eventTime,
        requestID: $metadata.requestId,
        requestParameters: { streamName: StreamName },
      });
      asked.length = 0;
      const handler = createSweepDrift({
        ...dependencies(),
        restore,
        streams: () => [entry, aws.nextStream()],
      });
      const { Streams } = await handler(event, context);
      const Reason = expect.stringContaining(
        `/alice called StopStreamEncryption at ${eventTime}`,
      );
      expect(Streams).toEqual([
        { StreamName, Drift: 1, Reason, Restore: expect.any(String) },
      ]);
      const name = `drift-${StreamName}-${eventTime.replaceAll(/\D/g, '')}`;
      expect(asked).toMatchObject([
        { name, request: { Mode: 'RESTORE', Trigger: { Time: eventTime } } },
      ]);
      const { request } = asked[0] ?? {};
      expect(await aws.rotate(request)).toMatchObject({
        Outcome: 'ROTATED',
        KeyId: KeyIds[0],
      });
      const late = await handler(event, context);
      expect(late.Streams).toMatchObject([{ Drift: 0 }]);
      expect(asked).toHaveLength(1);
    });

    it('is not asked for by a Start of a key of the ring', async () => {
      const entry = aws.nextStream();
      const of = (keyId: string | undefined) =>
        reportOf('start-stream-encryption', {
          requestParameters: { streamName: entry.StreamName, keyId },
        });
      const handler = createSweepDrift({
        ...dependencies(),
        restore,
        streams: () => [entry],
      });
      expect(
        (await handler(await of(entry.KeyIds[0]), context)).Streams,
      ).toEqual([]);
      const outside = await handler(await of('alias/outside'), context);
      expect(outside.Streams).toMatchObject([{ Drift: 1 }]);
    });

    it('is left to people with OnDrift ALERT', async () => {
      const entry = { ...aws.nextStream(), OnDrift: 'ALERT' as const };
      const found = await cureOf(entry);
      expect(found).toMatchObject({ Drift: 1 });
      expect(found).not.toHaveProperty('Restore');
      expect(asked).toEqual([]);
    });

    it('waits longer while it keeps failing', async () => {
      const { StreamName } = aws.nextStream();
      const entry = { StreamName, KeyIds: ['alias/none', 'alias/neither'] };
      expect(await cureOf(entry)).toMatchObject({
        Restore: expect.stringMatching(/^arn:/),
      });
      const { request } = asked[0] ?? {};
      expect(await aws.rotate(request)).toMatchObject({ Status: 'FAILED' });
      expect(await cureOf(entry)).toMatchObject({
        Restore: expect.stringMatching(/^a RESTORE failed 1 time; /),
      });
      expect(asked).toEqual([]);
      const later = () => Date.now() + 600_000;
      await cureOf(entry, { now: later });
      expect(asked).toMatchObject([{ request: { Trigger: { Attempt: 2 } } }]);
    });

    it('that cannot be started is reported', async () => {
      const entry = aws.nextStream();
      const broken = async () => {
        throw Object.assign(new Error('denied'), { name: 'AccessDenied' });
      };
      expect(await cureOf(entry, { restore: broken })).toMatchObject({
        Drift: 1,
        Restore: 'could not be started: AccessDenied: denied',
      });
    });

    it('is started once, however often the sweep is delivered', async () => {
      const { sfn, stateMachineArn, started } = await stepFunctions();
      const start = startRestore(sfn, stateMachineArn);
      const first = await start?.('drift-orders-1', { StreamName: 'orders' });
      expect(first).toMatch(/:drift-orders-1$/);
      await expect
        .poll(() => start?.('drift-orders-1', { StreamName: 'orders' }))
        .toBe('started before');
      expect(started).toEqual([{ StreamName: 'orders' }]);
      expect(startRestore(undefined, stateMachineArn)).toBeUndefined();
      expect(startRestore(sfn, undefined)).toBeUndefined();
    });
  });

  it.each([
    ['a stream that is invalid', { StreamName: 'a b' }, '"a b"'],
    ['a ring of one key', { KeyIds: ['alias/aws/kinesis'] }, 'KeyIds'],
  ])('refuses %s', async (_, wrong, named) => {
    const entry = { StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] };
    await expect(sweep([{ ...entry, ...wrong }])).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining(named),
    });
  });

  it('describes at most two streams a second, and hardly less', async () => {
    const entries = Array.from({ length: MANY }, aws.nextStream);
    const startedAt: number[] = [];
    let open = 0;
    const onTheWay = async <T>(call: () => Promise<T>): Promise<T> => {
      open++;
      return call().finally(() => open--);
    };
    const watched = kinesisClient({ maxAttempts: 1 });
    watched.middlewareStack.add((next) => (args) => {
      startedAt.push(Date.now());
      return onTheWay(() => next(args));
    });
    const watchedKms = kmsClient();
    watchedKms.middlewareStack.add(
      (next) => (args) => onTheWay(() => next(args)),
    );
    const reader = quotaLedger();
    const handler = createSweepDrift({
      ...dependencies(),
      kinesis: watched,
      kms: watchedKms,
      ledger: {
        read: (arn) => onTheWay(() => reader.read(arn)),
        change: (arn, transition) => reader.change(arn, transition),
      },
    });
    const swept: string[] = [];
    const sweepAll = async () => {
      // One after the other, as a function that stays warm is called.
      const calls = [
        entries.slice(0, 1),
        entries.slice(1, 5),
        entries.slice(5),
      ];
      for (const Streams of calls) {
        const sweep = await handler({ Streams }, context);
        swept.push(...sweep.Streams.map(({ StreamName }) => StreamName));
        if (swept.length === 1) {
          await new Promise((done) => setTimeout(done, 900));
        }
      }
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    try {
      let isDone = false;
      const sweeping = sweepAll().finally(() => {
        isDone = true;
      });
      while (!isDone) {
        // Time stands still while a call is under way.
        await new Promise(setImmediate);
        if (open === 0) await vi.advanceTimersByTimeAsync(10);
      }
      await sweeping;
    } finally {
      vi.useRealTimers();
      watched.destroy();
      watchedKms.destroy();
    }
    expect(swept).toEqual(entries.map(({ StreamName }) => StreamName));
    expect(startedAt).toHaveLength(MANY);
    for (const [i, at] of startedAt.entries()) {
      const third = startedAt[i + 2] ?? Number.POSITIVE_INFINITY;
      expect(third - at).toBeGreaterThanOrEqual(1000);
    }
    const took = (startedAt.at(-1) ?? 0) - (startedAt[0] ?? 0);
    expect(took).toBeLessThan(6500);
  });
});
