import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import {
  CancelKeyDeletionCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  KMSServiceException,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from 'vitest';
import {
  createSweepDrift,
  type Sweep,
} from '../../../functions/events/sweep-drift.ts';
import {
  answering,
  type EventBus,
  startEventBus,
} from '../../../local/instruments/event-bus.ts';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
} from '../../../shared/lambda/clients.ts';
import { eventBusRisks } from '../../../shared/lambda/notifier.ts';
import { publishedBy } from '../../support/aws/published-metrics.ts';
import { sampleEvent } from '../../support/aws/sample-event.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

const HOUR = 3_600_000;
const context = { functionName: 'SweepDrift' } as never;

let aws: LocalRotations;
let kinesis: KinesisClient;
let kms: KMSClient;
let bus: EventBus;
let events: EventBridgeClient;
/** The clock of the sweep, in milliseconds since the epoch; the real one if undefined. */
let clock: number | undefined;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 11);
  kinesis = kinesisClient({ maxAttempts: 1 });
  kms = kmsClient();
});

beforeEach(async () => {
  clock = undefined;
  await openBus();
});

afterEach(() => closeBus());

afterAll(async () => {
  kinesis.destroy();
  kms.destroy();
  await aws.close();
});

async function openBus(answer?: Parameters<typeof startEventBus>[0]) {
  bus = await startEventBus(answer);
  events = new EventBridgeClient({
    endpoint: bus.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

async function closeBus() {
  events.destroy();
  await bus.close();
}

const dependencies = () => ({
  kinesis,
  kms,
  ledger: quotaLedger(),
  history: async function* () {},
  publishRisks: eventBusRisks(events, 'default'),
  stage: 'dev',
  now: () => clock ?? Date.now(),
});

/** A sweep of one stream, with what it publishes. */
async function sweep(entry: RotationsStream, more: object = {}) {
  let found: Sweep['Streams'] = [];
  const handler = createSweepDrift({ ...dependencies(), ...more });
  const metrics = await publishedBy(async () => {
    ({ Streams: found } = await handler({ Streams: [entry] }, context));
  });
  const [stream] = found;
  if (stream === undefined) throw new Error('Nothing was swept');
  const risks = (metrics as [string, string, number][]).filter(
    ([name]) => name === 'NeededKeyAtRisk',
  );
  return { ...stream, metrics: risks };
}

const messages = () =>
  bus.requests.flatMap(({ body }) =>
    body.Entries.map(({ Detail, ...entry }) => ({
      ...entry,
      Detail: JSON.parse(String(Detail)),
    })),
  );

const streamArn = (name: string) =>
  `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`;

async function keyOf(KeyId = '') {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  if (KeyMetadata?.Arn === undefined) throw new Error(`${KeyId} has no ARN`);
  return { KeyId: KeyMetadata.KeyId, Arn: KeyMetadata.Arn };
}

/** A stream that went from the first key of its ring to the second. */
async function moved() {
  const entry = aws.nextStream();
  const { StreamName, KeyIds } = entry;
  for (const KeyId of KeyIds.slice(0, 2)) {
    const outcome = await aws.rotate({ StreamName, KeyId });
    expect(outcome).toMatchObject({ Outcome: 'ROTATED' });
  }
  const [former, current] = await Promise.all(KeyIds.slice(0, 2).map(keyOf));
  if (!former || !current) throw new Error('No ring');
  const { KeyPeriods = [] } = await quotaLedger().read(streamArn(StreamName));
  const LeftAt = KeyPeriods.find(({ KeyArn }) => KeyArn === former.Arn)?.LeftAt;
  if (LeftAt === undefined) throw new Error('The first key was not left');
  return { entry, former, current, leftAt: LeftAt };
}

describe('the guard of former keys', () => {
  it('reports one that is disabled, with remedy and deadline, until it is enabled', async () => {
    const { entry, former, leftAt } = await moved();
    const { StreamName } = entry;
    const inOrder = await sweep(entry);
    expect(inOrder.metrics).toEqual([]);
    expect(inOrder).not.toHaveProperty('KeysAtRisk');

    await kms.send(new DisableKeyCommand({ KeyId: former.KeyId }));
    const found = await sweep(entry);
    const risk = {
      KeyId: entry.KeyIds[0],
      KeyArn: former.Arn,
      State: 'Disabled',
      Deadline: 'now',
      NeededUntil: new Date(leftAt + 24 * HOUR + 65_000).toISOString(),
      Remedy: [`aws kms enable-key --key-id ${former.Arn} --region us-east-1`],
    };
    expect(found).toMatchObject({ Drift: 0, KeysAtRisk: [risk] });
    expect(found.metrics).toEqual([
      ['NeededKeyAtRisk', StreamName, 1],
      ['NeededKeyAtRisk', undefined, 1],
    ]);
    const StreamARN = streamArn(StreamName);
    expect(messages()).toEqual([
      {
        EventBusName: 'default',
        Source: 'kinesis-key-rotation',
        DetailType: 'Needed Key At Risk',
        Resources: [StreamARN, former.Arn],
        Detail: {
          Stage: 'dev',
          StreamName,
          StreamARN,
          At: expect.any(String),
          Keys: [risk],
        },
      },
    ]);

    expect((await sweep(entry)).KeysAtRisk).toHaveLength(1);
    expect(messages()).toHaveLength(1);

    await kms.send(new EnableKeyCommand({ KeyId: former.KeyId }));
    const cleared = await sweep(entry);
    expect(cleared.metrics).toEqual([]);
    expect(cleared).not.toHaveProperty('KeysAtRisk');
    expect((await quotaLedger().read(StreamARN)).AtRisk).toBeUndefined();
    expect(messages()).toHaveLength(1);
  });

  it('publishes a change at once, and what stays once a day', async () => {
    const { entry, former, leftAt } = await moved();
    clock = leftAt + 1_000;
    await kms.send(new DisableKeyCommand({ KeyId: former.KeyId }));
    await sweep(entry);
    await kms.send(new EnableKeyCommand({ KeyId: former.KeyId }));
    const { DeletionDate } = await kms.send(
      new ScheduleKeyDeletionCommand({ KeyId: former.KeyId }),
    );
    const { KeysAtRisk } = await sweep(entry);
    const on = `--key-id ${former.Arn} --region us-east-1`;
    expect(KeysAtRisk).toMatchObject([
      {
        State: 'PendingDeletion',
        Deadline: DeletionDate?.toISOString(),
        Remedy: [
          `aws kms cancel-key-deletion ${on}`,
          `aws kms enable-key ${on}`,
        ],
      },
    ]);
    expect(messages()).toHaveLength(2);
    clock = leftAt + 24 * HOUR;
    await sweep(entry);
    expect(messages()).toHaveLength(2);
    // Its last record has not expired yet.
    clock = leftAt + 24 * HOUR + 1_000;
    await sweep(entry);
    expect(messages()).toHaveLength(3);
    clock = leftAt + 24 * HOUR + 65_000;
    expect(await sweep(entry)).not.toHaveProperty('KeysAtRisk');
    await kms.send(new CancelKeyDeletionCommand({ KeyId: former.KeyId }));
  });

  it('publishes again what the event bus did not take', async () => {
    const { entry, former } = await moved();
    await kms.send(new DisableKeyCommand({ KeyId: former.KeyId }));
    await closeBus();
    const denial = { __type: 'AccessDeniedException', message: 'no' };
    await openBus(answering(400, denial));
    expect((await sweep(entry)).KeysAtRisk).toHaveLength(1);
    await closeBus();
    await openBus();
    await sweep(entry);
    await sweep(entry);
    expect(messages()).toHaveLength(1);
  });

  it('counts the key that the stream is under, which is drift as well', async () => {
    const { entry, current } = await moved();
    await kms.send(new DisableKeyCommand({ KeyId: current.KeyId }));
    const found = await sweep(entry);
    expect(found).toMatchObject({
      Drift: 1,
      KeysAtRisk: [{ KeyArn: current.Arn, NeededUntil: null }],
    });
  });

  it('does not know a key that it may not describe', async () => {
    const { entry, former } = await moved();
    const denied = new KMSClient();
    const deny = (next: never) => async (args: { input: object }) => {
      if ((args.input as { KeyId?: string }).KeyId === former.Arn) {
        throw new KMSServiceException({
          name: 'AccessDeniedException',
          $fault: 'client',
          $metadata: { httpStatusCode: 400 },
          message: 'not authorized',
        });
      }
      return (next as (args: object) => Promise<never>)(args);
    };
    denied.middlewareStack.add(deny as never);
    const unseen = await sweep(entry, { kms: denied });
    expect(unseen).toMatchObject({ Drift: 0, metrics: [] });
    expect(unseen).not.toHaveProperty('KeysAtRisk');
    expect(unseen.KeysNotKnown).toEqual([
      {
        KeyId: entry.KeyIds[0],
        Reason: expect.stringContaining('not authorized'),
      },
    ]);
    // What was at risk stays so while it cannot be seen.
    await kms.send(new DisableKeyCommand({ KeyId: former.KeyId }));
    await sweep(entry);
    const still = await sweep(entry, { kms: denied });
    expect(still).toMatchObject({
      KeysAtRisk: [{ State: 'Disabled' }],
      KeysNotKnown: [{ KeyId: entry.KeyIds[0] }],
    });
    expect(still.metrics).toHaveLength(2);
    denied.destroy();
  });

  it('describes a former key once, and the key of the stream no second time', async () => {
    const { entry, former } = await moved();
    const asked: unknown[] = [];
    const watched = kmsClient();
    watched.middlewareStack.add((next) => (args) => {
      asked.push((args.input as { KeyId: string }).KeyId);
      return next(args);
    });
    await sweep(entry, { kms: watched });
    expect(asked).toEqual([entry.KeyIds[1], former.Arn]);
    clock = Date.now() + 25 * HOUR;
    await sweep(entry, { kms: watched });
    expect(asked.slice(2)).toEqual([entry.KeyIds[1]]);
    watched.destroy();
  });

  it('makes only calls that its packaged role allows', async () => {
    const { entry, former } = await moved();
    await kms.send(new DisableKeyCommand({ KeyId: former.KeyId }));
    aws.iam.calls.length = 0;
    const { SweepDrift } = aws.iam.authorized({
      SweepDrift: createSweepDrift(dependencies()),
    });
    await SweepDrift?.({ Streams: [entry] } as never, context);
    const calls = aws.iam.calls.map(({ action, allowed }) => [action, allowed]);
    expect(Object.fromEntries(calls)).toEqual({
      'kinesis:DescribeStreamSummary': true,
      'dynamodb:GetItem': true,
      'dynamodb:PutItem': true,
      'kms:DescribeKey': true,
      'events:PutEvents': true,
    });
    expect(messages()).toHaveLength(1);
  });
});

describe('an event of KMS', () => {
  it('is a sweep of the streams that may need its key', async () => {
    const { entry, former } = await moved();
    const other = await moved();
    await kms.send(new DisableKeyCommand({ KeyId: former.KeyId }));
    const handler = createSweepDrift({
      ...dependencies(),
      streams: () => [entry, other.entry],
    });
    const event = (await sampleEvent('kms-disable-key')) as { detail: object };
    const named = { ...event.detail, resources: [{ ARN: former.Arn }] };
    const { Streams } = await handler({ ...event, detail: named }, context);
    expect(Streams).toMatchObject([
      { StreamName: entry.StreamName, KeysAtRisk: [{ State: 'Disabled' }] },
    ]);
    expect(messages()).toHaveLength(1);
    // Without the ARN it may be about any of them.
    const all = await handler(event, context);
    expect(all.Streams.map(({ StreamName }) => StreamName)).toEqual([
      entry.StreamName,
      other.entry.StreamName,
    ]);
    expect(messages()).toHaveLength(1);
  });

  it('that is delivered twice starts one RESTORE, by name', async () => {
    const entry = aws.nextStream();
    const asked: string[] = [];
    const handler = createSweepDrift({
      ...dependencies(),
      restore: async (name: string) => {
        asked.push(name);
        return name;
      },
      streams: () => [entry],
    });
    const event = await sampleEvent('kms-disable-key');
    await handler(event, context);
    await handler(event, context);
    expect(asked).toHaveLength(2);
    expect(new Set(asked)).toEqual(
      new Set([`drift-${entry.StreamName}-20260112091431000`]),
    );
  });
});
