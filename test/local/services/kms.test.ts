import { join } from 'node:path';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  GenerateDataKeyCommand,
  GetKeyLastUsageCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ImportKeyMaterialCommand,
  type KMSClient,
  ListAliasesCommand,
  ListGrantsCommand,
  ListKeysCommand,
  PutKeyPolicyCommand,
  paginateListGrants,
  RevokeGrantCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KeyStore } from '../../../local/services/key-store.ts';
import { startKms } from '../../../local/services/kms.ts';
import {
  ACCOUNT,
  kmsAt,
  REGION,
} from '../../support/local/connected-clients.ts';
import {
  CAN_LIST_SOCKETS,
  listeningSockets,
  listensAt,
} from '../../support/local/listening-sockets.ts';
import { takenPort } from '../../support/local/taken-port.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const UNKNOWN_KEY = '99999999-9999-9999-9999-999999999999';

async function running(region = REGION, directory?: string) {
  const folder = directory ?? (await temporaryDirectory());
  const store = new KeyStore(join(folder, 'kms.json'), region, ACCOUNT);
  const service = await startKms(store, 0);
  onTestFinished(service.close);
  return {
    ...service,
    directory: folder,
    kms: kmsAt(service.endpoint, region),
  };
}

async function describeKey(kms: KMSClient, KeyId: string | undefined) {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  return KeyMetadata;
}

async function newKey(kms: KMSClient) {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  return { KeyId: KeyMetadata?.KeyId ?? '', Arn: KeyMetadata?.Arn ?? '' };
}

