import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Answer,
  answering,
  HANGING_UP,
  startEventBus,
  TAKEN,
} from '../../../local/instruments/event-bus.ts';
import type {
  Failure,
  Outcome,
  Success,
} from '../../../shared/contract/outcome.ts';
import { logger } from '../../../shared/lambda/logger.ts';
import {
  eventBusNotifier,
  NO_NOTIFIER,
  notifier,
} from '../../../shared/lambda/notifier.ts';

const RotationId =
  'arn:aws:states:us-east-1:123456789012:execution:rotate-stream:one';
const StreamARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
const StartedAt = '2026-01-12T03:00:01.204Z';

const SUCCESS: Success = {
  Status: 'SUCCEEDED',
  Outcome: 'ROTATED',
  RotationId,
  StartedAt,
  StreamName: 'orders',
  StreamARN,
  EncryptionType: 'KMS',
  KeyId: 'alias/orders-b',
  KeyArn: 'arn:b',
  PreviousKeyId: 'alias/orders-a',
  ActiveAt: '2026-01-12T03:00:12.871Z',
  VerifiedAt: '2026-01-12T03:00:18.403Z',
  Verification: {
    ShardId: 'shardId-000000000000',
    SequenceNumber: '1',
    EncryptionType: 'KMS',
  },
  Quota: { Limit: 25, Used: 1, Remaining: 24, NextAvailableAt: null },
};

const FAILURE: Failure = {
  Status: 'FAILED',
  Error: 'InvalidRequest',
  Cause: 'KeyId "x" is not a key id',
  RotationId,
  StartedAt,
};

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const TIMEOUT_MS = 20;
/** Far more than all attempts and the pauses between them take. */
const A_MINUTE_MS = 60_000;

/** Tells a bus that answers so; what arrived there, and what was logged. */
async function publish(outcome: Outcome, answer = TAKEN, requestTimeout = 0) {
  const bus = await startEventBus(answer);
  const client = new EventBridgeClient({
    endpoint: bus.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: new NodeHttpHandler({
      requestTimeout,
      throwOnRequestTimeout: true,
    }),
  });
  onTestFinished(async () => {
    client.destroy();
    await bus.close();
  });
  const logged = vi.spyOn(logger, 'error');
  await eventBusNotifier(client, 'rotations').publish(outcome);
  return { requests: bus.requests, logged };
}

describe('eventBusNotifier', () => {
  it('puts a success on the bus, with the whole outcome', async () => {
    const { requests, logged } = await publish(SUCCESS);
    expect(requests).toHaveLength(1);
    const [{ headers, body } = {}] = requests;
    expect(headers?.['x-amz-target']).toBe('AWSEvents.PutEvents');
    const [{ Detail, ...entry } = {}, ...others] = body?.Entries ?? [];
    expect(others).toEqual([]);
    expect(entry).toEqual({
      EventBusName: 'rotations',
      Source: 'kinesis-key-rotation',
      DetailType: 'Rotation Succeeded',
      Resources: [RotationId, StreamARN],
    });
    expect(JSON.parse(String(Detail))).toEqual(SUCCESS);
    expect(logged).not.toHaveBeenCalled();
  });

  it('puts a failure on the bus, also where no stream is known', async () => {
    const { requests } = await publish(FAILURE);
    const [entry] = requests[0]?.body.Entries ?? [];
    expect(entry).toMatchObject({
      DetailType: 'Rotation Failed',
      Resources: [RotationId],
    });
    expect(JSON.parse(String(entry?.Detail))).toEqual(FAILURE);
  });

  it.each([
    [
      'refuses',
      answering(400, {
        __type: 'AccessDeniedException',
        message: 'User is not authorized to perform: events:PutEvents',
      }),
      1,
      'not authorized',
    ],
    [
      'is broken',
      answering(500, { __type: 'InternalException', message: 'oh' }),
      3,
      'InternalException',
    ],
    ['hangs up', HANGING_UP, 3, ''],
    [
      'takes the request and not the event',
      answering(200, {
        FailedEntryCount: 1,
        Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'later' }],
      }),
      1,
      'InternalFailure: later',
    ],
  ])(
    'logs a bus that %s, and does not throw',
    async (_, answer, calls, why) => {
      const { requests, logged } = await publish(FAILURE, answer);
      expect(requests).toHaveLength(calls);
      expect(logged).toHaveBeenCalledTimes(1);
      expect(logged).toHaveBeenCalledWith(
        expect.stringContaining('event bus'),
        {
          EventBusName: 'rotations',
          Cause: expect.stringContaining(why),
        },
      );
    },
  );

  it('does not wait for ever for a bus that says nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    // Time passes only once a request has arrived.
    const waitingFor: Answer = () =>
      void vi.advanceTimersByTimeAsync(A_MINUTE_MS);
    const { requests, logged } = await publish(FAILURE, waitingFor, TIMEOUT_MS);
    expect(requests.length).toBeGreaterThanOrEqual(1);
    expect(logged).toHaveBeenCalledTimes(1);
  });
});

describe('notifier', () => {
  it('tells the bus that the deployed functions use', async () => {
    const bus = await startEventBus();
    onTestFinished(bus.close);
    vi.stubEnv('EVENT_BUS_NAME', 'default');
    vi.stubEnv('AWS_ENDPOINT_URL_EVENTBRIDGE', bus.endpoint);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    await notifier().publish(SUCCESS);
    expect(bus.requests[0]?.body.Entries).toMatchObject([
      { EventBusName: 'default', DetailType: 'Rotation Succeeded' },
    ]);
  });

  it.each([undefined, ''])('publishes nothing where the bus is %j', (name) => {
    vi.stubEnv('EVENT_BUS_NAME', name);
    expect(notifier()).toBe(NO_NOTIFIER);
  });
});
