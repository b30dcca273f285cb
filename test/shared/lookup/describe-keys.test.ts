import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedService } from '../../../local/services/embedded-service.ts';
import { KeyStore } from '../../../local/services/key-store.ts';
import { startKms } from '../../../local/services/kms.ts';
import { emptyEntry, type LastApplied } from '../../../shared/ledger/entry.ts';
import { lookUpKeys } from '../../../shared/lookup/describe-keys.ts';

const StreamARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';

let directory: string;
let service: EmbeddedService;
let store: KeyStore;
let kms: KMSClient;
let asked: unknown[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'key-lookup-'));
  store = new KeyStore(join(directory, 'kms'), 'us-east-1', '123456789012');
  for (const alias of ['alias/a', 'alias/b']) store.ensure(alias);
  service = await startKms(store, 0);
  kms = new KMSClient({
    endpoint: service.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  kms.middlewareStack.add((next) => (args) => {
    asked.push((args.input as { KeyId?: string }).KeyId);
    return next(args);
  });
});

afterAll(async () => {
  kms.destroy();
  await service.close();
  await rm(directory, { recursive: true });
});

function lookUp(
  KeyIds: string[],
  KeyId: string | undefined,
  LastApplied?: LastApplied,
) {
  asked = [];
  const stream = { StreamARN, KeyId } as Parameters<typeof lookUpKeys>[2];
  const entry = {
    ...emptyEntry(StreamARN),
    ...(LastApplied && { LastApplied }),
  };
  return lookUpKeys(kms, { KeyIds }, stream, entry);
}

const arnOf = (keyId: string) => store.get(keyId).Arn;

describe('lookUpKeys', () => {
  it("describes each key once, also the stream's current key", async () => {
    const { Keys, Current } = await lookUp(['alias/a', 'alias/b'], 'alias/b');
    expect(Keys.map(({ Metadata }) => Metadata?.Arn)).toEqual([
      arnOf('alias/a'),
      arnOf('alias/b'),
    ]);
    expect(Current).toEqual({
      KeyId: 'alias/b',
      KeyArn: arnOf('alias/b'),
      IsPresumed: true,
    });
    expect(asked).toEqual(['alias/a', 'alias/b']);
  });

  it("uses the ledger's key ARN without a call", async () => {
    const LastApplied = { KeyId: 'alias/b', KeyArn: 'arn:old', AppliedAt: 1 };
    const looked = await lookUp(['alias/a'], 'alias/b', LastApplied);
    expect(looked.Current).toEqual({ KeyId: 'alias/b', KeyArn: 'arn:old' });
    expect(looked).not.toHaveProperty('Former');
    expect(asked).toEqual(['alias/a']);
  });

  it('describes the former key of a repointed alias by its ARN', async () => {
    const KeyArn = arnOf('alias/a');
    const LastApplied = { KeyId: 'alias/b', KeyArn, AppliedAt: 1 };
    const { Current, Former } = await lookUp(
      ['alias/b'],
      'alias/b',
      LastApplied,
    );
    expect(Current).toEqual({ KeyId: 'alias/b', KeyArn });
    expect(Former).toMatchObject({ KeyId: KeyArn, Metadata: { Arn: KeyArn } });
    expect(asked).toEqual(['alias/b', KeyArn]);
  });

  it('describes no former key that the ring has under another alias', async () => {
    const KeyArn = arnOf('alias/a');
    const LastApplied = { KeyId: 'alias/b', KeyArn, AppliedAt: 1 };
    const ring = ['alias/a', 'alias/b'];
    const { Former } = await lookUp(ring, 'alias/b', LastApplied);
    expect(Former).toMatchObject({ KeyId: 'alias/a' });
    expect(asked).toEqual(ring);
  });

  it('calls KMS where the ledger has no key ARN', async () => {
    const KeyId = store.get('alias/b').KeyId;
    const LastApplied = { KeyId, AppliedAt: 1 };
    const { Current } = await lookUp(['alias/b'], KeyId, LastApplied);
    expect(Current).toEqual({ KeyId, KeyArn: arnOf('alias/b') });
  });

  it('has no ARN for a current key that KMS does not know', async () => {
    const { Current } = await lookUp(['alias/a'], 'alias/gone');
    expect(Current).toEqual({ KeyId: 'alias/gone', KeyArn: null });
    const none = await lookUp(['alias/a'], undefined);
    expect(none.Current).toEqual({ KeyId: null, KeyArn: null });
  });

  it('carries a refusal, and does not describe a key of another Region', async () => {
    const far = 'arn:aws:kms:eu-west-1:123456789012:alias/a';
    const { Keys } = await lookUp(['alias/none', far], undefined);
    expect(asked).toEqual(['alias/none']);
    expect(Keys).toMatchObject([
      { Refusal: { name: 'NotFoundException' } },
      { Refusal: { name: 'UnusableKey' } },
    ]);
    expect(Keys[0]?.Refusal?.message).toContain('KeyIds "alias/none"');
    expect(Keys[1]?.Refusal?.message).toContain('eu-west-1');
  });

  it('does not report a transport error as a refusal', async () => {
    const nowhere = new KMSClient({
      endpoint: 'http://127.0.0.1:1',
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
    const stream = { StreamARN } as Parameters<typeof lookUpKeys>[2];
    await expect(
      lookUpKeys(nowhere, { KeyId: 'alias/a' }, stream, emptyEntry(StreamARN)),
    ).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      message: expect.stringContaining('KeyId "alias/a"'),
    });
    nowhere.destroy();
  });
});