describe('the KMS stand-in', () => {
  it('describes one key by all forms of its id', async () => {
    const { kms } = await running();
    const before = Date.now();
    const { KeyId, Arn } = await newKey(kms);
    const AliasName = 'alias/orders';
    await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }));

    const forms = [
      Arn,
      `arn:aws:kms:${REGION}:${ACCOUNT}:${AliasName}`,
      KeyId,
      AliasName,
    ];
    const keys = await Promise.all(forms.map((form) => describeKey(kms, form)));

    for (const key of keys) {
      expect(key).toMatchObject({
        AWSAccountId: ACCOUNT,
        KeyId,
        Arn: `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KeyId}`,
        Enabled: true,
        KeyState: 'Enabled',
        KeyUsage: 'ENCRYPT_DECRYPT',
        KeySpec: 'SYMMETRIC_DEFAULT',
        KeyManager: 'CUSTOMER',
        Origin: 'AWS_KMS',
        MultiRegion: false,
      });
    }
    const created = keys[0]?.CreationDate?.getTime();
    // KMS gives whole seconds.
    expect(created).toBeGreaterThan(before - 1000);
    expect(created).toBeLessThanOrEqual(Date.now());
  });

  it('knows the key that Kinesis owns', async () => {
    const { kms } = await running();

    expect(await describeKey(kms, 'alias/aws/kinesis')).toMatchObject({
      KeyManager: 'AWS',
      KeyState: 'Enabled',
    });
  });

  it('answers how KMS itself rotates a key', async () => {
    const { kms, directory, close } = await running();
    const { KeyId, Arn } = await newKey(kms);
    const status = async (of: string, client = kms) => {
      const { $metadata, ...answer } = await client.send(
        new GetKeyRotationStatusCommand({ KeyId: of }),
      );
      return answer;
    };
    const off = { KeyId: Arn, KeyRotationEnabled: false };
    expect(await status(KeyId)).toEqual(off);

    const before = Date.now();
    const RotationPeriodInDays = 90;
    await kms.send(
      new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }),
    );
    await close();
    const { kms: again } = await running(REGION, directory);
    const on = await status(KeyId, again);
    expect(on).toEqual({
      KeyId: Arn,
      KeyRotationEnabled: true,
      RotationPeriodInDays,
      NextRotationDate: expect.any(Date),
    });
    const next =
      Number(on.NextRotationDate) - RotationPeriodInDays * 86_400_000;
    expect(next).toBeGreaterThanOrEqual(before);
    expect(next).toBeLessThanOrEqual(Date.now());

    await again.send(new DisableKeyRotationCommand({ KeyId }));
    expect(await status(KeyId, again)).toEqual(off);
    expect(await status('alias/aws/kinesis', again)).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 365,
    });
  });

  it('refuses a rotation that KMS refuses', async () => {
    const { kms } = await running();
    const { KeyId } = await newKey(kms);
    const short = { KeyId, RotationPeriodInDays: 89 };
    await expect(
      kms.send(new EnableKeyRotationCommand(short)),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(
      kms.send(new DisableKeyRotationCommand({ KeyId: 'alias/aws/kinesis' })),
    ).rejects.toMatchObject({ name: 'UnsupportedOperationException' });
    await expect(
      kms.send(new GetKeyRotationStatusCommand({ KeyId: UNKNOWN_KEY })),
    ).rejects.toMatchObject({ name: 'NotFoundException' });
  });

  it('creates multi-Region keys and keys of another spec and usage', async () => {
    const { kms } = await running();
    const { KeyMetadata: multi } = await kms.send(
      new CreateKeyCommand({ MultiRegion: true }),
    );
    const { KeyMetadata: rsa } = await kms.send(
      new CreateKeyCommand({
        KeySpec: 'RSA_2048',
        KeyUsage: 'SIGN_VERIFY',
        Description: 'signs',
      }),
    );

    expect(multi?.KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
    expect(await describeKey(kms, multi?.KeyId)).toMatchObject({
      MultiRegion: true,
    });
    expect(await describeKey(kms, rsa?.Arn)).toMatchObject({
      KeySpec: 'RSA_2048',
      KeyUsage: 'SIGN_VERIFY',
      Description: 'signs',
      MultiRegion: false,
    });
  });

  it.each([
    ['cn-north-1', 'aws-cn'],
    ['us-gov-east-1', 'aws-us-gov'],
  ])('answers as KMS of %s does', async (region, partition) => {
    const { kms } = await running(region);
    const { KeyId, Arn } = await newKey(kms);

    expect(Arn).toBe(`arn:${partition}:kms:${region}:${ACCOUNT}:key/${KeyId}`);
    expect(await describeKey(kms, Arn)).toMatchObject({ KeyId });
  });

  it.each([
    ['a key id', UNKNOWN_KEY],
    ['a key ARN', `arn:aws:kms:${REGION}:${ACCOUNT}:key/${UNKNOWN_KEY}`],
    ['an alias', 'alias/nowhere'],
    ['an alias ARN', `arn:aws:kms:${REGION}:${ACCOUNT}:alias/nowhere`],
  ])('finds nothing behind %s that does not exist', async (_, keyId) => {
    const { kms } = await running();

    await expect(describeKey(kms, keyId)).rejects.toMatchObject({
      name: 'NotFoundException',
      message: expect.stringContaining(keyId),
      $metadata: { httpStatusCode: 400 },
    });
  });

  it('finds no key of another Region, and says which', async () => {
    const { kms } = await running();
    const { KeyId } = await newKey(kms);
    const arn = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/${KeyId}`;

    await expect(describeKey(kms, arn)).rejects.toMatchObject({
      name: 'NotFoundException',
      message: expect.stringContaining('eu-west-1'),
    });
  });

  it('finds no key of another account', async () => {
    const { kms } = await running();
    const { Arn } = await newKey(kms);
    const arn = Arn.replace(ACCOUNT, '111122223333');

    await expect(describeKey(kms, arn)).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  it('disables and enables keys', async () => {
    const { kms } = await running();
    const { KeyId, Arn } = await newKey(kms);
    await kms.send(new DisableKeyCommand({ KeyId }));
    expect(await describeKey(kms, Arn)).toMatchObject({
      KeyState: 'Disabled',
      Enabled: false,
    });
    await kms.send(new EnableKeyCommand({ KeyId: Arn }));
    expect(await describeKey(kms, KeyId)).toMatchObject({
      KeyState: 'Enabled',
      Enabled: true,
    });
  });

  it('imports key material, which expires or is deleted', async () => {
    const { kms } = await running();
    const { KeyMetadata } = await kms.send(
      new CreateKeyCommand({ Origin: 'EXTERNAL' }),
    );
    const KeyId = KeyMetadata?.KeyId ?? '';
    expect(KeyMetadata).toMatchObject({ KeyState: 'PendingImport' });
    const Imported = { KeyId, ImportToken: Buffer.from('token') };
    const EncryptedKeyMaterial = Buffer.from('material');
    const enable = kms.send(new EnableKeyCommand({ KeyId }));
    await expect(enable).rejects.toThrow('is pending import');
    const ValidTo = new Date('2999-01-01T00:00:00.000Z');
    const importUntil = (until: Date) =>
      kms.send(
        new ImportKeyMaterialCommand({
          ...Imported,
          EncryptedKeyMaterial,
          ValidTo: until,
        }),
      );
    await importUntil(ValidTo);
    expect(await describeKey(kms, KeyId)).toMatchObject({
      KeyState: 'Enabled',
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo,
    });
    await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId }));
    const pending = await describeKey(kms, KeyId);
    expect(pending).toMatchObject({ KeyState: 'PendingImport' });
    expect(pending).not.toHaveProperty('ValidTo');
    await importUntil(new Date(Date.now() - 1000));
    const expired = await describeKey(kms, KeyId);
    expect(expired).toMatchObject({ KeyState: 'PendingImport' });
    const { KeyId: own } = await newKey(kms);
    await expect(
      kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: own })),
    ).rejects.toThrow('origin is AWS_KMS');
  });

  it('schedules the deletion of a key, and cancels it', async () => {
    const { kms } = await running();
    const { KeyId, Arn } = await newKey(kms);
    const before = Date.now();
    const scheduled = await kms.send(
      new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }),
    );
    const after = Date.now();

    expect(scheduled).toMatchObject({
      KeyId: Arn,
      KeyState: 'PendingDeletion',
      PendingWindowInDays: 7,
    });
    const pending = await describeKey(kms, KeyId);
    expect(pending).toMatchObject({
      KeyState: 'PendingDeletion',
      Enabled: false,
    });
    const weekMs = 7 * 86_400_000;
    const deleted = pending?.DeletionDate?.getTime();
    // KMS gives whole seconds.
    expect(deleted).toBeGreaterThan(before + weekMs - 1000);
    expect(deleted).toBeLessThanOrEqual(after + weekMs);
    await expect(
      kms.send(new EnableKeyCommand({ KeyId })),
    ).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
    await expect(
      kms.send(new DisableKeyCommand({ KeyId })),
    ).rejects.toMatchObject({ name: 'KMSInvalidStateException' });

    await kms.send(new CancelKeyDeletionCommand({ KeyId }));
    await expect(
      kms.send(new CancelKeyDeletionCommand({ KeyId })),
    ).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
    const back = await describeKey(kms, KeyId);
    expect(back).toMatchObject({ KeyState: 'Disabled', Enabled: false });
    expect(back?.DeletionDate).toBeUndefined();
    await kms.send(new EnableKeyCommand({ KeyId }));
    expect(await describeKey(kms, KeyId)).toMatchObject({
      KeyState: 'Enabled',
    });
  });

  it('takes nothing but an alias for the name of one', async () => {
    const { kms } = await running();
    const { KeyId } = await newKey(kms);
    for (const AliasName of ['orders', KeyId, 'alias/']) {
      await expect(
        kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId })),
      ).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining(AliasName),
      });
    }
  });

  it('creates, repoints, lists and deletes aliases', async () => {
    const { kms } = await running();
    const first = await newKey(kms);
    const second = await newKey(kms);
    const AliasName = 'alias/orders';
    const aliases = async () => {
      const { Aliases } = await kms.send(new ListAliasesCommand({}));
      return Aliases?.filter((alias) => alias.AliasName === AliasName);
    };
    const create = (TargetKeyId: string) =>
      kms.send(new CreateAliasCommand({ AliasName, TargetKeyId }));

    await create(first.KeyId);
    expect(await aliases()).toEqual([
      {
        AliasName,
        AliasArn: `arn:aws:kms:${REGION}:${ACCOUNT}:${AliasName}`,
        TargetKeyId: first.KeyId,
      },
    ]);
    await expect(create(second.KeyId)).rejects.toMatchObject({
      name: 'AlreadyExistsException',
    });
    expect(await describeKey(kms, AliasName)).toMatchObject(first);

    await kms.send(
      new UpdateAliasCommand({ AliasName, TargetKeyId: second.Arn }),
    );
    expect(await describeKey(kms, AliasName)).toMatchObject(second);

    await kms.send(new DeleteAliasCommand({ AliasName }));
    expect(await aliases()).toEqual([]);
    await expect(describeKey(kms, AliasName)).rejects.toMatchObject({
      name: 'NotFoundException',
    });
    expect(await describeKey(kms, second.KeyId)).toMatchObject(second);
  });

  it.each([
    [
      'a new alias to a key that does not exist',
      new CreateAliasCommand({
        AliasName: 'alias/orders',
        TargetKeyId: UNKNOWN_KEY,
      }),
    ],
    [
      'another key for an alias that does not exist',
      new UpdateAliasCommand({
        AliasName: 'alias/nowhere',
        TargetKeyId: 'alias/aws/kinesis',
      }),
    ],
    [
      'the end of an alias that does not exist',
      new DeleteAliasCommand({ AliasName: 'alias/nowhere' }),
    ],
  ])('refuses %s', async (_, command) => {
    const { kms } = await running();

    await expect(kms.send(command as CreateAliasCommand)).rejects.toMatchObject(
      { name: 'NotFoundException' },
    );
    const { Aliases } = await kms.send(new ListAliasesCommand({}));
    expect(Aliases?.map((alias) => alias.AliasName)).toEqual([
      'alias/aws/kinesis',
    ]);
  });

  it('lists keys', async () => {
    const { kms } = await running();
    const { KeyId, Arn } = await newKey(kms);
    const { Keys } = await kms.send(new ListKeysCommand({}));

    expect(Keys).toHaveLength(2);
    expect(Keys).toContainEqual({ KeyId, KeyArn: Arn });
  });

  it('says what it does not do, and what it does', async () => {
    const { kms } = await running();

    await expect(
      kms.send(
        new GenerateDataKeyCommand({
          KeyId: 'alias/aws/kinesis',
          KeySpec: 'AES_256',
        }),
      ),
    ).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
      message: expect.stringMatching(/GenerateDataKey;.*DescribeKey/),
    });
  });

  it('does not claim that a key was never used', async () => {
    const { kms } = await running();
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await expect(
      kms.send(new GetKeyLastUsageCommand({ KeyId: KeyMetadata?.KeyId })),
    ).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
      message: expect.stringContaining('encrypts nothing'),
    });
    await expect(
      kms.send(new GetKeyLastUsageCommand({ KeyId: UNKNOWN_KEY })),
    ).rejects.toMatchObject({ name: 'NotFoundException' });
  });

  it.each([
    ['a body that is no JSON', 'DescribeKey', '{"KeyId": ', 'Validation'],
    ['an empty body', 'DescribeKey', '', 'Validation'],
    ['a body that is null', 'DescribeKey', 'null', 'Validation'],
    ['a key id that is missing', 'DescribeKey', '{}', 'Validation'],
    [
      'a key id in none of its forms',
      'DescribeKey',
      '{"KeyId": "the key"}',
      'Validation',
    ],
    [
      'an operation named like a property of every object',
      'constructor',
      '{}',
      'UnsupportedOperation',
    ],
  ])('refuses %s and goes on', async (_, operation, body, error) => {
    const { endpoint, kms } = await running();
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'X-Amz-Target': `TrentService.${operation}` },
      body,
    });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      __type: `${error}Exception`,
      message: expect.stringMatching(/./),
    });
    expect(await describeKey(kms, 'alias/aws/kinesis')).toBeDefined();
  });

  it('has its keys again after a restart', async () => {
    const { directory, kms, close } = await running();
    const { KeyId, Arn } = await newKey(kms);
    await kms.send(
      new CreateAliasCommand({ AliasName: 'alias/orders', TargetKeyId: KeyId }),
    );
    await kms.send(new DisableKeyCommand({ KeyId }));
    const kinesisKey = await describeKey(kms, 'alias/aws/kinesis');
    await close();

    const again = await running(REGION, directory);
    expect(await describeKey(again.kms, 'alias/orders')).toMatchObject({
      Arn,
      KeyState: 'Disabled',
    });
    expect(await describeKey(again.kms, 'alias/aws/kinesis')).toEqual(
      kinesisKey,
    );
  });

  it('stops answering when it is closed, whoever is connected', async () => {
    const { endpoint, kms, close } = await running();
    await describeKey(kms, 'alias/aws/kinesis');
    await close();

    expect(await listensAt(endpoint)).toBe(false);
  });

  it.runIf(CAN_LIST_SOCKETS)('listens on 127.0.0.1 only', async () => {
    const { endpoint } = await running();

    expect(await listeningSockets()).toEqual([
      { port: Number(new URL(endpoint).port), isLoopback: true },
    ]);
  });

  it('rejects a port that is taken', async () => {
    const port = await takenPort();
    const path = join(await temporaryDirectory(), 'kms.json');

    await expect(
      startKms(new KeyStore(path, REGION, ACCOUNT), port),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('the policy of a key', () => {
  it('lets IAM decide by default, as KMS makes it', async () => {
    const { kms } = await running();
    const { KeyId, Arn } = await newKey(kms);
    for (const id of [KeyId, Arn]) {
      const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId: id }));
      expect(JSON.parse(String(Policy)).Statement).toEqual([
        {
          Sid: 'Enable IAM User Permissions',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
          Action: 'kms:*',
          Resource: '*',
        },
      ]);
    }
  });

  it('is replaced, and kept', async () => {
    const { kms, directory } = await running();
    const { KeyId } = await newKey(kms);
    const Policy = '{"Statement": []}';
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
    const next = await running(REGION, directory);
    const read = new GetKeyPolicyCommand({ KeyId });
    expect(await next.kms.send(read)).toMatchObject({ Policy });
  });

  it('of alias/aws/kinesis allows the account, through Kinesis', async () => {
    const { kms } = await running();
    const key = await describeKey(kms, 'alias/aws/kinesis');
    const read = new GetKeyPolicyCommand({ KeyId: key?.Arn });
    const { Policy } = await kms.send(read);
    expect(JSON.parse(String(Policy)).Statement[0].Condition).toEqual({
      StringEquals: {
        'kms:CallerAccount': ACCOUNT,
        'kms:ViaService': 'kinesis.us-east-1.amazonaws.com',
      },
    });
  });

  it.each([
    ['an alias', 'alias/aws/kinesis', '{"Statement": []}', 'InvalidArn'],
    ['another text', undefined, 'no policy', 'MalformedPolicyDocument'],
  ])('is refused for %s', async (_, alias, Policy, name) => {
    const { kms } = await running();
    const { KeyId } = await newKey(kms);
    const put = new PutKeyPolicyCommand({ KeyId: alias ?? KeyId, Policy });
    await expect(kms.send(put)).rejects.toMatchObject({
      name: `${name}Exception`,
    });
  });
});

describe('the grants of a key', () => {
  it('are created, listed by pages, and revoked', async () => {
    const { kms } = await running();
    const { KeyId, Arn } = await newKey(kms);
    const principals = ['a', 'b', 'c'].map((n) => `arn:aws:iam::1:role/${n}`);
    const ids = [];
    for (const GranteePrincipal of principals) {
      const { GrantId } = await kms.send(
        new CreateGrantCommand({
          KeyId,
          GranteePrincipal,
          Operations: ['Decrypt'],
          Constraints: { EncryptionContextSubset: { n: GranteePrincipal } },
        }),
      );
      ids.push(GrantId);
    }
    const revoked = { KeyId, GrantId: ids[1] };
    await kms.send(new RevokeGrantCommand(revoked));

    const listed = [];
    const pages = paginateListGrants({ client: kms, pageSize: 1 }, { KeyId });
    for await (const { Grants = [] } of pages) listed.push(Grants);
    expect(listed.map((page) => page.length)).toEqual([1, 1]);
    expect(listed.flat()).toMatchObject([
      { KeyId: Arn, GranteePrincipal: principals[0], Operations: ['Decrypt'] },
      {
        GranteePrincipal: principals[2],
        Constraints: { EncryptionContextSubset: { n: principals[2] } },
      },
    ]);
    const one = new ListGrantsCommand({
      KeyId,
      GranteePrincipal: principals[2],
    });
    expect((await kms.send(one)).Grants).toHaveLength(1);
    await expect(
      kms.send(new RevokeGrantCommand(revoked)),
    ).rejects.toMatchObject({ name: 'NotFoundException' });
  });
});
