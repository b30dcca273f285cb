import { readFile } from 'node:fs/promises';
import {
  DynamoDBClient,
  type PutItemCommandInput,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  type KMSClient,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import aslValidator from 'asl-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCompleteRotation } from '../../functions/complete-rotation.ts';
import { createPlanRotation } from '../../functions/plan-rotation.ts';
import { createReserveQuota } from '../../functions/reserve-quota.ts';
import { createStartEncryption } from '../../functions/start-encryption.ts';
import { readStateMachine } from '../../local/runner/state-machine.ts';
import { wholeSecond } from '../../shared/events/iso-time.ts';
import {
  kinesisClient,
  kmsClient,
  ledgerTableName,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import { notifier } from '../../shared/lambda/notifier.ts';
import { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';
import { SLOT_MS } from '../../shared/ledger/window.ts';
import { LEASE_MS } from '../../shared/rotation/deadlines.ts';
import { ledgerOf, localStreamArn } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  MISSING_STREAM,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { recordStates } from '../support/workflow/record-states.ts';
import { countStartCalls } from '../support/workflow/start-calls.ts';

let aws: LocalRotations;
let kms: KMSClient;
let dynamodb: DynamoDBClient;

async function keyArn(KeyId: string): Promise<string> {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  return KeyMetadata?.Arn ?? '';
}

async function newKey(alias: string, properties = {}): Promise<string> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand(properties));
  const KeyId = KeyMetadata?.KeyId ?? '';
  await kms.send(
    new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyId }),
  );
  return KeyId;
}

async function history(StreamName: string) {
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: ledgerTableName(),
      KeyConditionExpression:
        'StreamARN = :stream AND begins_with(#record, :rotation)',
      ExpressionAttributeNames: { '#record': 'Record' },
      ExpressionAttributeValues: {
        ':stream': { S: localStreamArn(StreamName) },
        ':rotation': { S: 'ROTATION#' },
      },
    }),
  );
  return Items.map((item) => unmarshall(item));
}

beforeAll(async () => {
  aws = await openLocalRotations(0.15, 40);
  kms = kmsClient();
  dynamodb = new DynamoDBClient();
});

afterAll(async () => {
  kms.destroy();
  dynamodb.destroy();
  await aws.close();
});

describe('the definition', () => {
  it('is valid Amazon States Language', async () => {
    const path = 'statemachines/rotate-stream.asl.json';
    const definition = JSON.parse(await readFile(path, 'utf8'));
    const { isValid, errorsText } = aslValidator(definition, {
      checkPaths: true,
      checkArn: true,
    });
    expect(errorsText('\n')).toBe('');
    expect(isValid).toBe(true);
  });

  it('waits 5 seconds before the probe, and catches every Task', async () => {
    const path = 'statemachines/rotate-stream.asl.json';
    const { States, TimeoutSeconds } = JSON.parse(await readFile(path, 'utf8'));
    expect(States.WaitForPropagation).toMatchObject({
      Seconds: 5,
      Next: 'VerifyEncryption',
    });
    expect(TimeoutSeconds).toBeGreaterThan(24 * 3600);
    for (const [name, state] of Object.entries<Record<string, unknown>>(
      States,
    )) {
      if (state.Type !== 'Task') continue;
      expect(state.Resource).toBe(`\${${name}FunctionArn}`);
      expect((state.Catch as object[]).slice(-1)).toMatchObject([
        { ErrorEquals: ['States.ALL'] },
      ]);
      expect(state.Retry).toMatchObject([
        {
          ErrorEquals: expect.arrayContaining([
            'Lambda.ServiceException',
            'Lambda.AWSLambdaException',
            'Lambda.SdkClientException',
            'Lambda.TooManyRequestsException',
          ]),
          JitterStrategy: 'FULL',
        },
        ...(name === 'VerifyEncryption'
          ? [
              {
                ErrorEquals: ['RecordNotEncrypted'],
                IntervalSeconds: 2,
                MaxAttempts: 4,
                BackoffRate: 1.5,
              },
            ]
          : []),
        {
          ErrorEquals: [
            'ServiceUnavailable',
            'LedgerContended',
            'States.Timeout',
          ],
          MaxAttempts: 5,
        },
        {
          ErrorEquals: ['RightsPending'],
          IntervalSeconds: 5,
          BackoffRate: 1.5,
          MaxDelaySeconds: 30,
          MaxAttempts: 20,
        },
      ]);
    }
  });
});

