import { SNSClient } from '@aws-sdk/client-sns';
import fc from 'fast-check';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  vi,
} from 'vitest';
import {
  createPublishOutcome,
  type PublishedOutcome,
} from '../../../functions/events/publish-outcome.ts';
import { logger } from '../../../shared/lambda/logger.ts';
import { sampleEvent } from '../../support/aws/sample-event.ts';
import { startTopics, type Topics } from '../../support/aws/topics.ts';
import {
  hostileVariant,
  refusalOf,
  runs,
} from '../../support/hostile/hostile-json.ts';

const ALL = 'arn:aws:sns:us-east-1:000000000000:kinesis-key-rotation-dev';
const FAILURES = `${ALL}-failures`;

let topics: Topics;
let sns: SNSClient;

beforeAll(async () => {
  topics = await startTopics();
  sns = new SNSClient({
    endpoint: topics.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  vi.spyOn(logger, 'info').mockReturnValue();
  vi.spyOn(logger, 'error').mockReturnValue();
});

beforeEach(() => {
  topics.published.length = 0;
  topics.broken.clear();
});

afterAll(async () => {
  sns.destroy();
  await topics.close();
  vi.restoreAllMocks();
});

const publish = (event: unknown): Promise<PublishedOutcome> =>
  createPublishOutcome({
    sns,
    topics: [ALL],
    failureTopics: [FAILURES],
    stage: 'dev',
    runbook: 'docs/operations.md',
  })(event, { functionName: 'test' } as never) as Promise<PublishedOutcome>;

const isSerializable = (value: unknown) => {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
};

const sample = async (name: string) =>
  (await sampleEvent(name)) as { detail: Record<string, unknown> };

describe('PublishOutcome', () => {
  it('publishes a failure to both topics, a success to one', async () => {
    await publish(await sample('rotation-failed'));
    await publish(await sample('rotation-succeeded'));
    expect(
      topics.published.map(({ TopicArn, Subject }) => [TopicArn, Subject]),
    ).toEqual([
      [FAILURES, 'samplestream (dev): rotation FAILED, UnusableKey'],
      [ALL, 'samplestream (dev): rotation FAILED, UnusableKey'],
      [ALL, 'samplestream (dev): rotation ROTATED'],
    ]);
  });

  it('publishes a warning to both topics', async () => {
    const event = await sample('rotation-succeeded');
    const detail = {
      ...event.detail,
      Outcome: 'UNCHANGED',
      Warning: 'no help',
    };
    await publish({ ...event, detail });
    expect(
      topics.published.map(({ TopicArn, Subject }) => [TopicArn, Subject]),
    ).toEqual([
      [FAILURES, 'samplestream (dev): rotation WARNING, UNCHANGED'],
      [ALL, 'samplestream (dev): rotation WARNING, UNCHANGED'],
    ]);
  });

  it.each(['rotation-failed', 'rotation-succeeded'])(
    'gives programs the JSON, mail a text, and chat a custom notification: %s',
    async (name) => {
      const event = await sample(name);
      const { Message } = await publish(event);
      const [{ email, https, sqs } = { email: '', https: '', sqs: '' }] =
        topics.published;
      expect(JSON.parse(sqs)).toEqual(event.detail);
      expect(email).toBe(Message.Email);
      expect(email).not.toMatch(/[{}]/);
      expect(JSON.parse(https)).toEqual(Message.Chat);
    },
  );

  it('publishes keys at risk to both topics, with what to do', async () => {
    const event = await sample('key-at-risk');
    await publish(event);
    expect(
      topics.published.map(({ TopicArn, Subject }) => [TopicArn, Subject]),
    ).toEqual([
      [FAILURES, 'samplestream (dev): needed key at risk, PendingDeletion'],
      [ALL, 'samplestream (dev): needed key at risk, PendingDeletion'],
    ]);
    const [{ email, sqs } = { email: '', sqs: '' }] = topics.published;
    expect(JSON.parse(sqs)).toEqual(event.detail);
    const key =
      'arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    for (const line of [
      `Key            ${key}`,
      'Deadline       2026-02-11T09:14:31.000Z',
      'Needed until   2026-01-13T03:01:17.204Z',
      `1. aws kms cancel-key-deletion --key-id ${key} --region us-east-1`,
      `2. aws kms enable-key --key-id ${key} --region us-east-1`,
      '3. Runbook: docs/operations.md#alarm-needed-keys',
    ]) {
      expect(email.split('\n')).toContain(line);
    }
  });

  it.each([
    { Keys: [] },
    { Keys: [{ Remedy: ['aws kms schedule-key-deletion --key-id a'] }] },
    { Keys: [{ Remedy: ['aws kms enable-key --key-id a; rm -r /'] }] },
    { Keys: [{ KeyArn: 'https://evil.example' }] },
    { Keys: [{ State: 'call 0123' }] },
    { StreamName: 'a b' },
  ])('refuses keys at risk with %j', async (wrong) => {
    const event = await sample('key-at-risk');
    const { Keys = [] } = event.detail as { Keys?: object[] };
    const changed =
      'Keys' in wrong && wrong.Keys?.map((key) => ({ ...Keys[0], ...key }));
    const detail = {
      ...event.detail,
      ...wrong,
      ...(changed && { Keys: changed }),
    };
    await expect(publish({ ...event, detail })).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining('does not say which keys are at risk'),
    });
    expect(topics.published).toEqual([]);
  });

  it('publishes or refuses whatever an event of keys at risk says', async () => {
    const event = await sample('key-at-risk');
    await fc.assert(
      fc.asyncProperty(hostileVariant(event.detail), async (detail) => {
        fc.pre(isSerializable(detail));
        await refusalOf(
          () => publish({ ...event, detail }),
          (error) =>
            error === 'InvalidRequest' || /^InvalidParameter/.test(error),
        );
      }),
      runs(100),
    );
  });

  it('fails where a topic cannot be reached, so that Lambda calls it again', async () => {
    topics.broken.set(ALL, 1);
    const event = await sample('rotation-failed');
    await expect(publish(event)).rejects.toThrow('InternalError');
    await publish(event);
    expect(topics.published.map(({ TopicArn }) => TopicArn)).toEqual([
      FAILURES,
      FAILURES,
      ALL,
    ]);
  });

  it('publishes nothing where there are no topics', async () => {
    const silent = createPublishOutcome({
      sns,
      topics: [],
      failureTopics: [],
      stage: 'dev',
      runbook: 'docs/operations.md',
    });
    const event = await sample('rotation-failed');
    const answer = await silent(event, { functionName: 'test' } as never);
    expect(answer).toMatchObject({ Status: 'SUCCEEDED', TopicArns: [] });
    expect(topics.published).toEqual([]);
  });

  it('publishes the largest outcome that a rotation can have', async () => {
    const event = await sample('rotation-failed');
    const worst = '\\"'.repeat(2048);
    const text = '"'.repeat(700);
    const Trigger = Object.fromEntries(
      ['Source', ...'abcdefghijk'].map((name) => [name, text]),
    );
    const detail = {
      ...event.detail,
      Error: worst,
      Cause: worst,
      Rollback: { Status: 'FAILED', Cause: worst },
      Trigger,
    };
    await publish({ ...event, detail });
    expect(topics.published).toHaveLength(2);
    expect(JSON.parse(topics.published[0]?.sqs ?? '')).toEqual(detail);
  });

  it.each([
    undefined,
    {},
    { detail: null },
    { detail: { Status: 'RUNNING', RotationId: 'x', StartedAt: 'x' } },
    { detail: { Status: 'FAILED', RotationId: 'x', StartedAt: 'x' } },
    { detail: { Status: 'SUCCEEDED', RotationId: 'x', StartedAt: 'x' } },
  ])('refuses %j', async (event) => {
    await expect(publish(event)).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining('is not the outcome of a rotation'),
    });
    expect(topics.published).toEqual([]);
  });

  it.each(['rotation-failed', 'rotation-succeeded'])(
    'publishes or refuses whatever a %s event says',
    async (name) => {
      const { detail } = await sample(name);
      await fc.assert(
        fc.asyncProperty(hostileVariant(detail), async (hostile) => {
          // EventBridge delivers JSON, which the deepest of these cannot become.
          fc.pre(isSerializable(hostile));
          topics.published.length = 0;
          const refusal = await refusalOf(
            () => publish({ detail: hostile }),
            (error) =>
              error === 'InvalidRequest' || /^InvalidParameter/.test(error),
          );
          if (refusal) return;
          const [message] = topics.published;
          expect(JSON.parse(message?.sqs ?? '')).toEqual(
            JSON.parse(JSON.stringify(hostile)),
          );
          expect(message?.https).not.toMatch(/[<>]/);
        }),
        runs(200),
      );
    },
  );
});
