import { connect } from 'node:net';
import {
  DescribeStreamSummaryCommand,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
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
  answering,
  type EventBus,
  startEventBus,
} from '../../../local/instruments/event-bus.ts';
import {
  altered,
  answeredLate,
  awsError,
  DROPPED_AFTER,
  DROPPED_BEFORE,
  type Fault,
  type FaultProxy,
  KILLED_AFTER,
  KILLED_BEFORE,
  type Scope,
  startFaultProxy,
  UNAVAILABLE,
} from '../../../local/instruments/fault-proxy.ts';
import { kinesisClient } from '../../../shared/lambda/clients.ts';

let service: EventBus;
let proxy: FaultProxy;
let scope: Scope;
let client: ReturnType<typeof kinesisClient>;
let impatient: ReturnType<typeof kinesisClient>;

const OPTIONS = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
};
const START = 'StartStreamEncryption';
const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';

beforeAll(async () => {
  service = await startEventBus(
    answering(200, { StreamDescriptionSummary: { StreamStatus: 'ACTIVE' } }),
  );
  proxy = await startFaultProxy({ KINESIS: service.endpoint });
});

beforeEach(() => {
  const { endpoint } = proxy;
  client = kinesisClient({ ...OPTIONS, endpoint });
  impatient = kinesisClient({ ...OPTIONS, endpoint, maxAttempts: 1 });
  scope = proxy.scope('stream/orders');
  service.requests.length = 0;
});

afterEach(() => {
  client.destroy();
  impatient.destroy();
  scope.close();
});

afterAll(async () => {
  await proxy.close();
  await service.close();
});

const describeStream = (by = client, arn = StreamARN) =>
  by.send(new DescribeStreamSummaryCommand({ StreamARN: arn }));
const start = () =>
  impatient.send(
    new StartStreamEncryptionCommand({
      StreamARN,
      EncryptionType: 'KMS',
      KeyId: 'alias/a',
    }),
  );
const meeting = (fault: Fault) => {
  scope.rules.push({ fault, times: 1 });
};

