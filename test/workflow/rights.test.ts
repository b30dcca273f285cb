import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  UpdateAliasCommand,
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
import { createDescribeStream } from '../../functions/describe-stream.ts';
import { createPlanRotation } from '../../functions/plan-rotation.ts';
import { createStartEncryption } from '../../functions/start-encryption.ts';
import { createVerifyEncryption } from '../../functions/verify-encryption.ts';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import {
  boundariesOf,
  type StreamBoundaries,
} from '../../shared/config/stream-boundary.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import { RIGHTS_MS, STALE_MS } from '../../shared/rotation/deadlines.ts';
import { isAllowed } from '../support/iam/authorize.ts';
import { rolePolicies } from '../support/iam/role-policies.ts';
import type { Authorizer } from '../support/iam/under-roles.ts';
import { ledgerOf, localStreamArn } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { NO_RETRY_PAUSES } from '../support/workflow/no-retry-pauses.ts';

let aws: LocalRotations;
let iam: Authorizer;
let entries: RotationsStream[];
const kinesis = kinesisClient();
const kms = kmsClient();

beforeAll(async () => {
  aws = await openLocalRotations(0, 12);
  entries = Array.from({ length: 12 }, () => aws.nextStream());
  iam = aws.iam;
});

beforeEach(() => {
  iam.keyPolicies.clear();
  iam.calls.length = 0;
});

// Each test asserts its own denied calls.
afterEach(() => {
  iam.calls.length = 0;
});

afterAll(async () => {
  kinesis.destroy();
  kms.destroy();
  await aws.close();
});

const startWithin = (boundaries: StreamBoundaries) =>
  createStartEncryption({
    kinesis,
    kms,
    ledger: quotaLedger(),
    boundaries,
    now: Date.now,
    random: () => 0,
  });

/** A rotation as deployed: functions under their roles, streams in their rings. */
function rotate(request: object, changes: Partial<RotationsStream> = {}) {
  const boundaries = boundariesOf(
    entries.map((entry) => ({ ...entry, ...changes })),
  );
  const handlers = {
    ...aws.handlers,
    PlanRotation: createPlanRotation({
      kinesis,
      kms,
      ledger: quotaLedger(),
      boundaries,
      now: Date.now,
    }),
    StartEncryption: startWithin(boundaries),
    // When a repointed alias, which reads the same as before, counts as applied.
    DescribeStream: createDescribeStream({
      kinesis,
      kms,
      now: () => Date.now() + STALE_MS,
    }),
    // When a denial is no longer taken for a right that is late.
    VerifyEncryption: createVerifyEncryption({
      kinesis,
      now: () => Date.now() + RIGHTS_MS,
    }),
  };
  return aws.rotate(request, {
    handlers,
    retries: NO_RETRY_PAUSES,
  });
}

/** The denied calls of the test. */
const denied = () =>
  iam.calls
    .filter(({ allowed }) => !allowed)
    .map(({ role, action }) => `${role} ${action}`);

let taken = 0;
/** A stream, by its entry of rotations.yml. */
function nextEntry() {
  const entry = entries[taken++];
  if (entry === undefined) throw new Error('Ask for more streams');
  const [a = '', b = ''] = entry.KeyIds;
  return { StreamName: entry.StreamName, a, b };
}

async function newKey(alias?: string): Promise<string> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const TargetKeyId = KeyMetadata?.Arn ?? '';
  if (alias === undefined) return TargetKeyId;
  await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId }));
  return TargetKeyId;
}

/** Moves a stream outside the service, as its owner may have done. */
async function moveTo(StreamName: string, KeyId: string): Promise<void> {
  await kinesis.send(
    new StartStreamEncryptionCommand({
      StreamName,
      EncryptionType: 'KMS',
      KeyId,
    }),
  );
  await expect.poll(() => keyOf(StreamName)).toBe(KeyId);
}

async function keyOf(StreamName: string): Promise<string | undefined> {
  const { StreamDescriptionSummary: stream } = await kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName }),
  );
  return stream?.StreamStatus === 'ACTIVE' ? stream.KeyId : undefined;
}

/** A key policy that allows no role to write. */
const ADMIN_ONLY = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::000000000000:root' },
      Action: ['kms:DescribeKey'],
      Resource: '*',
    },
  ],
};

/** Lets no principal write under the key of an alias. */
async function forbid(alias: string): Promise<void> {
  const { KeyMetadata } = await kms.send(
    new DescribeKeyCommand({ KeyId: alias }),
  );
  iam.keyPolicies.set(KeyMetadata?.Arn ?? '', ADMIN_ONLY);
}

