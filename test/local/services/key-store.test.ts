import {
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyStore } from '../../../local/services/key-store.ts';
import { LocalStateError } from '../../../local/state-error.ts';
import { ACCOUNT, REGION } from '../../support/local/connected-clients.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const GUID = '12345678-1234-1234-1234-123456789012';
const MRK = `mrk-${'0123456789abcdef'.repeat(2)}`;
const PREFIX = `arn:aws:kms:${REGION}:${ACCOUNT}:`;

async function newStore(region = REGION) {
  const directory = await temporaryDirectory();
  const path = join(directory, 'kms.json');
  return { directory, path, store: new KeyStore(path, region, ACCOUNT) };
}

describe('KeyStore', () => {
  it('begins with the key that Kinesis owns, and nothing else', async () => {
    const { store } = await newStore();

    expect(store.aliases().map((alias) => alias.AliasName)).toEqual([
      'alias/aws/kinesis',
    ]);
    expect(store.keys()).toHaveLength(1);
    expect(store.get('alias/aws/kinesis').KeyManager).toBe('AWS');
  });

  it('says in one sentence that it cannot be saved', async () => {
    const { directory, path, store } = await newStore();
    await rm(directory, { recursive: true });
    expect(() => store.create({})).toThrow(LocalStateError);
    expect(() => store.create({})).toThrow(
      `The embedded AWS cannot use ${path}: ENOENT`,
    );
    await mkdir(directory);
  });

  it.each([
    ['us-east-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ])('gives the ARNs of %s the partition %s', async (region, partition) => {
    const { store } = await newStore(region);
    const { Arn } = store.create({});

    expect(Arn).toMatch(`arn:${partition}:kms:${region}:${ACCOUNT}:key/`);
    expect(store.get(Arn).Arn).toBe(Arn);
  });

  it('makes multi-Region keys with their own form of id', async () => {
    const { store } = await newStore();
    const key = store.create({ MultiRegion: true });

    expect(key.KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
    expect(store.create({ KeyId: MRK }).MultiRegion).toBe(true);
    expect(store.create({}).MultiRegion).toBe(false);
  });

  it('says that only symmetric keys encrypt symmetrically', async () => {
    const { store } = await newStore();

    expect(store.create({}).EncryptionAlgorithms).toEqual([
      'SYMMETRIC_DEFAULT',
    ]);
    const rsa = store.create({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' });
    expect(rsa).toMatchObject({
      KeySpec: 'RSA_2048',
      CustomerMasterKeySpec: 'RSA_2048',
      KeyUsage: 'SIGN_VERIFY',
    });
    expect(rsa.EncryptionAlgorithms).toBeUndefined();
  });

  describe('ensure', () => {
    it.each([
      ['a key id', GUID, `${PREFIX}key/${GUID}`],
      ['a multi-Region key id', MRK, `${PREFIX}key/${MRK}`],
      ['a key ARN', `${PREFIX}key/${GUID}`, `${PREFIX}key/${GUID}`],
    ])('creates the very key of %s', async (_, keyId, arn) => {
      const { store } = await newStore();
      store.ensure(keyId);

      expect(store.get(keyId).Arn).toBe(arn);
    });

    it.each([
      ['an alias name', 'alias/orders'],
      ['an alias ARN', `${PREFIX}alias/orders`],
    ])('creates %s with a key behind it', async (_, keyId) => {
      const { store } = await newStore();
      store.ensure(keyId);

      expect(store.hasAlias('alias/orders')).toBe(true);
      expect(store.get('alias/orders')).toBe(
        store.get(`${PREFIX}alias/orders`),
      );
    });

    it('leaves what is there alone', async () => {
      const { store } = await newStore();
      store.ensure('alias/orders');
      const { Arn } = store.get('alias/orders');
      store.update(Arn, { KeyState: 'Disabled' });
      store.ensure('alias/orders');
      store.ensure(Arn);

      expect(store.get('alias/orders').Arn).toBe(Arn);
      expect(store.get(Arn).KeyState).toBe('Disabled');
    });

    it.each([
      ['another Region', `arn:aws:kms:eu-west-1:${ACCOUNT}:key/${GUID}`],
      ['another partition', `arn:aws-cn:kms:${REGION}:${ACCOUNT}:key/${GUID}`],
      ['another account', `arn:aws:kms:${REGION}:111122223333:alias/orders`],
    ])('creates nothing of %s', async (_, keyId) => {
      const { store } = await newStore();
      store.ensure(keyId);

      expect(store.keys()).toHaveLength(1);
      expect(store.aliases()).toHaveLength(1);
    });
  });

  describe('its file', () => {
    it('brings keys, states and aliases back', async () => {
      const { path, store } = await newStore();
      store.ensure('alias/orders');
      store.update('alias/orders', { KeyState: 'Disabled', Enabled: false });
      const again = new KeyStore(path, REGION, ACCOUNT);

      expect(again.keys()).toEqual(store.keys());
      expect(again.aliases()).toEqual(store.aliases());
      expect(again.get('alias/orders').KeyState).toBe('Disabled');
    });

    it('is replaced, never overwritten, so that no reader sees half', async () => {
      const { directory, path, store } = await newStore();
      const before = await readFile(path, 'utf8');
      const reader = await open(path);
      try {
        store.ensure('alias/orders');

        expect(await reader.readFile('utf8')).toBe(before);
      } finally {
        await reader.close();
      }
      expect(await readFile(path, 'utf8')).toContain('alias/orders');
      expect(await readdir(directory)).toEqual(['kms.json']);
    });

    it('is read although a killed process left a torn draft', async () => {
      const { path, store } = await newStore();
      store.ensure('alias/orders');
      await writeFile(`${path}.draft`, '{"Keys": {"arn');
      const again = new KeyStore(path, REGION, ACCOUNT);

      expect(again.get('alias/orders')).toEqual(store.get('alias/orders'));
      again.ensure('alias/payments');
      const third = new KeyStore(path, REGION, ACCOUNT);
      expect(third.hasAlias('alias/payments')).toBe(true);
    });
  });
});