describe('the fault proxy', () => {
  it('passes what no rule fits, and tells what was applied', async () => {
    scope.rules.push({ operation: 'PutRecord', fault: DROPPED_BEFORE });
    scope.phase = 'a state';
    const { StreamDescriptionSummary } = await describeStream();
    expect(StreamDescriptionSummary).toEqual({ StreamStatus: 'ACTIVE' });
    expect(scope.calls).toEqual([
      {
        service: 'KINESIS',
        operation: 'DescribeStreamSummary',
        body: { StreamARN },
        phase: 'a state',
        status: 200,
      },
    ]);
    expect(service.requests).toMatchObject([{ body: { StreamARN } }]);
  });

  it('answers with an error of AWS, which the service never sees', async () => {
    meeting(awsError('KMSDisabledException'));
    await expect(start()).rejects.toMatchObject({
      name: 'KMSDisabledException',
      $metadata: {
        httpStatusCode: 400,
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    });
    expect([scope.count(START), scope.applied(START)]).toEqual([1, 0]);
    expect(service.requests).toEqual([]);
  });

  it.each([
    ['a 5xx', UNAVAILABLE],
    ['an InternalFailure', awsError('InternalFailure', 500)],
    ['a throttle', awsError('LimitExceededException')],
    ['a connection dropped before', DROPPED_BEFORE],
    ['a connection dropped after', DROPPED_AFTER],
  ])('lets the SDK try again after %s', async (_, fault) => {
    meeting(fault);
    await describeStream();
    expect(scope.count('DescribeStreamSummary')).toBe(2);
    await expect(start()).resolves.toBeDefined();
  });

  it.each([
    ['has not', 'before', DROPPED_BEFORE, 0],
    ['has', 'after', DROPPED_AFTER, 1],
  ])('%s applied what is dropped %s', async (_, __, fault, applied) => {
    meeting(fault);
    await expect(start()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect([scope.count(START), scope.applied(START)]).toEqual([1, applied]);
    expect(service.requests).toHaveLength(applied);
  });

  it('answers late', async () => {
    meeting(answeredLate(300));
    const before = performance.now();
    await describeStream();
    expect(performance.now() - before).toBeGreaterThan(295);
    expect(scope.count('DescribeStreamSummary')).toBe(1);
  });

  it.each([
    ['before', KILLED_BEFORE, 0],
    ['after', KILLED_AFTER, 1],
  ])('kills who made a call %s it is applied', async (_, fault, applied) => {
    meeting(fault);
    const killed = new Promise<void>((done) => {
      scope.onKill = done;
    });
    const { endpoint } = proxy;
    const mortal = kinesisClient({ ...OPTIONS, endpoint, maxAttempts: 2 });
    const again = Promise.withResolvers<void>();
    let attempts = 0;
    mortal.middlewareStack.add(
      (next) => (args) => {
        const answer = next(args);
        attempts++;
        if (attempts === 2) again.resolve();
        return answer;
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const dead = describeStream(mortal);
    dead.catch(() => {});
    await killed;
    scope.close();
    scope = proxy.scope('stream/orders');
    // The SDK makes it again.
    await again.promise;
    const others = kinesisClient({ ...OPTIONS, endpoint });
    await describeStream(others);
    others.destroy();
    const isOver = await Promise.race([dead, 'never']);
    expect(isOver).toBe('never');
    mortal.destroy();
    expect(scope.count('DescribeStreamSummary')).toBe(1);
    expect(service.requests).toHaveLength(applied + 1);
  });

  it('alters an answer', async () => {
    meeting(
      altered((body: { StreamDescriptionSummary: object }) => ({
        StreamDescriptionSummary: {
          ...body.StreamDescriptionSummary,
          KeyId: 'alias/b',
        },
      })),
    );
    expect(await describeStream()).toMatchObject({
      StreamDescriptionSummary: { StreamStatus: 'ACTIVE', KeyId: 'alias/b' },
    });
  });

  it('picks calls by service, operation, phase and occurrence', async () => {
    const fault = awsError('AccessDeniedException');
    scope.rules.push(
      { service: 'KMS', fault },
      { operation: START, fault },
      { phase: 'another state', fault },
      { when: (_, earlier) => earlier.length > 9, fault },
      { service: 'KINESIS', after: 1, times: 2, fault },
    );
    const met = [];
    for (let nth = 0; nth < 5; nth++) {
      met.push(await describeStream().then(...[() => 0, () => 1]));
    }
    expect(met).toEqual([0, 1, 1, 0, 0]);
    expect(scope.rules.map(scope.met)).toEqual([0, 0, 0, 0, 2]);
    await expect(start()).rejects.toThrow();
    scope.phase = 'another state';
    await expect(describeStream()).rejects.toThrow();
  });

  it('keeps scopes apart', async () => {
    scope.rules.push({ fault: awsError('AccessDeniedException') });
    const other = proxy.scope('stream/others');
    await describeStream(client, StreamARN.replace('orders', 'others'));
    expect([scope.calls.length, other.calls.length]).toEqual([0, 1]);
    other.close();
    await describeStream(client, StreamARN.replace('orders', 'others'));
    expect(other.calls).toHaveLength(1);
  });

  it('says so when there is nothing behind it', async () => {
    const alone = await startFaultProxy({ KINESIS: 'http://127.0.0.1:1' });
    const lonely = kinesisClient({
      ...OPTIONS,
      endpoint: alone.endpoint,
      maxAttempts: 1,
    });
    await expect(describeStream(lonely)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 502 },
    });
    lonely.destroy();
    await alone.close();
  });

  it('listens on 127.0.0.1 only, and closes with calls under way', async () => {
    const closing = await startFaultProxy({ KINESIS: service.endpoint });
    const { hostname, port } = new URL(closing.endpoint);
    expect(hostname).toBe('127.0.0.1');
    const waiting = kinesisClient({
      ...OPTIONS,
      endpoint: closing.endpoint,
      maxAttempts: 1,
    });
    const late = closing.scope('stream/orders');
    late.rules.push({ fault: answeredLate(60_000) });
    const call = describeStream(waiting);
    call.catch(() => {});
    while (late.applied('DescribeStreamSummary') === 0) {
      await new Promise((done) => setTimeout(done, 5));
    }
    await closing.close();
    await expect(call).rejects.toMatchObject({ code: 'ECONNRESET' });
    waiting.destroy();
    const refused = await new Promise((done) => {
      connect(Number(port), hostname).once('error', done);
    });
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
