import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { parseKeyId } from '../shared/key-identity.ts';
import type { EmbeddedService } from './embedded-service.ts';
import { type KeyStore, KmsError, type StoredKey } from './key-store.ts';

type Input = Record<string, string | number | boolean | undefined>;
type Operation = (store: KeyStore, input: Input) => object | undefined;

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

/**
 * Starts the KMS stand-in on 127.0.0.1.
 *
 * @param port 0 for any free one
 */
export async function startKms(
  store: KeyStore,
  port: number,
): Promise<EmbeddedService> {
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(store, request);
    response.writeHead(status, {
      'Content-Type': 'application/x-amz-json-1.1',
    });
    response.end(JSON.stringify(body));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  store: KeyStore,
  request: IncomingMessage,
): Promise<KmsAnswer> {
  const target = String(request.headers['x-amz-target'] ?? '');
  const input = await json(request).catch(() => undefined);
  return answerKms(store, target.replace('TrentService.', ''), input as Input);
}

interface KmsAnswer {
  status: number;
  body: object;
}

/** What KMS answers, without the server around it. */
export function answerKms(
  store: KeyStore,
  name: string,
  input: Input,
): KmsAnswer {
  try {
    const operation = Object.hasOwn(OPERATIONS, name) && OPERATIONS[name];
    if (!operation) {
      throw new KmsError(
        'UnsupportedOperationException',
        `The embedded KMS does not know ${name}; it knows ${Object.keys(OPERATIONS).join(', ')}`,
      );
    }
    return { status: 200, body: operation(store, input) ?? {} };
  } catch (error) {
    const type = error instanceof KmsError ? error.name : 'ValidationException';
    const { message } = error as Error;
    return { status: 400, body: { __type: type, message } };
  }
}

function text(value: Input[string]): string {
  if (typeof value !== 'string') {
    throw new KmsError('ValidationException', 'A required field is missing');
  }
  return value;
}

function alias(value: Input[string]): string {
  const name = text(value);
  if (parseKeyId(name)?.Resource === name && name.startsWith('alias/')) {
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
