import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  type KMSClient,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDescribeStream } from '../../functions/describe-stream.ts';
import { createPlanRotation } from '../../functions/plan-rotation.ts';
import { createReserveQuota } from '../../functions/reserve-quota.ts';
import { createStartEncryption } from '../../functions/start-encryption.ts';
import { createVerifyEncryption } from '../../functions/verify-encryption.ts';
import {
  awsError,
  DROPPED_AFTER,
  DROPPED_BEFORE,
  type Fault,
} from '../../local/instruments/fault-proxy.ts';
import type { TaskHandlers } from '../../local/runner/state-machine.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import type { KeyPlan } from '../../shared/rotation/state.ts';
import {
  closeFaultyClients,
  faultyKinesis,
} from '../support/workflow/faulty-kinesis.ts';
import { ledgerOf, takeSlots } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { NO_RETRY_PAUSES } from '../support/workflow/no-retry-pauses.ts';
import { recordStates } from '../support/workflow/record-states.ts';

let aws: LocalRotations;
let kms: KMSClient;
const kinesis = kinesisClient();

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 20);
  kms = kmsClient();
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await closeFaultyClients();
  kms.destroy();
  kinesis.destroy();
  await aws.close();
});

const DENIED = () => awsError('KMSAccessDeniedException');

const clients: KinesisClient[] = [];

/** Handlers whose nth probe meets the nth error; no emulator asks KMS. */
function probing(...faults: (Fault | undefined)[]): TaskHandlers {
  const VerifyEncryption = createVerifyEncryption({
    kinesis: faultyKinesis('PutRecord', faults),
    now: Date.now,
  });
  return { ...aws.handlers, VerifyEncryption };
}

/** A StartEncryption whose nth call of StartStreamEncryption meets a fault. */
function starting(...faults: (Fault | undefined)[]): TaskHandlers {
  const StartEncryption = createStartEncryption({
    kinesis: faultyKinesis('StartStreamEncryption', faults),
    kms,
    ledger: quotaLedger(),
    now: Date.now,
    random: () => 0,
  });
  return { StartEncryption };
}

async function planOf(Request: object): Promise<KeyPlan> {
  const handler = createPlanRotation({
    kinesis,
    kms,
    ledger: quotaLedger(),
    now: Date.now,
  });
  const { Plan } = await handler(
    {
      Request,
      RotationId: 'arn:aws:states:us-east-1:000000000000:execution:x:y',
      StartedAt: new Date().toISOString(),
    },
    { functionName: 'PlanRotation' } as never,
  );
  return Plan as KeyPlan;
}

const rotate = (request: object, handlers: TaskHandlers, more = {}) =>
  aws.rotate(request, { handlers, retries: NO_RETRY_PAUSES, ...more });

/** A stream under the first key of its ring. */
async function rotated() {
  const { StreamName, KeyIds } = aws.nextStream();
  const [a = '', b = '', c = ''] = KeyIds;
  await aws.rotate({ StreamName, KeyId: a });
  return { StreamName, a, b, c };
}

async function keyOf(StreamName: string): Promise<string | undefined> {
  const { StreamDescriptionSummary } = await kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName }),
  );
  return StreamDescriptionSummary?.KeyId;
}

async function settled(StreamName: string, outcome: Outcome, spent: number) {
  const entry = await ledgerOf(StreamName);
  expect(entry).not.toHaveProperty('Lease');
  const own = entry.Slots.filter(
    ({ RotationId }) => RotationId === outcome.RotationId,
  );
  expect(own.map(({ State }) => State)).toEqual(Array(spent).fill('SPENT'));
  expect(outcome).toMatchObject({ SlotsSpent: spent });
}

describe('a key that KMS refuses to the probe', () => {
  it('is rolled back to the key before, which is proved, and the rotation fails', async () => {
    const { StreamName, a, b } = await rotated();
    const { states, onEvent } = recordStates();
    const outcome = await rotate({ StreamName, KeyId: b }, probing(DENIED()), {
      onEvent,
    });
    expect(outcome).toMatchObject({
      Status: 'FAILED',
      Outcome: 'ROLLED_BACK',
      Error: 'KMSAccessDeniedException',
      KeyId: b,
      PreviousKeyId: a,
      Rollback: {
        Status: 'ROLLED_BACK',
        KeyId: a,
        VerifiedAt: expect.any(String),
        Verification: { EncryptionType: 'KMS' },
      },
      Quota: { Used: 3 },
    });
    expect(await keyOf(StreamName)).toBe(a);
    await settled(StreamName, outcome, 2);
    const { LastApplied } = await ledgerOf(StreamName);
    expect(LastApplied).toMatchObject({ KeyId: a });
    expect(states.filter((name) => name === 'StartEncryption')).toHaveLength(2);
    expect(states.at(-1)).toBe('RotationFailed');
  });

  it('stays with OnVerificationFailed KEEP', async () => {
    const { StreamName, b } = await rotated();
    const outcome = await rotate(
      { StreamName, KeyId: b, OnVerificationFailed: 'KEEP' },
      probing(awsError('KMSDisabledException')),
    );
    expect(outcome).toMatchObject({ Error: 'KMSDisabledException', KeyId: b });
    expect(outcome).not.toHaveProperty('Rollback');
    expect(await keyOf(StreamName)).toBe(b);
    await settled(StreamName, outcome, 1);
  });

  it('is left alone where this rotation did not apply it', async () => {
    const { StreamName, a } = await rotated();
    const outcome = await rotate({ StreamName, KeyId: a }, probing(DENIED()));
    expect(outcome).toMatchObject({ Error: 'KMSAccessDeniedException' });
    expect(outcome).not.toHaveProperty('Rollback');
    await settled(StreamName, outcome, 0);
  });

  it('is not rolled back for what is not about the key', async () => {
    const { StreamName, b } = await rotated();
    const hot = awsError('ProvisionedThroughputExceededException');
    const outcome = await rotate(
      { StreamName, KeyId: b },
      probing(...Array(9).fill(hot)),
    );
    expect(outcome).toMatchObject({ Error: 'ServiceUnavailable' });
    expect(outcome).not.toHaveProperty('Rollback');
  });
});