describe('a rotation', () => {
  it('moves a stream on in its ring, and leaves alone what is in order', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const ring = KeyIds.slice(0, 2);

    const first = await aws.rotate({ StreamName, KeyIds: ring });
    expect(first).toMatchObject({
      Status: 'SUCCEEDED',
      Outcome: 'ROTATED',
      StreamName,
      StreamARN: localStreamArn(StreamName),
      EncryptionType: 'KMS',
      KeyId: ring[0],
      KeyArn: await keyArn(ring[0] ?? ''),
      PreviousKeyId: null,
      Verification: { EncryptionType: 'KMS', ShardId: 'shardId-000000000000' },
      Quota: { Limit: 25, Used: 1, Remaining: 24, NextAvailableAt: null },
    });

    const second = await aws.rotate({ StreamName, KeyIds: ring });
    expect(second).toMatchObject({
      Outcome: 'ROTATED',
      KeyId: ring[1],
      PreviousKeyId: ring[0],
      Quota: { Used: 2 },
    });

    const { states, onEvent } = recordStates();
    const third = await aws.rotate({ StreamName, KeyId: ring[1] }, { onEvent });
    expect(third).toMatchObject({
      Outcome: 'UNCHANGED',
      KeyId: ring[1],
      ActiveAt: null,
      Verification: { EncryptionType: 'KMS' },
      Quota: { Used: 2 },
    });
    expect(states).toEqual([
      'PlanRotation',
      'IsRotationNeeded',
      'VerifyEncryption',
      'IsRolledBack',
      'CompleteRotation',
    ]);
    expect(await ledgerOf(StreamName)).not.toHaveProperty('Lease');
    expect(await history(StreamName)).toMatchObject([first, second, third]);
  });

  it('verifies after it saw the stream ACTIVE, and never before', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await aws.rotate({ StreamName, KeyId: KeyIds[0] });
    if (outcome.Status !== 'SUCCEEDED') throw new Error(outcome.Cause);
    const { StartedAt, ActiveAt, VerifiedAt } = outcome;
    expect(StartedAt < (ActiveAt ?? '')).toBe(true);
    expect((ActiveAt ?? '') <= (VerifiedAt ?? '')).toBe(true);
  });

  it('takes a key in all five forms, and knows it again in any other', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const [alias = '', other = ''] = KeyIds;
    const arn = await keyArn(alias);
    const otherArn = await keyArn(other);
    const forms = [alias, arn.split('/').at(-1), arn];
    const aliasArn = `arn:aws:kms:us-east-1:000000000000:${other}`;
    for (const KeyId of [...forms, 'alias/aws/kinesis']) {
      const away = await aws.rotate({ StreamName, KeyId: aliasArn });
      expect(away).toMatchObject({ Outcome: 'ROTATED', KeyArn: otherArn });
      const there = await aws.rotate({ StreamName, KeyId });
      expect(there).toMatchObject({ Outcome: 'ROTATED', KeyId });
      for (const same of KeyId === 'alias/aws/kinesis' ? [KeyId] : forms) {
        const again = await aws.rotate({ StreamName, KeyId: same });
        expect(again).toMatchObject({ Outcome: 'UNCHANGED', KeyId });
      }
    }
  });

  it('takes an alias that was repointed for another key', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const [KeyId = '', other = ''] = KeyIds;
    await aws.rotate({ StreamName, KeyId });
    await kms.send(
      new UpdateAliasCommand({ AliasName: KeyId, TargetKeyId: other }),
    );
    const outcome = await aws.rotate({ StreamName, KeyId });
    expect(outcome).toMatchObject({
      Outcome: 'ROTATED',
      KeyId,
      KeyArn: await keyArn(other),
      PreviousKeyId: KeyId,
      Quota: { Used: 2 },
    });
  });

  it('applies the same key again with Force', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const KeyId = KeyIds[0];
    await aws.rotate({ StreamName, KeyId });
    const outcome = await aws.rotate({ StreamName, KeyId, Force: true });
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 2 } });
  });

  it('RESTOREs nothing while the key is usable, and the first usable one after', async () => {
    const { StreamName } = aws.nextStream();
    const KeyIds = ['alias/restore-a', 'alias/restore-b'];
    await newKey('alias/restore-a');
    const b = await newKey('alias/restore-b');
    await aws.rotate({ StreamName, KeyId: 'alias/restore-b' });
    const request = { StreamName, KeyIds, Mode: 'RESTORE' };
    expect(await aws.rotate(request)).toMatchObject({ Outcome: 'UNCHANGED' });
    await kms.send(new DisableKeyCommand({ KeyId: b }));
    expect(await aws.rotate(request)).toMatchObject({
      Outcome: 'ROTATED',
      KeyId: 'alias/restore-a',
    });
  });

  it('writes the probe of the request, and copies its trigger', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await aws.rotate({
      StreamName,
      KeyId: KeyIds[0],
      Probe: { PartitionKey: 'picky', Data: 'e30=' },
      Trigger: { Source: 'alarm', AlarmName: 'drift' },
    });
    expect(outcome).toMatchObject({
      Outcome: 'ROTATED',
      Trigger: { Source: 'alarm', AlarmName: 'drift' },
    });
  });
});

