import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import * as v from 'valibot';
import { moduleUrl } from '../../shared/package-root.ts';
import { stateError } from '../state-error.ts';
import type { EmbeddedService } from './embedded-service.ts';

const FILE_NAME = 'kinesis-data.json';
/** As `TLS_PORT` in kinesis-worker.ts, which may only be loaded as a thread. */
const TLS_PORT = '1';
/** As in kinesis-worker.ts, the end of the name of a file that is being written. */
const DRAFT = '.draft';
const STOP_TIMEOUT_MS = 3_000;

export interface KinesisOptions {
  /** Where streams and records are kept. */
  directory: string;
  /** 0 for any free one. */
  port: number;
  region: string;
  account: string;
  /** How long a stream is UPDATING, in seconds. */
  updateSeconds: number;
}

/**
 * Starts kinesis-local on 127.0.0.1.
 *
 * @throws {LocalStateError} for a saved state that cannot be used
 */
export async function startKinesis(
  options: KinesisOptions,
): Promise<EmbeddedService> {
  await repair(options.directory);
  const update = `${Math.round(options.updateSeconds * 1000)}ms`;
  const main = createRequire(import.meta.url).resolve('kinesis-local');
  const worker = new Worker(moduleUrl('local/services/kinesis-worker.ts'), {
    stdout: true,
    stderr: true,
    execArgv: [],
    env: {
      KINESIS_MOCK_PLAIN_PORT: String(options.port),
      KINESIS_MOCK_TLS_PORT: TLS_PORT,
      KINESIS_MOCK_CERT_PATH: join(main, '..', 'server.json'),
      LOG_LEVEL: 'ERROR',
      AWS_ACCOUNT_ID: options.account,
      AWS_REGION: options.region,
      SHARD_LIMIT: '100000',
      SHOULD_PERSIST_DATA: 'true',
      PERSIST_PATH: options.directory,
      PERSIST_FILE_NAME: FILE_NAME,
      PERSIST_INTERVAL: '1s',
      CREATE_STREAM_DURATION: '20ms',
      // Rotated by one upstream, so all three get the same value.
      START_STREAM_ENCRYPTION_DURATION: update,
      STOP_STREAM_ENCRYPTION_DURATION: update,
      DEREGISTER_STREAM_CONSUMER_DURATION: update,
    },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => {
      const path = join(options.directory, FILE_NAME);
      const ended = new Error(`kinesis-local ended with ${code} at its start`);
      reject(stateError(dirname(options.directory), path, ended));
    });
    worker.on('message', (message: WorkerMessage) => {
      if ('port' in message) resolve(message.port);
      else reject(Object.assign(new Error(message.error), message));
    });
  }).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  let stopping = false;
  worker.removeAllListeners('error');
  worker.on('error', (error) => {
    // No client would ever get an answer again.
    if (!stopping)
      throw stateError(dirname(options.directory), options.directory, error);
  });
  worker.unref();

  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
      stopping = true;
      worker.ref();
      worker.postMessage('stop');
      const timeout = new AbortController();
      await Promise.race([
        exited,
        delay(STOP_TIMEOUT_MS, undefined, { signal: timeout.signal }).catch(
          () => {},
        ),
      ]);
      timeout.abort();
      await worker.terminate();
      // Of a periodic save that the last one cut off.
      await removeDrafts(options.directory).catch(() => {});
    },
  };
}

type WorkerMessage = { port: number } | { error: string; code?: string };

const PERSISTED = v.looseObject({
  streams: v.record(
    v.string(),
    v.looseObject({ streamStatus: v.string(), encryptionType: v.string() }),
  ),
});

type Persisted = v.InferOutput<typeof PERSISTED>;

/** Whether the saved state has a stream that is under a key. */
export async function hasEncryptedStreams(directory: string): Promise<boolean> {
  const data = await load(directory);
  return Object.values(data?.streams ?? {}).some(
    ({ encryptionType }) => encryptionType === 'KMS',
  );
}

/**
 * Makes the saved state one that kinesis-local can go on from: at its end it
 * forgets when an update was to finish.
 */
async function repair(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    // Of a process that was killed.
    await removeDrafts(directory);
  } catch (error) {
    throw stateError(dirname(directory), directory, error);
  }
  const data = await load(directory);
  if (data === undefined) return;
  for (const [arn, stream] of Object.entries(data.streams)) {
    if (stream.streamStatus === 'DELETING') delete data.streams[arn];
    else stream.streamStatus = 'ACTIVE';
  }
  const path = join(directory, FILE_NAME);
  try {
    await writeFile(`${path}${DRAFT}`, JSON.stringify(data));
    await rename(`${path}${DRAFT}`, path);
  } catch (error) {
    throw stateError(dirname(directory), path, error);
  }
}

async function removeDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(DRAFT)) await rm(join(directory, name), { force: true });
  }
}

/** Undefined before the first save. */
async function load(directory: string): Promise<Persisted | undefined> {
  const path = join(directory, FILE_NAME);
  try {
    const data: unknown = JSON.parse(await readFile(path, 'utf8'));
    v.assert(PERSISTED, data);
    return data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw stateError(dirname(directory), path, error);
  }
}
