import {
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  type KMSClient,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { previewRotation } from '../../cli/preview/rotation-preview.ts';
import { createDescribeStream } from '../../functions/describe-stream.ts';
import { createSweepDrift } from '../../functions/events/sweep-drift.ts';
import { createVerifyEncryption } from '../../functions/verify-encryption.ts';
import { awsError, type Fault } from '../../local/instruments/fault-proxy.ts';
import { localExecutions } from '../../local/runner/rotation.ts';
import type { TaskHandlers } from '../../local/runner/state-machine.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import { describeStream } from '../../shared/lookup/describe-stream.ts';
import { STALE_MS } from '../../shared/rotation/deadlines.ts';
import {
  closeFaultyClients,
  faultyKinesis,
} from '../support/workflow/faulty-kinesis.ts';
import { ledgerOf } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { NO_RETRY_PAUSES } from '../support/workflow/no-retry-pauses.ts';

let aws: LocalRotations;
let kinesis: KinesisClient;
let kms: KMSClient;
const dynamodb = dynamoDbClient();

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 16);
  kinesis = kinesisClient({ maxAttempts: 1 });
  kms = kmsClient();
  // When a repointed alias, which reads the same as before, counts as applied: on a busy
  // machine the stream may never be seen UPDATING.
  aws.handlers.DescribeStream = createDescribeStream({
    kinesis,
    kms,
    now: () => Date.now() + STALE_MS,
  });
});

afterAll(async () => {
  await closeFaultyClients();
  for (const client of [kinesis, kms, dynamodb]) client.destroy();
  await aws.close();
});

/** A stream with a ring of one alias. */
function nextRing() {
  const { StreamName, KeyIds } = aws.nextStream();
  const [alias = '', other = ''] = KeyIds;
  return { StreamName, KeyIds: [alias], alias, other };
}

/** Points an alias at a new key, as its owner does. */
async function repoint(AliasName: string): Promise<string> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const TargetKeyId = KeyMetadata?.Arn ?? '';
  await kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId }));
  return TargetKeyId;
}

async function keyArn(KeyId: string): Promise<string> {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  return KeyMetadata?.Arn ?? '';
}

/** Applies a key as another tool does, which CloudTrail does not report. */
async function applyOutside(StreamName: string, KeyId: string): Promise<void> {
  const EncryptionType = 'KMS';
  await kinesis.send(
    new StartStreamEncryptionCommand({ StreamName, EncryptionType, KeyId }),
  );
  await expect
    .poll(async () => (await describeStream(kinesis, { StreamName })).KeyId)
    .toBe(KeyId);
  await expect
    .poll(
      async () => (await describeStream(kinesis, { StreamName })).StreamStatus,
    )
    .toBe('ACTIVE');
}

/** What a sweep finds, and the request of the RESTORE that it starts. */
async function sweep(
  { StreamName, KeyIds }: { StreamName: string; KeyIds: string[] },
  now = Date.now,
) {
  const requests: object[] = [];
  const handler = createSweepDrift({
    kinesis,
    kms,
    ledger: quotaLedger(),
    history: (arn) => readHistory(dynamodb, ledgerTableName(), arn),
    restore: async (name, request) => {
      requests.push(request);
      return name;
    },
    stage: 'dev',
    now,
  });
  const context = { functionName: 'SweepDrift' } as never;
  const event = { Streams: [{ StreamName, KeyIds }] };
  const { Streams } = await handler(event, context);
  return { found: Streams[0], request: requests[0] };
}

/** Handlers whose first probe KMS refuses. */
function refusing(...faults: Fault[]): {
  handlers: TaskHandlers;
  retries: typeof NO_RETRY_PAUSES;
} {
  const VerifyEncryption = createVerifyEncryption({
    kinesis: faultyKinesis('PutRecord', faults),
    now: Date.now,
  });
  const handlers = { ...aws.handlers, VerifyEncryption };
  return { handlers, retries: NO_RETRY_PAUSES };
}
const DENIED = awsError('KMSAccessDeniedException');

const preview = (request: Record<string, unknown>) =>
  previewRotation(request, localExecutions('us-east-1'), {
    kinesis,
    kms,
    dynamodb,
    tableName: ledgerTableName(),
    now: Date.now,
  });