describe('the quota', () => {
  it('stops the 26th rotation before any call leaves the process', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const calls = countStartCalls();
    let firstAt = 0;
    for (let i = 1; i <= 25; i++) {
      const outcome = await aws.rotate({ StreamName, KeyIds });
      expect(outcome).toMatchObject({ Quota: { Used: i } });
      firstAt ||= (await ledgerOf(StreamName)).LastApplied?.AppliedAt ?? 0;
    }
    expect(calls.count()).toBe(25);

    const refused = await aws.rotate({ StreamName, KeyIds });
    calls.stop();
    const NextAvailableAt = wholeSecond(
      Math.ceil((firstAt + SLOT_MS) / 1000) * 1000,
    );
    expect(refused).toMatchObject({
      Status: 'FAILED',
      Error: 'QuotaExhausted',
      Cause: expect.stringContaining(NextAvailableAt),
      SlotsSpent: 0,
      Quota: { Limit: 25, Used: 25, Remaining: 0, NextAvailableAt },
    });
    expect(calls.count()).toBe(25);
    expect(await ledgerOf(StreamName)).not.toHaveProperty('Lease');
  });

  it('waits for a slot with OnQuotaExhausted WAIT', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const freeAt = Math.floor(Date.now() / 1000) * 1000 - 60_000;
    // The clock of the reservation stands still until the wait is over.
    let now = freeAt - 1;
    const ledgerAt = (time: () => number) =>
      new QuotaLedger(dynamodb, ledgerTableName(), { now: time });
    const yesterday = ledgerAt(() => freeAt - SLOT_MS);
    for (let i = 0; i < 25; i++) {
      const key = { KeyId: 'alias/old', KeyArn: 'old' };
      await yesterday.confirm(
        localStreamArn(StreamName),
        `old-${i}`,
        i,
        key,
        `id-${i}`,
      );
    }
    const ReserveQuota = createReserveQuota({ ledger: ledgerAt(() => now) });
    const { states, onEvent } = recordStates();
    const waits: unknown[] = [];
    const outcome = await aws.rotate(
      { StreamName, KeyId: KeyIds[0], OnQuotaExhausted: 'WAIT' },
      {
        handlers: { ...aws.handlers, ReserveQuota },
        waits: { ...aws.waits, WaitForQuota: 0 },
        onEvent: (event) => {
          onEvent(event);
          const { type, state } = event;
          if (type !== 'StateEntered' || state?.name !== 'WaitForQuota') return;
          waits.push(state.input);
          now = freeAt;
        },
      },
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
    expect(states.slice(0, 7)).toEqual([
      'PlanRotation',
      'IsRotationNeeded',
      'ReserveQuota',
      'IsQuotaAvailable',
      'WaitForQuota',
      'PlanRotation',
      'IsRotationNeeded',
    ]);
    const NextAvailableAt = wholeSecond(freeAt);
    expect(waits).toMatchObject([{ Reservation: { NextAvailableAt } }]);
    const { States } = await readStateMachine();
    expect(States.WaitForQuota).toMatchObject({
      TimestampPath: '$.Reservation.NextAvailableAt',
    });
  });
});