describe('under the packaged roles', () => {
  it('a rotation makes only calls that its roles allow', async () => {
    const { StreamName, a, b } = nextEntry();
    expect(await rotate({ StreamName, KeyId: a })).toMatchObject({
      Outcome: 'ROTATED',
    });
    expect(await rotate({ StreamName, KeyIds: [a, b] })).toMatchObject({
      Outcome: 'ROTATED',
      KeyId: b,
    });
    expect(denied()).toEqual([]);
    expect(new Set(iam.calls.map(({ role }) => role)).size).toBe(6);
  });

  it.each([
    ['alias/aws/kinesis', async () => 'alias/aws/kinesis'],
    ['a key outside the ring, by its ARN', () => newKey()],
  ])('a stream that comes from %s returns to it', async (_, former) => {
    const { StreamName, a } = nextEntry();
    const KeyId = await former();
    await moveTo(StreamName, KeyId);
    await forbid(a);
    expect(await rotate({ StreamName, KeyId: a })).toMatchObject({
      Error: 'KMSAccessDeniedException',
      Outcome: 'ROLLED_BACK',
      Rollback: { Status: 'ROLLED_BACK', KeyId },
    });
    expect(denied()).toEqual(['VerifyEncryption kms:GenerateDataKey']);
    expect(await keyOf(StreamName)).toBe(KeyId);
  });

  it('a stream whose alias was pointed elsewhere returns to its key by ARN', async () => {
    const { StreamName, a, b } = nextEntry();
    await rotate({ StreamName, KeyId: a });
    const before = (await ledgerOf(StreamName)).LastApplied;
    await kms.send(
      new UpdateAliasCommand({ AliasName: a, TargetKeyId: await newKey() }),
    );
    await forbid(b);
    iam.calls.length = 0;
    expect(await rotate({ StreamName, KeyId: b })).toMatchObject({
      Outcome: 'ROLLED_BACK',
      Rollback: { Status: 'ROLLED_BACK', KeyId: before?.KeyArn },
    });
    expect(denied()).toEqual(['VerifyEncryption kms:GenerateDataKey']);
  });

  it('a stream that rotations.yml does not list is out of reach', async () => {
    const StreamName = 'unlisted';
    await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    const KeyIds = entries[0]?.KeyIds;
    expect(await rotate({ StreamName, KeyIds })).toMatchObject({
      Error: 'AccessDeniedException',
      SlotsSpent: 0,
    });
    expect(denied()).toEqual(['PlanRotation kinesis:DescribeStreamSummary']);
  });

  it.each<[string, string, boolean]>([
    ['a stream of rotations.yml', 'stream-0', true],
    ['another stream', 'other', false],
  ])('the probe gets a data key for %s: %s, %s', async (_, name, allowed) => {
    const call = {
      role: 'VerifyEncryption',
      action: 'kms:GenerateDataKey',
      resource: await newKey(),
      context: {
        'kms:ViaService': 'kinesis.us-east-1.amazonaws.com',
        'kms:EncryptionContext:aws:kinesis:arn': localStreamArn(name),
      },
    };
    const policies = rolePolicies(entries).get('VerifyEncryption') ?? [];
    expect(await isAllowed(call, policies)).toBe(allowed);
    const direct = { ...call, context: {} };
    expect(await isAllowed(direct, policies)).toBe(false);
  });
});

describe('the role of ReserveQuota', () => {
  const execution = 'arn:aws:states:us-east-1:000000000000:execution:';

  it.each([
    ['kinesis-key-rotation-dev-rotate-stream:x', true],
    ['kinesis-key-rotation-dev-rotate-fleet:x', false],
    ['kinesis-key-rotation-prod-rotate-stream:x', false],
    ['another:x', false],
  ])('may describe execution %s: %s', async (name, allowed) => {
    const call = {
      role: 'ReserveQuota',
      action: 'states:DescribeExecution',
      resource: `${execution}${name}`,
    };
    const policies = rolePolicies(entries).get('ReserveQuota') ?? [];
    expect(await isAllowed(call, policies)).toBe(allowed);
  });
});

