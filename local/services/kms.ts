import { parseKeyId } from '../../shared/identifiers/key-id.ts';
import type { EmbeddedService } from './embedded-service.ts';
import {
  type Input,
  type JsonService,
  type Output,
  startJsonService,
} from './json-service.ts';
import { type KeyStore, KmsError, type StoredKey } from './key-store.ts';

type Operation = (store: KeyStore, input: Input) => Output;

/**
 * The operations of KMS that say which keys there are. It holds no key
 * material: nothing is ever encrypted here.
 *
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
 */
const OPERATIONS: Record<string, Operation> = {
  DescribeKey: (store, { KeyId }) => ({ KeyMetadata: store.get(text(KeyId)) }),
  CreateKey: (store, input) => ({
    KeyMetadata: store.create({
      KeySpec: input.KeySpec as string | undefined,
      KeyUsage: input.KeyUsage as string | undefined,
      Description: input.Description as string | undefined,
      MultiRegion: input.MultiRegion === true,
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

function text(value: Input[string]): string {
  if (typeof value !== 'string') {
    throw new KmsError('ValidationException', 'A required field is missing');
  }
  return value;
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
  if (key.KeyState === 'PendingDeletion') {
    throw new KmsError(
      'KMSInvalidStateException',
      `${key.Arn} is pending deletion.`,
    );
  }
  store.update(keyId, {
    Enabled: enabled,
    KeyState: enabled ? 'Enabled' : 'Disabled',
  });
}
