import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { partitionOf } from '../../shared/identifiers/arn.ts';
import { parseKeyId } from '../../shared/identifiers/key-id.ts';
import { stateError } from '../state-error.ts';
import {
  type KeyAccess,
  type KeyRotation,
  KmsError,
  type StoredKey,
} from './stored-key.ts';

interface Contents {
  Keys: Record<string, StoredKey>;
  /** Alias ARN to key ARN. */
  Aliases: Record<string, string>;
  /** By key ARN; a key without one is not rotated. */
  Rotations?: Record<string, KeyRotation>;
  /** By key ARN; a key without one has what KMS gives it. */
  Access?: Record<string, KeyAccess>;
}

const KEY = v.looseObject({
  KeyId: v.string(),
  Arn: v.string(),
  KeyState: v.picklist([
    'Enabled',
    'Disabled',
    'PendingDeletion',
    'PendingImport',
  ]),
});

const CONTENTS = v.pipe(
  v.strictObject({
    Keys: v.record(v.string(), KEY),
    Aliases: v.record(v.string(), v.string()),
    Rotations: v.optional(
      v.record(
        v.string(),
        v.object({ EnabledAt: v.number(), PeriodInDays: v.number() }),
      ),
    ),
    Access: v.optional(v.record(v.string(), v.looseObject({}))),
  }),
  v.check(
    ({ Keys, Aliases }) =>
      Object.values(Aliases).every((arn) => Object.hasOwn(Keys, arn)),
    'an alias names a key that is missing',
  ),
);

/** Keys and aliases of one account and Region, kept in a JSON file. */
export class KeyStore {
  readonly #path: string;
  readonly #prefix: string;
  readonly #account: string;
  readonly #region: string;
  readonly #contents: Contents;
  #isSaving = true;

  /** @throws {LocalStateError} for a file that is not its own */
  constructor(path: string, region: string, account: string) {
    this.#path = path;
    this.#region = region;
    this.#account = account;
    this.#prefix = `arn:${partitionOf(region)}:kms:${region}:${account}:`;
    this.#contents = load(path);
    if (!(`${this.#prefix}alias/aws/kinesis` in this.#contents.Aliases)) {
      const key = this.create({ KeyManager: 'AWS' });
      this.setAlias('alias/aws/kinesis', key.Arn);
    }
  }

  /** Creates what KeyIds name, unless it is there or belongs elsewhere. */
  ensure(...keyIds: string[]): void {
    this.#isSaving = false;
    for (const keyId of keyIds) this.#ensure(keyId);
    this.#isSaving = true;
    this.#save();
  }

  #ensure(keyId: string): void {
    const parts = parseKeyId(keyId);
    const isHere = !keyId.startsWith('arn:') || keyId.startsWith(this.#prefix);
    if (parts === undefined || !isHere || this.find(keyId)) return;
    if (parts.resource.startsWith('alias/')) {
      this.setAlias(parts.resource, this.create({}).Arn);
    } else {
      this.create({ KeyId: parts.resource.slice('key/'.length) });
    }
  }

  create(
    properties: Partial<
      Pick<
        StoredKey,
        | 'KeyId'
        | 'KeySpec'
        | 'KeyUsage'
        | 'KeyManager'
        | 'Description'
        | 'MultiRegion'
        | 'Origin'
      >
    >,
  ): StoredKey {
    const {
      MultiRegion = properties.KeyId?.startsWith('mrk-') ?? false,
      KeySpec = 'SYMMETRIC_DEFAULT',
      KeyUsage = 'ENCRYPT_DECRYPT',
      KeyManager = 'CUSTOMER',
      Description = '',
      Origin = 'AWS_KMS',
    } = properties;
    const KeyId = properties.KeyId ?? newKeyId(MultiRegion);
    const key: StoredKey = {
      AWSAccountId: this.#account,
      KeyId,
      Arn: `${this.#prefix}key/${KeyId}`,
      CreationDate: Math.floor(Date.now() / 1000),
      Enabled: Origin === 'AWS_KMS',
      Description,
      KeyUsage,
      KeyState: Origin === 'AWS_KMS' ? 'Enabled' : 'PendingImport',
      Origin,
      KeyManager,
      KeySpec,
      CustomerMasterKeySpec: KeySpec,
      ...(KeySpec === 'SYMMETRIC_DEFAULT' && {
        EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      }),
      MultiRegion,
    };
    this.#contents.Keys[key.Arn] = key;
    this.#save();
    return key;
  }

  find(keyId: string): StoredKey | undefined {
    const parts = parseKeyId(keyId);
    if (parts === undefined) {
      throw new KmsError('ValidationException', `Invalid keyId ${keyId}`);
    }
    if (parts.region !== undefined && parts.region !== this.#region) {
      throw new KmsError('NotFoundException', `Invalid arn ${parts.region}`);
    }
    const arn = parts.region ? keyId : `${this.#prefix}${parts.resource}`;
    const key = this.#contents.Keys[this.#contents.Aliases[arn] ?? arn];
    return key && afterExpiry(key, Date.now());
  }

  /** @throws {KmsError} NotFoundException, in KMS's own words */
  get(keyId: string): StoredKey {
    const key = this.find(keyId);
    if (key !== undefined) return key;
    const parts = parseKeyId(keyId);
    const arn = parts?.region ? keyId : `${this.#prefix}${parts?.resource}`;
    throw new KmsError(
      'NotFoundException',
      parts?.resource.startsWith('alias/')
        ? `Alias ${arn} is not found.`
        : `Key '${arn}' does not exist`,
    );
  }

  update(keyId: string, changes: Partial<StoredKey>): StoredKey {
    const key = Object.assign(this.get(keyId), changes);
    this.#save();
    return key;
  }

  /** As KMS does: AWS rotates the keys that it manages every year. */
  rotation(keyId: string): KeyRotation | undefined {
    const { Arn, KeyManager, CreationDate } = this.get(keyId);
    return KeyManager === 'AWS'
      ? { EnabledAt: CreationDate * 1000, PeriodInDays: 365 }
      : this.#contents.Rotations?.[Arn];
  }

  /** Undefined ends the automatic rotation of a key. */
  setRotation(keyId: string, rotation: KeyRotation | undefined): void {
    const { [this.get(keyId).Arn]: _, ...rest } =
      this.#contents.Rotations ?? {};
    this.#contents.Rotations = {
      ...rest,
      ...(rotation && { [this.get(keyId).Arn]: rotation }),
    };
    this.#save();
  }

