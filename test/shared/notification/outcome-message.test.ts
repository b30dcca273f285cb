import { describe, expect, it } from 'vitest';
import type { Failure, Success } from '../../../shared/contract/outcome.ts';
import { outcomeMessage } from '../../../shared/notification/outcome-message.ts';

const RotationId =
  'arn:aws:states:eu-west-1:111122223333:execution:kinesis-key-rotation-prod-rotate-stream:one';
const StartedAt = '2026-01-12T03:00:01.204Z';

const FAILURE: Failure = {
  Status: 'FAILED',
  Error: 'UnusableKey',
  Cause: 'KeyId "alias/orders-b" is Disabled; use an Enabled key',
  RotationId,
  StartedAt,
  StreamName: 'orders',
  KeyId: 'alias/orders-b',
  PreviousKeyId: 'alias/orders-a',
  SlotsSpent: 0,
  Trigger: { Source: 'schedule' },
};

const SUCCESS: Success = {
  Status: 'SUCCEEDED',
  Outcome: 'ROTATED',
  RotationId,
  StartedAt,
  StreamName: 'orders',
  StreamARN: 'arn:aws:kinesis:eu-west-1:111122223333:stream/orders',
  EncryptionType: 'KMS',
  KeyId: 'alias/orders-b',
  KeyArn: 'arn:b',
  PreviousKeyId: null,
  ActiveAt: '2026-01-12T03:00:12.871Z',
  VerifiedAt: '2026-01-12T03:00:18.403Z',
  Verification: {
    ShardId: 'shardId-000000000000',
    SequenceNumber: '1',
    EncryptionType: 'KMS',
  },
  Quota: { Limit: 25, Used: 1, Remaining: 24, NextAvailableAt: null },
};

const message = (outcome: Failure | Success, runbook = 'docs/operations.md') =>
  outcomeMessage(outcome, { stage: 'prod', runbook });

/** As Amazon Q Developer documents it. */
interface CustomNotification {
  version: string;
  source: string;
  content: {
    textType: string;
    title: string;
    description: string;
    nextSteps?: string[];
    keywords: string[];
  };
  metadata: Record<string, unknown>;
}
const chat = (outcome: Failure | Success, runbook?: string) =>
  message(outcome, runbook).Chat as CustomNotification;

describe('the message of a failure', () => {
  it('is a text that mail shows', () => {
    const { Subject, Email } = message(FAILURE);
    expect(Subject).toBe('orders (prod): rotation FAILED, UnusableKey');
    expect(Email).toBe(`orders (prod): rotation FAILED, UnusableKey

KeyId "alias/orders-b" is Disabled; use an Enabled key

Stream is      under alias/orders-a, as before
Slots spent    0
Started at     2026-01-12T03:00:01.204Z
Started by     schedule
Rotation       ${RotationId}

Next:
1. Runbook: docs/operations.md#unusablekey
2. npx kinesis-key-rotation history --stage prod --stream-name orders --since 24h
`);
  });

  it('is a custom notification of Amazon Q Developer', () => {
    expect(chat(FAILURE)).toEqual({
      version: '1.0',
      source: 'custom',
      content: {
        textType: 'client-markdown',
        title: 'orders (prod): rotation FAILED, UnusableKey',
        description: `KeyId "alias/orders-b" is Disabled; use an Enabled key
*Stream is* under alias/orders-a, as before
*Slots spent* 0
*Started at* 2026-01-12T03:00:01.204Z
*Started by* schedule`,
        nextSteps: [
          'Runbook: docs/operations.md#unusablekey',
          'npx kinesis-key-rotation history --stage prod --stream-name orders --since 24h',
        ],
        keywords: ['orders', 'prod'],
      },
      metadata: {
        threadId: RotationId,
        summary: 'orders (prod): rotation FAILED, UnusableKey',
        eventType: 'Rotation Failed',
        relatedResources: [RotationId],
        additionalContext: {
          Status: 'FAILED',
          StreamName: 'orders',
          RotationId,
        },
      },
    });
  });

  it('links to the place of its Error, of another page too', () => {
    const step = (name: string, page?: string) =>
      chat({ ...FAILURE, Error: name }, page).content.nextSteps?.[0];
    expect(step('QuotaExhausted', 'https://wiki.example.com/keys')).toBe(
      'Runbook: https://wiki.example.com/keys#quotaexhausted',
    );
    expect(step('AccessDeniedException')).toBe(
      'Runbook: docs/operations.md#errors-of-aws',
    );
    expect(step('toString')).toBe('Runbook: docs/operations.md#errors-of-aws');
  });

  it.each([
    [
      { SlotsSpent: 1, Error: 'RecordNotEncrypted' },
      'under alias/orders-b, which no probe has proved',
    ],
    [{ SlotsSpent: 1, Error: 'UpdateTimedOut' }, 'unknown; aws kinesis '],
    [
      {
        SlotsSpent: 2,
        Error: 'KMSAccessDeniedException',
        Rollback: {
          Status: 'ROLLED_BACK' as const,
          KeyId: 'alias/orders-a',
          VerifiedAt: StartedAt,
        },
      },
      `under alias/orders-a again, verified at ${StartedAt}`,
    ],
  ])('says under which key the stream is: %j', (fields, words) => {
    const { Email } = message({ ...FAILURE, ...fields });
    expect(Email).toContain(`Stream is      ${words}`);
  });

  it('says why a rollback did not happen', () => {
    const Rollback = { Status: 'IMPOSSIBLE' as const, Cause: 'no slot' };
    const { Email } = message({ ...FAILURE, SlotsSpent: 1, Rollback });
    expect(Email).toContain('Rollback       IMPOSSIBLE, no slot\n');
  });

  it('names no stream where none is known', () => {
    const { StreamName: _, ...failure } = FAILURE;
    const { Subject, Email } = message(failure);
    expect(Subject).toMatch(/^unknown stream \(prod\)/);
    expect(Email).toContain('history --stage prod --since 24h');
  });
});

