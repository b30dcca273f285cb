import { Agent as HttpAgent } from 'node:http';
import {
  KinesisClient,
  type KinesisClientConfig,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { vi } from 'vitest';
import {
  DROPPED_BEFORE,
  type Fault,
  startFaultProxy,
} from '../../../local/instruments/fault-proxy.ts';
import { CLOSED_PORT } from '../local/taken-port.ts';

/** What the SDK throws when StartStreamEncryption fails at this endpoint. */
async function startError(
  config: KinesisClientConfig,
): Promise<Error & { code?: string }> {
  const client = new KinesisClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    // HTTP/1.1, and it waits as long as an answer takes.
    requestHandler: new NodeHttpHandler(),
    ...config,
  });
  try {
    await client.send(
      new StartStreamEncryptionCommand({
        StreamName: 'orders',
        EncryptionType: 'KMS',
        KeyId: 'alias/orders',
      }),
    );
  } catch (error) {
    return error as Error;
  } finally {
    client.destroy();
  }
  throw new Error('StartStreamEncryption was expected to fail, and did not');
}

/** What the SDK throws when the call meets this fault. */
async function errorFrom(
  fault: Fault,
  config: KinesisClientConfig = {},
): Promise<Error & { code?: string }> {
  const proxy = await startFaultProxy({});
  // Every body contains the empty text.
  proxy.scope('').rules.push({ fault });
  try {
    return await startError({ endpoint: proxy.endpoint, ...config });
  } finally {
    await proxy.close();
  }
}

/** Kinesis answers with this status and this body. */
export function answering(status: number, body: string) {
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  return errorFrom(({ answer }) => answer({ status, headers, body }));
}

/** Kinesis answers with this error, in its own form. */
export function refusing(status: number, type: string, message: string) {
  return answering(status, JSON.stringify({ __type: type, message }));
}

/** The connection ends once the request has arrived. */
export function hangingUp() {
  return errorFrom(DROPPED_BEFORE);
}

/** The request arrives, and no answer ever comes. */
export function silent() {
  const requestHandler = new NodeHttpHandler({
    requestTimeout: 100,
    throwOnRequestTimeout: true,
  });
  return errorFrom(() => {}, { requestHandler });
}

/** No program listens. */
export function closed() {
  return startError({ endpoint: `http://127.0.0.1:${CLOSED_PORT}` });
}

/** No program listens at any of the addresses of the host. */
export async function closedEverywhere() {
  const agent = new HttpAgent({
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 60_000,
    lookup: (_host, _options, done) =>
      done(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.2', family: 4 },
      ]),
  } as ConstructorParameters<typeof HttpAgent>[0]);
  return startError({
    endpoint: `http://kinesis.invalid:${CLOSED_PORT}`,
    requestHandler: new NodeHttpHandler({ httpAgent: agent }),
  });
}

/** The host has no address. */
export function unknownHost() {
  const agent = new HttpAgent({
    lookup: (host: string, _options: unknown, done: (e: Error) => void) =>
      done(
        Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
          code: 'ENOTFOUND',
        }),
      ),
  } as ConstructorParameters<typeof HttpAgent>[0]);
  return startError({
    endpoint: 'http://kinesis.invalid',
    requestHandler: new NodeHttpHandler({ httpAgent: agent }),
  });
}

const NO_CREDENTIALS_ENV = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_ROLE_ARN: undefined,
  AWS_WEB_IDENTITY_TOKEN_FILE: undefined,
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: undefined,
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials',
  AWS_CONFIG_FILE: '/nowhere/config',
  AWS_EC2_METADATA_DISABLED: 'true',
};

/** The SDK's own chain of providers finds no credentials. */
export async function withoutCredentials() {
  for (const [name, value] of Object.entries(NO_CREDENTIALS_ENV)) {
    vi.stubEnv(name, value);
  }
  try {
    return await startError({
      endpoint: 'http://127.0.0.1:9',
      credentials: undefined,
    });
  } finally {
    vi.unstubAllEnvs();
  }
}
