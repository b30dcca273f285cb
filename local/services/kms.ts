import { parseKeyId } from '../../shared/identifiers/key-id.ts';
import type { EmbeddedService } from './embedded-service.ts';
import {
  type Input,
  type JsonService,
  type Output,
  startJsonService,
} from './json-service.ts';
import { ACCESS_OPERATIONS } from './key-access.ts';
import type { KeyStore } from './key-store.ts';
import { KmsError, type StoredKey } from './stored-key.ts';

const DAY_MS = 86_400_000;

type Operation = (store: KeyStore, input: Input) => Output;

/**
 * The operations of KMS that say which keys there are. It holds no key
 * material: nothing is ever encrypted here.
 *
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
 */
const OPERATIONS: Record<string, Operation> = {
  ...ACCESS_OPERATIONS,
  DescribeKey: (store, { KeyId }) => ({ KeyMetadata: store.get(text(KeyId)) }),
  CreateKey: (store, input) => ({
    KeyMetadata: store.create({
      KeySpec: input.KeySpec as string | undefined,
      KeyUsage: input.KeyUsage as string | undefined,
      Description: input.Description as string | undefined,
      MultiRegion: input.MultiRegion === true,
      Origin: input.Origin as StoredKey['Origin'] | undefined,
    }),
  }),
  ListKeys: (store) => ({
    Keys: store.keys().map(({ KeyId, Arn }) => ({ KeyId, KeyArn: Arn })),
    Truncated: false,
  }),
  ListAliases: (store) => ({ Aliases: store.aliases(), Truncated: false }),
  CreateAlias: (store, { AliasName, TargetKeyId }) => {
    if (store.hasAlias(alias(AliasName))) {
      throw new KmsError(
        'AlreadyExistsException',
        `An alias with the name ${AliasName} already exists`,
      );
    }
    store.setAlias(alias(AliasName), text(TargetKeyId));
    return undefined;
  },
  UpdateAlias: (store, { AliasName, TargetKeyId }) => {
    store.get(alias(AliasName));
    store.setAlias(alias(AliasName), text(TargetKeyId));
    return undefined;
  },
  DeleteAlias: (store, { AliasName }) => {
    store.get(alias(AliasName));
    store.deleteAlias(alias(AliasName));
    return undefined;
  },
  /** Takes any material: nothing is encrypted here. */
  ImportKeyMaterial: (store, input) => {
    const { Arn } = requireImported(store, text(input.KeyId));
    const { ExpirationModel = 'KEY_MATERIAL_EXPIRES', ValidTo } = input;
    const expires = ExpirationModel === 'KEY_MATERIAL_EXPIRES';
    if (expires && typeof ValidTo !== 'number') {
      throw new KmsError('ValidationException', 'ValidTo is missing');
    }
    store.update(Arn, {
      Enabled: true,
      KeyState: 'Enabled',
      ExpirationModel: String(ExpirationModel),
      ValidTo: expires ? Number(ValidTo) : undefined,
    });
    return { KeyId: Arn };
  },
  DeleteImportedKeyMaterial: (store, { KeyId }) => {
    const { Arn } = requireImported(store, text(KeyId));
    store.update(Arn, {
      Enabled: false,
      KeyState: 'PendingImport',
      ExpirationModel: undefined,
      ValidTo: undefined,
    });
    return { KeyId: Arn };
  },
  EnableKey: (store, { KeyId }) => {
    setEnabled(store, text(KeyId), true);
    return undefined;
  },
  DisableKey: (store, { KeyId }) => {
    setEnabled(store, text(KeyId), false);
    return undefined;
  },
  ScheduleKeyDeletion: (store, { KeyId, PendingWindowInDays = 30 }) => {
    const days = Number(PendingWindowInDays);
    const key = store.update(text(KeyId), {
      Enabled: false,
      KeyState: 'PendingDeletion',
      DeletionDate: Math.floor(Date.now() / 1000) + days * 86_400,
    });
    const { DeletionDate, KeyState } = key;
    return { KeyId: key.Arn, DeletionDate, KeyState, PendingWindowInDays };
  },
  GetKeyLastUsage: (store, { KeyId }) => {
    const { Arn } = store.get(key(KeyId));
    throw new KmsError(
      'UnsupportedOperationException',
      `The embedded KMS encrypts nothing, so it does not know when ${Arn} was last used`,
    );
  },
  GetKeyRotationStatus: (store, { KeyId }) =>
    rotationStatus(store, text(KeyId), Date.now()),
  EnableKeyRotation: (store, { KeyId, RotationPeriodInDays = 365 }) => {
    const PeriodInDays = Number(RotationPeriodInDays);
    if (!(PeriodInDays >= 90 && PeriodInDays <= 2560)) {
      throw new KmsError(
        'ValidationException',
        `RotationPeriodInDays ${RotationPeriodInDays} is not from 90 to 2560`,
      );
    }
    requireRotatable(store, text(KeyId));
    store.setRotation(text(KeyId), { EnabledAt: Date.now(), PeriodInDays });
    return undefined;
  },
  DisableKeyRotation: (store, { KeyId }) => {
    requireRotatable(store, text(KeyId));
    store.setRotation(text(KeyId), undefined);
    return undefined;
  },
  CancelKeyDeletion: (store, { KeyId }) => {
    const { Arn, KeyState } = store.get(text(KeyId));
    if (KeyState !== 'PendingDeletion') {
      throw new KmsError(
        'KMSInvalidStateException',
        `${Arn} is not pending deletion.`,
      );
    }
    const changes = { KeyState: 'Disabled', DeletionDate: undefined } as const;
    store.update(Arn, changes);
    return { KeyId: Arn };
  },
};