describe('the ring of a stream', () => {
  it('refuses a key of another stream, a key of the caller, and a probe of the caller', async () => {
    const { StreamName, a } = nextEntry();
    const foreign = entries[0]?.KeyIds[0] ?? '';
    for (const KeyId of [foreign, await newKey()]) {
      const outcome = await rotate({ StreamName, KeyId });
      expect(outcome).toMatchObject({
        Error: 'KeyNotInRing',
        Cause: expect.stringMatching(/is not in the ring of StreamName/),
        SlotsSpent: 0,
      });
    }
    // By the plan: nothing was reserved.
    const roles = iam.calls.map(({ role }) => role);
    expect(roles).toContain('PlanRotation');
    expect(roles).not.toContain('ReserveQuota');
    const Probe = { PartitionKey: 'mine', Data: 'c2VjcmV0' };
    const outcome = await rotate({ StreamName, KeyId: a, Probe });
    expect(outcome).toMatchObject({
      Error: 'InvalidRequest',
      Cause: expect.not.stringContaining('c2VjcmV0'),
    });
    expect(await keyOf(StreamName)).toBeUndefined();
  });

  it('is checked again before the Start', async () => {
    const { StreamName } = nextEntry();
    const outcome = await aws.rotate(
      { StreamName, KeyId: await newKey() },
      {
        handlers: {
          ...aws.handlers,
          StartEncryption: startWithin(boundariesOf(entries)),
        },
      },
    );
    expect(outcome).toMatchObject({ Error: 'KeyNotInRing', SlotsSpent: 0 });
    expect((await ledgerOf(StreamName)).Slots).toEqual([]);
  });

  it('takes a key of the ring by any of its names', async () => {
    const { StreamName, a } = nextEntry();
    const { LastApplied } = await ledgerOf(StreamName);
    expect(LastApplied).toBeUndefined();
    const KeyId = await newKey();
    await kms.send(
      new UpdateAliasCommand({ AliasName: a, TargetKeyId: KeyId }),
    );
    expect(await rotate({ StreamName, KeyId })).toMatchObject({
      Outcome: 'ROTATED',
      KeyArn: KeyId,
    });
  });

  it('follows an alias that was pointed to another key', async () => {
    const { StreamName, a } = nextEntry();
    const first = await rotate({ StreamName, KeyId: a });
    const TargetKeyId = await newKey();
    await kms.send(new UpdateAliasCommand({ AliasName: a, TargetKeyId }));
    expect(first).not.toHaveProperty('RepointedFrom');
    expect(await rotate({ StreamName, KeyId: a })).toMatchObject({
      Outcome: 'ROTATED',
      KeyArn: TargetKeyId,
      RepointedFrom: first.Status === 'SUCCEEDED' && first.KeyArn,
    });
    const unusable = await newKey();
    await kms.send(
      new UpdateAliasCommand({ AliasName: a, TargetKeyId: unusable }),
    );
    await forbid(a);
    expect(await rotate({ StreamName, KeyId: a })).toMatchObject({
      Outcome: 'ROLLED_BACK',
      Rollback: { KeyId: TargetKeyId },
      RepointedFrom: TargetKeyId,
    });
    iam.calls.length = 0;
  });

  it('of one alias follows it, and its rollback goes by ARN', async () => {
    const { StreamName, a } = nextEntry();
    const KeyIds = [a];
    const request = { StreamName, KeyIds };
    await rotate(request, { KeyIds });
    const former = await newKey();
    await kms.send(
      new UpdateAliasCommand({ AliasName: a, TargetKeyId: former }),
    );
    expect(await rotate(request, { KeyIds })).toMatchObject({
      Outcome: 'ROTATED',
      KeyArn: former,
    });
    await kms.send(
      new UpdateAliasCommand({ AliasName: a, TargetKeyId: await newKey() }),
    );
    await forbid(a);
    iam.calls.length = 0;
    expect(await rotate(request, { KeyIds })).toMatchObject({
      Outcome: 'ROLLED_BACK',
      Rollback: { Status: 'ROLLED_BACK', KeyId: former },
    });
    expect(denied()).toEqual(['VerifyEncryption kms:GenerateDataKey']);
    // A person goes back to it by the alias, not by the key.
    const byKey = { StreamName, KeyId: former, Force: true };
    expect(await rotate(byKey, { KeyIds })).toMatchObject({
      Error: 'KeyNotInRing',
      Cause: expect.stringContaining(`["${a}"]`),
    });
  });

  it('does not limit a stream with AllowOtherKeys', async () => {
    const { StreamName } = nextEntry();
    const KeyId = await newKey();
    expect(
      await rotate({ StreamName, KeyId }, { AllowOtherKeys: true }),
    ).toMatchObject({ Outcome: 'ROTATED', KeyArn: KeyId });
  });
});