describe('a ledger entry that another principal just changed', () => {
  it('is read again, at every step', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    await aws.rotate({ StreamName, KeyId: KeyIds[0] });
    const touch = () =>
      aws.iam.elsewhere(() =>
        dynamodb.send(
          new UpdateItemCommand({
            TableName: ledgerTableName(),
            Key: {
              StreamARN: { S: localStreamArn(StreamName) },
              Record: { S: 'LEDGER' },
            },
            UpdateExpression: 'ADD Version :one',
            ExpressionAttributeValues: { ':one': { N: '1' } },
          }),
        ),
      );
    const lost: string[] = [];
    let state = '';
    let isRetry = false;
    const overtaken = new DynamoDBClient();
    overtaken.middlewareStack.add((next) => async (args) => {
      const { Item } = args.input as Partial<PutItemCommandInput>;
      if (Item?.Record?.S !== 'LEDGER') return next(args);
      if (!isRetry) await touch();
      isRetry = false;
      return next(args).catch((error: unknown) => {
        isRetry = true;
        lost.push(state);
        throw error;
      });
    });
    const ledger = new QuotaLedger(overtaken, ledgerTableName());
    const kinesis = kinesisClient({ maxAttempts: 1 });
    const outcome = await aws.rotate(
      { StreamName, KeyId: KeyIds[1] },
      {
        handlers: {
          ...aws.handlers,
          ReserveQuota: createReserveQuota({ ledger }),
          StartEncryption: createStartEncryption({
            kinesis,
            kms,
            ledger,
            now: Date.now,
            random: () => 0,
          }),
          CompleteRotation: createCompleteRotation({
            ledger,
            notifier: notifier(),
          }),
        },
        onEvent: (event) => {
          if (event.type === 'StateEntered') state = event.state?.name ?? '';
        },
      },
    );
    for (const client of [overtaken, kinesis]) client.destroy();
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 2 } });
    expect(lost).toEqual([
      'ReserveQuota',
      'StartEncryption',
      'StartEncryption',
      'CompleteRotation',
    ]);
  });

  it('notices one that began and ended while the plan was made', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const request = { StreamName, KeyId: KeyIds[0] };
    const slow = kinesisClient();
    let other: ReturnType<typeof aws.rotate> | undefined;
    slow.middlewareStack.add((next) => async (args) => {
      const answer = await next(args);
      other ??= aws.rotate(request);
      await other;
      return answer;
    });
    const PlanRotation = createPlanRotation({
      kinesis: slow,
      kms,
      ledger: quotaLedger(),
      now: Date.now,
    });
    const outcome = await aws.rotate(request, {
      handlers: { ...aws.handlers, PlanRotation },
    });
    slow.destroy();
    expect(await other).toMatchObject({ Outcome: 'ROTATED' });
    expect(outcome).toMatchObject({ Outcome: 'UNCHANGED', Quota: { Used: 1 } });
  });

  it('makes a plan stale when another rotation was faster', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const { states, onEvent } = recordStates();
    const { ReserveQuota } = aws.handlers;
    let isDone = false;
    const outcome = await aws.rotate(
      { StreamName, KeyId: KeyIds[0] },
      {
        onEvent,
        handlers: {
          ...aws.handlers,
          ReserveQuota: async (event, context) => {
            if (!isDone) await aws.rotate({ StreamName, KeyId: KeyIds[0] });
            isDone = true;
            return ReserveQuota?.(event, context);
          },
        },
      },
    );
    expect(outcome).toMatchObject({ Outcome: 'UNCHANGED', Quota: { Used: 1 } });
    expect(states.filter((name) => name === 'PlanRotation')).toHaveLength(2);
  });
});

