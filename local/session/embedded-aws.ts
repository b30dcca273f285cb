import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-kinesis';
import pRetry from 'p-retry';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { UserError } from '../../shared/errors/errors.ts';
import { kinesisClient } from '../../shared/lambda/clients.ts';
import { startCloudWatch } from '../services/cloudwatch.ts';
import { startDynamoDb } from '../services/dynamodb.ts';
import type { EmbeddedService } from '../services/embedded-service.ts';
import { KeyStore } from '../services/key-store.ts';
import { hasEncryptedStreams, startKinesis } from '../services/kinesis.ts';
import { startKms } from '../services/kms.ts';
import type { StateMachines } from '../services/step-functions/executions.ts';
import { startStepFunctions } from '../services/step-functions/step-functions.ts';
import { stateError } from '../state-error.ts';
import type { Endpoints, Service } from './endpoints.ts';

/** The account of everything that is embedded. */
export const LOCAL_ACCOUNT = '000000000000';

const KINESIS_FOLDER = 'kinesis';

export interface EmbeddedAwsOptions {
  /** Where its state is kept. */
  directory: string;
  region: string;
  /** Of the executions, of 12 digits: that of the streams. */
  account?: string;
  /** How long a stream is UPDATING, in seconds. */
  updateSeconds: number;
  /** What is created in it. */
  rotations: readonly RotationsStream[];
  /** Services that run elsewhere; these are left alone. */
  external?: Partial<Endpoints>;
  /** What Step Functions runs; without them there is no Step Functions. */
  stateMachines?: StateMachines;
  /** Any free port for those that are missing. */
  ports?: Partial<Record<Service, number>>;
}

export interface EmbeddedAws {
  /** Of all services, those that run elsewhere among them. */
  endpoints: Endpoints;
  close: () => Promise<void>;
}

/** A port of the embedded AWS is taken. */
export class PortInUseError extends UserError {
  override name = 'PortInUseError';
  readonly service: Service;
  readonly port: number;

  constructor(service: Service, port: number) {
    super(`Port ${port} for ${service} is in use`);
    this.service = service;
    this.port = port;
  }
}

/**
 * Starts the services that do not run elsewhere, on 127.0.0.1, and creates in
 * them the streams, keys and aliases that rotations.yml names.
 *
 * @throws {PortInUseError} and LocalStateError, for a folder that is broken
 */
export async function startEmbeddedAws(
  options: EmbeddedAwsOptions,
): Promise<EmbeddedAws> {
  const { directory, region, rotations, stateMachines } = options;
  const { external = {}, ports = {} } = options;
  await mkdir(directory, { recursive: true });
  const starts: Record<Service, (port: number) => Promise<EmbeddedService>> = {
    KINESIS: (port) =>
      startKinesis({
        directory: join(directory, KINESIS_FOLDER),
        port,
        region,
        account: LOCAL_ACCOUNT,
        updateSeconds: options.updateSeconds,
      }),
    DYNAMODB: (port) => startDynamoDb(join(directory, 'dynamodb'), port),
    KMS: async (port) => {
      const path = join(directory, 'kms.json');
      if (external.KINESIS === undefined && !existsSync(path)) {
        await assertNoKeysLost(directory, path);
      }
      const store = new KeyStore(path, region, LOCAL_ACCOUNT);
      store.ensure(...rotations.flatMap((entry) => entry.KeyIds));
      return startKms(store, port);
    },
    CLOUDWATCH: (port) =>
      startCloudWatch(
        {
          alarmNames: rotations.flatMap(({ BakeAlarms = [] }) => BakeAlarms),
          account: LOCAL_ACCOUNT,
          region,
        },
        port,
      ),
    SFN: (port) =>
      startStepFunctions({
        stateMachines: stateMachines ?? {},
        account: options.account ?? LOCAL_ACCOUNT,
        region,
        port,
      }),
  };
  const running = new Map<Service, EmbeddedService>();
  const close = async () => {
    // First what settles its executions by means of the others.
    await running.get('SFN')?.close();
    await Promise.all([...running.values()].map((service) => service.close()));
  };
  const start = async (service: Service): Promise<string> => {
    const elsewhere = external[service];
    if (elsewhere !== undefined) return elsewhere;
    const port = ports[service] ?? 0;
    try {
      const started = await starts[service](port);
      running.set(service, started);
      return started.endpoint;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') throw new PortInUseError(service, port);
      throw error;
    }
  };
  const results = await Promise.allSettled([
    start('KINESIS'),
    start('DYNAMODB'),
    start('KMS'),
    start('CLOUDWATCH'),
    stateMachines && start('SFN'),
  ]);
  try {
    const [KINESIS, DYNAMODB, KMS, CLOUDWATCH, SFN] = results.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    }) as [string, string, string, string, string | undefined];
    if (external.KINESIS === undefined) {
      await createStreams(rotations, KINESIS, region);
    }
    const required = { KINESIS, DYNAMODB, KMS, CLOUDWATCH };
    const endpoints = { ...required, ...(SFN && { SFN }) };
    return { endpoints, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** New keys would not be those that the streams were encrypted with. */
async function assertNoKeysLost(
  directory: string,
  path: string,
): Promise<void> {
  if (!(await hasEncryptedStreams(join(directory, KINESIS_FOLDER)))) return;
  const reason = new Error('it is missing, and its streams are encrypted');
  throw stateError(directory, path, reason);
}

/**
 * Streams that may be CREATING at once; Kinesis refuses others.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
 */
const CREATING_LIMIT = 5;

async function createStreams(
  rotations: readonly RotationsStream[],
  endpoint: string,
  region: string,
): Promise<void> {
  const client = kinesisClient({
    endpoint,
    region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    const left = rotations.map(({ StreamName }) => StreamName);
    const create = async () => {
      for (let name = left.pop(); name; name = left.pop()) {
        await createStream(client, name);
      }
    };
    await Promise.all(Array.from({ length: CREATING_LIMIT }, create));
  } finally {
    client.destroy();
  }
}

async function createStream(
  client: KinesisClient,
  StreamName: string,
): Promise<void> {
  const status = async () => {
    const { StreamDescriptionSummary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    return StreamDescriptionSummary?.StreamStatus;
  };
  try {
    await status();
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    await pRetry(
      async () => {
        if ((await status()) === 'CREATING') throw new Error('still CREATING');
      },
      { retries: 200, minTimeout: 20, factor: 1 },
    );
  }
}