  access(keyArn: string): KeyAccess {
    return this.#contents.Access?.[keyArn] ?? {};
  }

  /** Replaces the parts that are given. */
  setAccess(keyArn: string, changes: KeyAccess): void {
    const access = { ...this.access(keyArn), ...changes };
    this.#contents.Access = { ...this.#contents.Access, [keyArn]: access };
    this.#save();
  }

  setAlias(alias: string, keyId: string): void {
    this.#contents.Aliases[`${this.#prefix}${alias}`] = this.get(keyId).Arn;
    this.#save();
  }

  hasAlias(alias: string): boolean {
    return `${this.#prefix}${alias}` in this.#contents.Aliases;
  }

  deleteAlias(alias: string): void {
    delete this.#contents.Aliases[`${this.#prefix}${alias}`];
    this.#save();
  }

  keys(): StoredKey[] {
    return Object.values(this.#contents.Keys);
  }

  aliases(): { AliasName: string; AliasArn: string; TargetKeyId: string }[] {
    return Object.entries(this.#contents.Aliases).map(([AliasArn, arn]) => ({
      AliasName: AliasArn.slice(this.#prefix.length),
      AliasArn,
      TargetKeyId: arn.slice(arn.indexOf('/') + 1),
    }));
  }

  #save(): void {
    if (!this.#isSaving) return;
    const draft = `${this.#path}.draft`;
    try {
      writeFileSync(draft, JSON.stringify(this.#contents, null, 2));
      renameSync(draft, this.#path);
    } catch (error) {
      throw stateError(dirname(this.#path), this.#path, error);
    }
  }
}

/** KMS deletes imported material when it expires. */
function afterExpiry(key: StoredKey, now: number): StoredKey {
  if (key.ValidTo === undefined || now < key.ValidTo * 1000) return key;
  return Object.assign(key, {
    Enabled: false,
    KeyState: 'PendingImport',
    ExpirationModel: undefined,
    ValidTo: undefined,
  });
}

function newKeyId(multiRegion: boolean): string {
  const id = randomUUID();
  return multiRegion ? `mrk-${id.replaceAll('-', '')}` : id;
}

/** Streams are under these keys: a file that cannot be read is never replaced. */
function load(path: string): Contents {
  try {
    const contents: unknown = JSON.parse(readFileSync(path, 'utf8'));
    v.assert(CONTENTS, contents);
    return contents as unknown as Contents;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { Keys: {}, Aliases: {} };
    }
    throw stateError(dirname(path), path, error);
  }
}