/**
 * What KMS says of its own rotation of a key's material.
 *
 * @param now milliseconds since the epoch
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html
 */
function rotationStatus(store: KeyStore, keyId: string, now: number): object {
  const { Arn: KeyId, KeyState } = store.get(keyId);
  const rotation = store.rotation(keyId);
  if (rotation === undefined || KeyState === 'PendingDeletion') {
    return { KeyId, KeyRotationEnabled: false };
  }
  const { EnabledAt, PeriodInDays: RotationPeriodInDays } = rotation;
  const period = RotationPeriodInDays * DAY_MS;
  const past = Math.floor((now - EnabledAt) / period);
  const NextRotationDate = new Date(EnabledAt + (past + 1) * period);
  const enabled = { KeyRotationEnabled: true, RotationPeriodInDays };
  return { KeyId, ...enabled, NextRotationDate };
}

/** The stand-in for KMS, without a server. */
export function kmsService(store: KeyStore): JsonService {
  const operations = Object.entries(OPERATIONS).map(([name, operation]) => [
    name,
    (input: Input) => operation(store, input),
  ]);
  return {
    name: 'KMS',
    target: 'TrentService',
    version: '1.1',
    operations: Object.fromEntries(operations),
  };
}

/**
 * Starts the KMS stand-in on 127.0.0.1.
 *
 * @param port 0 for any free one
 */
export function startKms(
  store: KeyStore,
  port: number,
): Promise<EmbeddedService> {
  return startJsonService(kmsService(store), port);
}

function requireImported(store: KeyStore, keyId: string): StoredKey {
  const key = store.get(keyId);
  if (key.Origin === 'EXTERNAL') return key;
  throw new KmsError(
    'UnsupportedOperationException',
    `${key.Arn} origin is ${key.Origin} which is not valid for this operation.`,
  );
}

function requireRotatable(store: KeyStore, keyId: string): void {
  const { Arn, KeyManager, KeySpec } = store.get(keyId);
  if (KeyManager === 'CUSTOMER' && KeySpec === 'SYMMETRIC_DEFAULT') return;
  throw new KmsError(
    'UnsupportedOperationException',
    `The rotation of ${Arn} cannot be configured.`,
  );
}

function text(value: Input[string]): string {
  if (typeof value !== 'string') {
    throw new KmsError('ValidationException', 'A required field is missing');
  }
  return value;
}

/** KMS accepts no alias here. */
function key(value: Input[string]): string {
  const id = text(value);
  if (parseKeyId(id)?.resource.startsWith('alias/')) {
    throw new KmsError('ValidationException', `Invalid keyId ${id}`);
  }
  return id;
}

function alias(value: Input[string]): string {
  const name = text(value);
  if (parseKeyId(name)?.resource === name && name.startsWith('alias/')) {
    return name;
  }
  throw new KmsError('ValidationException', `Invalid alias name ${name}`);
}

function setEnabled(store: KeyStore, keyId: string, enabled: boolean): void {
  const key: StoredKey = store.get(keyId);
  if (key.KeyState === 'PendingDeletion' || key.KeyState === 'PendingImport') {
    const what = key.KeyState.slice('Pending'.length).toLowerCase();
    throw new KmsError(
      'KMSInvalidStateException',
      `${key.Arn} is pending ${what}.`,
    );
  }
  store.update(keyId, {
    Enabled: enabled,
    KeyState: enabled ? 'Enabled' : 'Disabled',
  });
}