describe('a ring of one alias', () => {
  it.each(['ROTATE', 'RESTORE'])(
    'is applied again by %s when it resolves to another key, and only then',
    async (Mode) => {
      const { StreamName, KeyIds, alias } = nextRing();
      const request = { StreamName, KeyIds, Mode };
      const former = await keyArn(alias);
      expect(await aws.rotate(request)).toMatchObject({
        Outcome: 'ROTATED',
        KeyId: alias,
        KeyArn: former,
        PreviousKeyId: null,
        Quota: { Used: 1 },
      });
      const again = await aws.rotate(request);
      expect(again).toMatchObject({ Outcome: 'UNCHANGED', Quota: { Used: 1 } });
      expect(again).not.toHaveProperty('RepointedFrom');

      const KeyArn = await repoint(alias);
      expect(await preview(request)).toMatchObject({
        Expected: 'ROTATED',
        KeyArn,
        PreviousKeyArn: former,
        QuotaAfter: { Used: 2 },
      });
      expect(await aws.rotate(request)).toMatchObject({
        Outcome: 'ROTATED',
        KeyId: alias,
        KeyArn,
        PreviousKeyId: alias,
        RepointedFrom: former,
        Quota: { Used: 2 },
      });
      expect(await aws.rotate(request)).toMatchObject({
        Outcome: 'UNCHANGED',
        Quota: { Used: 2 },
      });
    },
  );

  it('may be the ARN of the alias', async () => {
    const { StreamName, alias } = nextRing();
    const KeyIds = [`arn:aws:kms:us-east-1:000000000000:${alias}`];
    await aws.rotate({ StreamName, KeyIds });
    const KeyArn = await repoint(alias);
    expect(await aws.rotate({ StreamName, KeyIds })).toMatchObject({
      Outcome: 'ROTATED',
      KeyId: KeyIds[0],
      KeyArn,
    });
  });

  it('leaves a stream that has its key under another name', async () => {
    const { StreamName, KeyIds, alias, other } = nextRing();
    const own = await keyArn(alias);
    await kms.send(
      new UpdateAliasCommand({ AliasName: other, TargetKeyId: own }),
    );
    for (const [at, KeyId] of [own, other].entries()) {
      await aws.rotate({ StreamName, KeyId, Force: true });
      expect(await aws.rotate({ StreamName, KeyIds })).toMatchObject({
        Outcome: 'UNCHANGED',
        KeyId,
        Quota: { Used: at + 1 },
      });
    }
    await applyOutside(StreamName, own);
    const { found } = await sweep({ StreamName, KeyIds });
    expect(found).toMatchObject({ Drift: 0 });
    expect(await aws.rotate({ StreamName, KeyIds })).toMatchObject({
      Outcome: 'UNCHANGED',
      Quota: { Used: 2 },
    });
  });

  it('is applied once by ROTATE where another tool applied the alias', async () => {
    const ring = nextRing();
    const { StreamName, KeyIds, alias } = ring;
    await applyOutside(StreamName, alias);
    const KeyArn = await repoint(alias);

    for (const request of [{ KeyIds, Mode: 'RESTORE' }, { KeyId: alias }]) {
      expect(await aws.rotate({ StreamName, ...request })).toMatchObject({
        Outcome: 'UNCHANGED',
        Quota: { Used: 0 },
      });
    }
    const { found, request } = await sweep(ring);
    expect(found).toMatchObject({
      Drift: 0,
      Reason: expect.stringContaining('the ledger does not know which key'),
    });
    expect(request).toBeUndefined();

    const plan = await preview({ StreamName, KeyIds });
    expect(plan).toMatchObject({
      Expected: 'ROTATED',
      PreviousKeyArn: null,
      NoWayBack: expect.stringContaining('does not know which key'),
    });
    const outcome = await aws.rotate({ StreamName, KeyIds }, refusing(DENIED));
    expect(outcome).toMatchObject({
      Error: 'KMSAccessDeniedException',
      KeyArn,
      Rollback: { Status: 'IMPOSSIBLE', Cause: plan.NoWayBack },
    });
    expect(outcome).not.toHaveProperty('RepointedFrom');
    expect(await aws.rotate({ StreamName, KeyIds })).toMatchObject({
      Outcome: 'UNCHANGED',
      KeyArn,
      Quota: { Used: 1 },
    });
  });

  it('is restored by a sweep after its alias was repointed', async () => {
    const ring = nextRing();
    const { StreamName, KeyIds, alias } = ring;
    await aws.rotate({ StreamName, KeyIds });
    expect((await sweep(ring)).found).toMatchObject({ Drift: 0 });
    const KeyArn = await repoint(alias);
    const { found, request } = await sweep(ring);
    expect(found).toMatchObject({
      Drift: 1,
      Reason: `is under "${alias}", which resolves to another key than when it was applied`,
    });
    expect(await aws.rotate(request)).toMatchObject({
      Outcome: 'ROTATED',
      KeyArn,
      RepointedFrom: expect.any(String),
      Trigger: { Source: 'alarm', Reason: `${StreamName} ${found?.Reason}` },
    });
    expect((await sweep(ring)).found).toMatchObject({ Drift: 0 });
  });

  it('rolls back to its former key by ARN, and is not moved at once again', async () => {
    const ring = nextRing();
    const { StreamName, KeyIds, alias } = ring;
    await aws.rotate({ StreamName, KeyIds });
    const former = await keyArn(alias);
    const refused = await repoint(alias);
    const outcome = await aws.rotate({ StreamName, KeyIds }, refusing(DENIED));
    expect(outcome).toMatchObject({
      Outcome: 'ROLLED_BACK',
      KeyId: alias,
      KeyArn: refused,
      RepointedFrom: former,
      Rollback: { Status: 'ROLLED_BACK', KeyId: former, KeyArn: former },
      SlotsSpent: 2,
    });
    const { LastApplied } = await ledgerOf(StreamName);
    expect(LastApplied).toMatchObject({ KeyId: former, KeyArn: former });

    const { found, request } = await sweep(ring);
    expect(found).toMatchObject({
      Drift: 1,
      Reason: `is under "${former}", which is not in its ring`,
      Restore: expect.stringContaining(`rolled back from ${refused}`),
    });
    expect(request).toBeUndefined();
    const later = await sweep(ring, () => Date.now() + 6 * 3_600_000);
    expect(later.request).toMatchObject({ Trigger: { Attempt: 2 } });

    // The owner points the alias back: there is nothing left to do.
    await kms.send(
      new UpdateAliasCommand({ AliasName: alias, TargetKeyId: former }),
    );
    expect((await sweep(ring)).found).toMatchObject({ Drift: 0 });
    expect(await aws.rotate({ StreamName, KeyIds })).toMatchObject({
      Outcome: 'UNCHANGED',
      KeyId: former,
      Quota: { Used: 3 },
    });
    // Or at a third key, which takes the stream at once.
    const third = await repoint(alias);
    const cure = await sweep(ring);
    expect(await aws.rotate(cure.request)).toMatchObject({
      Outcome: 'ROTATED',
      KeyId: alias,
      KeyArn: third,
    });
  });

  it('has no way back to a former key that is disabled, and says so before', async () => {
    const { StreamName, KeyIds, alias } = nextRing();
    await aws.rotate({ StreamName, KeyIds });
    const former = await keyArn(alias);
    await repoint(alias);
    await kms.send(new DisableKeyCommand({ KeyId: former }));
    const plan = await preview({ StreamName, KeyIds });
    expect(plan.NoWayBack).toBe(
      `the present key, "${former}", has KeyState Disabled; use an Enabled key`,
    );
    expect(
      await aws.rotate({ StreamName, KeyIds }, refusing(DENIED)),
    ).toMatchObject({
      Rollback: {
        Status: 'IMPOSSIBLE',
        Cause: expect.stringContaining('KeyState Disabled'),
      },
    });
  });

  it('fails where its alias resolves to no usable key, and spends nothing', async () => {
    const ring = nextRing();
    const { StreamName, KeyIds, alias } = ring;
    await aws.rotate({ StreamName, KeyIds });
    const KeyId = await repoint(alias);
    await kms.send(new DisableKeyCommand({ KeyId }));
    for (const Mode of ['ROTATE', 'RESTORE']) {
      expect(await aws.rotate({ StreamName, KeyIds, Mode })).toMatchObject({
        Error: 'UnusableKey',
        Cause: expect.stringContaining(`KeyIds "${alias}": key ${KeyId}`),
        Quota: { Used: 1 },
      });
    }
    expect((await sweep(ring)).found).toMatchObject({ Drift: 1 });
  });
});