describe('a rollback', () => {
  it('is impossible to a stream that was not encrypted', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      probing(DENIED()),
    );
    expect(outcome).toMatchObject({
      Error: 'KMSAccessDeniedException',
      KeyId: KeyIds[0],
      Rollback: {
        Status: 'IMPOSSIBLE',
        Cause: 'the stream was not encrypted before',
      },
    });
    expect(outcome).not.toHaveProperty('Outcome');
    await settled(StreamName, outcome, 1);
  });

  it('that is stopped is recorded under the key that was asked for', async () => {
    const { StreamName, a, b } = await rotated();
    const stopping = new AbortController();
    let starts = 0;
    const { DescribeStream } = aws.handlers;
    const handlers: TaskHandlers = {
      ...probing(DENIED()),
      DescribeStream: async (event, context) => {
        const { Plan } = event as { Plan: KeyPlan };
        if (Plan.Decision === 'ROLL_BACK' && starts++ === 0) stopping.abort();
        return DescribeStream?.(event, context);
      },
    };
    const outcome = await rotate({ StreamName, KeyId: b }, handlers, {
      signal: stopping.signal,
    });
    expect(outcome).toMatchObject({
      Error: 'ExecutionAborted',
      KeyId: b,
      PreviousKeyId: a,
      Rollback: {
        Status: 'FAILED',
        Cause: expect.stringContaining(`was returning the stream to ${a}`),
      },
    });
    await settled(StreamName, outcome, 2);
  });

  it('is impossible to a key that cannot be used any more', async () => {
    const { StreamName, a, b } = await rotated();
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId ?? '';
    await aws.rotate({ StreamName, KeyId });
    await kms.send(new DisableKeyCommand({ KeyId }));
    const outcome = await rotate({ StreamName, KeyId: b }, probing(DENIED()));
    await kms.send(new EnableKeyCommand({ KeyId }));
    expect(outcome).toMatchObject({
      Rollback: {
        Status: 'IMPOSSIBLE',
        Cause: expect.stringContaining('KeyState Disabled'),
      },
    });
    expect(a).not.toBe(KeyId);
  });

  it('goes by ARN where the text of the key before resolves to another now', async () => {
    const { StreamName, b } = await rotated();
    const before = await kms.send(new CreateKeyCommand({}));
    const after = await kms.send(new CreateKeyCommand({}));
    const point = (key: typeof before) =>
      kms.send(
        new UpdateAliasCommand({
          AliasName: b,
          TargetKeyId: key.KeyMetadata?.KeyId,
        }),
      );
    await point(before);
    await aws.rotate({ StreamName, KeyId: b });
    await point(after);
    const outcome = await rotate({ StreamName, KeyId: b }, probing(DENIED()));
    expect(outcome).toMatchObject({
      Outcome: 'ROLLED_BACK',
      KeyId: b,
      KeyArn: after.KeyMetadata?.Arn,
      Rollback: { KeyId: before.KeyMetadata?.Arn },
    });
  });

  it('that fails is reported with the first failure of the rotation', async () => {
    const { StreamName, b } = await rotated();
    const outcome = await rotate(
      { StreamName, KeyId: b },
      probing(DENIED(), awsError('KMSDisabledException')),
    );
    expect(outcome).toMatchObject({
      Error: 'KMSAccessDeniedException',
      Rollback: {
        Status: 'FAILED',
        Cause: expect.stringContaining('KMSDisabledException'),
      },
    });
    expect(outcome).not.toHaveProperty('Outcome');
    await settled(StreamName, outcome, 2);
  });

  it('says so when it cannot even be planned', async () => {
    const { StreamName, b } = await rotated();
    const outcome = await rotate(
      { StreamName, KeyId: b },
      {
        ...probing(DENIED()),
        PlanRollback: async () => {
          throw Object.assign(new Error('down'), { name: 'InternalError' });
        },
      },
    );
    expect(outcome).toMatchObject({
      Error: 'KMSAccessDeniedException',
      Rollback: { Status: 'FAILED', Cause: 'InternalError: down' },
    });
    await settled(StreamName, outcome, 1);
  });

  it.each([
    ['the key', [DROPPED_AFTER]],
    ['the key before', [undefined, DROPPED_AFTER]],
  ] as [string, Fault[]][])(
    'is made, and known, though the Start of %s was never answered',
    async (_, faults) => {
      const { StreamName, a, b } = await rotated();
      const outcome = await rotate(
        { StreamName, KeyId: b },
        { ...probing(DENIED()), ...starting(...faults) },
      );
      expect(outcome).toMatchObject({
        Outcome: 'ROLLED_BACK',
        Rollback: { KeyId: a },
        Quota: { Used: 3 },
      });
      expect(await keyOf(StreamName)).toBe(a);
      const { LastApplied } = await ledgerOf(StreamName);
      expect(LastApplied).toMatchObject({ KeyId: a });
    },
  );

  it('waits for a stream that is busy, and is planned again', async () => {
    const { StreamName, a, b } = await rotated();
    const { states, onEvent } = recordStates();
    const outcome = await rotate(
      { StreamName, KeyId: b },
      {
        ...probing(DENIED()),
        ...starting(undefined, awsError('ResourceInUseException')),
      },
      { onEvent },
    );
    expect(outcome).toMatchObject({
      Outcome: 'ROLLED_BACK',
      KeyId: b,
      Rollback: { KeyId: a },
      Quota: { Used: 3 },
    });
    expect(states.filter((name) => name === 'PlanRollback')).toHaveLength(2);
    expect(states.filter((name) => name === 'PlanRotation')).toHaveLength(1);
  });

  it('that Kinesis never applies costs no slot', async () => {
    const { StreamName, b } = await rotated();
    let looks = 0;
    const DescribeStream = createDescribeStream({
      kinesis,
      kms,
      now: () => Date.now() + 60_000 * looks++,
    });
    const lost = Array<Fault>(9).fill(DROPPED_BEFORE);
    const outcome = await rotate(
      { StreamName, KeyId: b },
      { ...probing(DENIED()), ...starting(undefined, ...lost), DescribeStream },
    );
    expect(outcome).toMatchObject({
      Error: 'KMSAccessDeniedException',
      Rollback: {
        Status: 'FAILED',
        Cause: expect.stringMatching(/^StartNotApplied: /),
      },
      Quota: { Used: 2 },
    });
    await settled(StreamName, outcome, 1);
  });

  it('is no rotation that another could do instead', async () => {
    const { StreamName, a, b } = await rotated();
    const Plan = {
      ...(await planOf({ StreamName, KeyId: b })),
      RotationId: 'one',
    };
    const ledger = quotaLedger();
    await ledger.reserve(Plan.StreamARN, { ...Plan, LeaseMs: 60_000 });
    const ReserveQuota = createReserveQuota({ ledger });
    const reserve = (Decision: KeyPlan['Decision']) =>
      ReserveQuota({ Plan: { ...Plan, RotationId: 'two', Decision } }, {
        functionName: 'ReserveQuota',
      } as never);
    expect(await reserve('ROTATE')).toMatchObject({
      Status: 'ALREADY_IN_PROGRESS',
    });
    expect(await reserve('ROLL_BACK')).toMatchObject({
      Status: 'ROTATION_IN_PROGRESS',
    });
    await ledger.settle(Plan.StreamARN, 'one');
    expect(await keyOf(StreamName)).toBe(a);
  });

  it('without a slot left is none, and says so', async () => {
    const { StreamName, b } = await rotated();
    await takeSlots(StreamName, 23);
    const outcome = await rotate({ StreamName, KeyId: b }, probing(DENIED()));
    expect(outcome).toMatchObject({
      Quota: { Used: 25 },
      Rollback: {
        Status: 'FAILED',
        Cause: expect.stringMatching(/^QuotaExhausted: .* 25 of its 25/),
      },
    });
    await settled(StreamName, outcome, 1);
  });

  it('has the slot that KeepSlotForRollback kept, and gives it back unused', async () => {
    const { StreamName, a, b } = await rotated();
    const KeepSlotForRollback = true;
    const fine = await rotate(
      { StreamName, KeyId: b, KeepSlotForRollback },
      aws.handlers,
    );
    expect(fine).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 2 } });
    await takeSlots(StreamName, 21);
    // 23 are used: the last two slots.
    const outcome = await rotate(
      { StreamName, KeyId: a, KeepSlotForRollback },
      probing(DENIED()),
    );
    expect(outcome).toMatchObject({
      Outcome: 'ROLLED_BACK',
      Quota: { Used: 25 },
    });
  });

  it('is not risked with a single slot left by KeepSlotForRollback', async () => {
    const { StreamName, b } = await rotated();
    await takeSlots(StreamName, 23);
    const outcome = await rotate(
      { StreamName, KeyId: b, KeepSlotForRollback: true },
      aws.handlers,
    );
    expect(outcome).toMatchObject({
      Error: 'QuotaExhausted',
      Cause: expect.stringContaining('KeepSlotForRollback asks for two'),
      Quota: { Used: 24 },
    });
    await settled(StreamName, outcome, 0);
  });
});