describe('the message of a success', () => {
  it('is a text that mail shows, with nothing to do', () => {
    const { Subject, Email } = message(SUCCESS);
    expect(Subject).toBe('orders (prod): rotation ROTATED');
    expect(Email).toBe(`orders (prod): rotation ROTATED

Key            alias/orders-b
Previous key   not encrypted
Verified at    2026-01-12T03:00:18.403Z
Started at     2026-01-12T03:00:01.204Z
Rotation       ${RotationId}
`);
    expect(chat(SUCCESS).content).not.toHaveProperty('nextSteps');
  });

  it('does not call verified what this rotation did not verify', () => {
    const { Email } = message({
      ...SUCCESS,
      Outcome: 'ALREADY_IN_PROGRESS',
      ActiveAt: null,
      VerifiedAt: null,
      Verification: null,
      InProgressRotationId: 'arn:other',
    });
    expect(Email).toContain('Verified at    not verified by this rotation\n');
    expect(Email).toContain('In progress    arn:other\n');
  });
});

describe('a hostile text', () => {
  const Cause = '<!channel> "\\" \u001b[2J\n2. rm -rf /\u202e'.repeat(500);

  it('is one cut line in mail and in chat, and complete in the JSON', () => {
    const failure = { ...FAILURE, Error: `${'é"<x>\n'.repeat(50)}`, Cause };
    const { Subject, Email, Chat, Json } = message(failure);
    const { content } = Chat as CustomNotification;
    expect(Subject).toMatch(/^[ -~]{1,100}$/);
    expect(Email.split('\n').filter((line) => /^2\./.test(line))).toEqual([
      expect.stringMatching(/^2\. npx kinesis-key-rotation history/),
    ]);
    expect(Email.length).toBeLessThan(5000);
    expect(content.description).not.toMatch(/[<>\p{Cf}]|(?!\n)\p{Cc}/u);
    expect(content.title).not.toMatch(/[<>\p{Cc}]/u);
    expect(content.title.length).toBeLessThan(1000);
    expect(JSON.parse(Json)).toEqual(failure);
  });
});

describe('the message of a warning', () => {
  const warned: Success = {
    ...SUCCESS,
    Outcome: 'UNCHANGED',
    Warning: 'The stream keeps "alias/b", and <this> helps no writer',
  };

  it('tells it in mail and chat, with the runbook, and not as a success', () => {
    const { Subject, Email, Json } = message(warned);
    expect(Subject).toBe('orders (prod): rotation WARNING, UNCHANGED');
    expect(Email).toContain(`\n\n${warned.Warning}\n\n`);
    expect(Email).toContain(
      '1. Runbook: docs/operations.md#an-alarm-changes-nothing\n2. npx kinesis-key-rotation history --stage prod --stream-name orders --since 24h\n',
    );
    expect(JSON.parse(Json)).toEqual(warned);
    const { content, metadata } = chat(warned);
    expect(content.description).toContain('and &lt;this&gt; helps no writer');
    expect(content.nextSteps).toHaveLength(2);
    expect(metadata.eventType).toBe('Rotation Warning');
  });

  it('has no steps without a warning', () => {
    const { Warning: _, ...unchanged } = warned;
    expect(message(unchanged).Subject).toBe(
      'orders (prod): rotation UNCHANGED',
    );
    expect(chat(unchanged).metadata.eventType).toBe('Rotation Succeeded');
    expect(chat(unchanged).content.nextSteps).toBeUndefined();
  });
});