describe('a request that cannot be met', () => {
  const expectNothingHeld = async (StreamName: string) => {
    const entry = await ledgerOf(StreamName);
    expect(entry.Slots).toEqual([]);
    expect(entry).not.toHaveProperty('Lease');
  };

  it.each([
    ['no object', 'rotate please', 'a string, is not a JSON'],
    ['an unknown field', { StreamName: 's', Keyid: 'x' }, 'Keyid'],
    ['a prototype', JSON.parse('{"__proto__": {"a": 1}}'), '__proto__'],
  ])('%s is an InvalidRequest', async (_, request, value) => {
    const outcome = await aws.rotate(request);
    expect(outcome).toMatchObject({
      Status: 'FAILED',
      Error: 'InvalidRequest',
      Cause: expect.stringContaining(value),
    });
  });

  it('a stream that does not exist', async () => {
    const outcome = await aws.rotate({
      StreamName: MISSING_STREAM,
      KeyId: 'alias/0-a',
    });
    expect(outcome).toMatchObject({
      Error: 'ResourceNotFoundException',
      Cause: expect.stringContaining('StreamName "missing"'),
      Quota: { Used: 0 },
    });
  });

  it.each([
    ['alias/nowhere', 'NotFoundException', 'is not found'],
    [
      '12345678-1234-1234-1234-123456789012',
      'NotFoundException',
      'does not exist',
    ],
    [
      'arn:aws:kms:eu-west-1:000000000000:alias/far-away',
      'UnusableKey',
      'Region eu-west-1',
    ],
  ])('key %s: %s', async (KeyId, error, why) => {
    const { StreamName } = aws.nextStream();
    const outcome = await aws.rotate({ StreamName, KeyId });
    expect(outcome).toMatchObject({
      Error: error,
      Cause: expect.stringContaining(why),
    });
    expect('Cause' in outcome && outcome.Cause).toContain(KeyId);
    await expectNothingHeld(StreamName);
  });

  it.each([
    ['alias/disabled', {}, 'Disabled'],
    ['alias/deleted', {}, 'PendingDeletion'],
    [
      'alias/sign',
      { KeyUsage: 'SIGN_VERIFY', KeySpec: 'RSA_2048' },
      'KeyUsage',
    ],
    [
      'alias/rsa',
      { KeyUsage: 'ENCRYPT_DECRYPT', KeySpec: 'RSA_4096' },
      'KeySpec RSA_4096',
    ],
  ])('key %s is unusable', async (alias, properties, why) => {
    const { StreamName } = aws.nextStream();
    const KeyId = await newKey(alias, properties);
    if (why === 'Disabled') await kms.send(new DisableKeyCommand({ KeyId }));
    if (why === 'PendingDeletion') {
      await kms.send(new ScheduleKeyDeletionCommand({ KeyId }));
    }
    const outcome = await aws.rotate({ StreamName, KeyId: alias });
    expect(outcome).toMatchObject({
      Error: 'UnusableKey',
      Cause: expect.stringContaining(why),
    });
    expect('Cause' in outcome && outcome.Cause).toContain(alias);
    await expectNothingHeld(StreamName);
  });
});

describe('an aborted rotation', () => {
  it('keeps the slot that AWS counted, and gives back the lease', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    let planned: string | undefined;
    const abort = new AbortController();
    const outcome = await aws.rotate(
      { StreamName, KeyId: KeyIds[0], Trigger: { Source: 'schedule' } },
      {
        signal: abort.signal,
        waits: { WaitForPropagation: 60_000 },
        onEvent: ({ state }) => {
          if (state?.name !== 'WaitForPropagation') return;
          const { Plan } = state.input as { Plan: { StartedAt: string } };
          planned = Plan.StartedAt;
          abort.abort();
        },
      },
    );
    expect(outcome).toMatchObject({
      Error: 'ExecutionAborted',
      Trigger: { Source: 'schedule' },
      KeyId: KeyIds[0],
      StartedAt: planned,
      SlotsSpent: 1,
      Quota: { Used: 1 },
    });
    expect(await ledgerOf(StreamName)).not.toHaveProperty('Lease');
    expect(await history(StreamName)).toMatchObject([
      { Error: 'ExecutionAborted' },
    ]);
  });

  it('whose last function had ended is what that function made it', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const abort = new AbortController();
    const { CompleteRotation } = aws.handlers;
    const outcome = await aws.rotate(
      { StreamName, KeyId: KeyIds[0], Trigger: { Source: 'manual' } },
      {
        signal: abort.signal,
        handlers: {
          ...aws.handlers,
          CompleteRotation: async (event, context) => {
            const completed = await CompleteRotation?.(event, context);
            abort.abort();
            return completed;
          },
        },
      },
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED' });
    expect(await history(StreamName)).toEqual([
      expect.objectContaining({ Outcome: 'ROTATED' }),
    ]);
  });

  it('gives back a slot that was not used yet, and keeps the reason', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const abort = new AbortController();
    const calls = countStartCalls();
    const outcome = await aws
      .rotate(
        { StreamName, KeyId: KeyIds[0] },
        {
          signal: abort.signal,
          onEvent: ({ type, state }) => {
            if (type === 'StateExited' && state?.name === 'ReserveQuota') {
              abort.abort({ Cause: 'not that key' });
            }
          },
          handlers: {
            ...aws.handlers,
            StartEncryption: () => new Promise(() => {}),
          },
        },
      )
      .catch((error: unknown) => error);
    calls.stop();
    expect(outcome).toMatchObject({
      Error: 'ExecutionAborted',
      Cause: 'not that key',
      SlotsSpent: 0,
    });
    expect(calls.count()).toBe(0);
    expect((await ledgerOf(StreamName)).Slots).toEqual([]);
  });

  it('keeps its lease no longer than it lasts', () => {
    expect(LEASE_MS).toBeLessThan(2 * 3_600_000);
  });
});
