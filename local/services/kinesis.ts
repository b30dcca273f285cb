import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { fieldOf, isObject, parseJson } from '../../shared/json.ts';
import type { EmbeddedService } from './embedded-service.ts';

const FILE_NAME = 'kinesis-data.json';
/** As `TLS_PORT` in kinesis-worker.ts, which may only be loaded as a thread. */
const TLS_PORT = '1';
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

/** Starts kinesis-local on 127.0.0.1. */
export async function startKinesis(
  options: KinesisOptions,
): Promise<EmbeddedService> {
  await mkdir(options.directory, { recursive: true });
  await repair(join(options.directory, FILE_NAME));
  const update = `${Math.round(options.updateSeconds * 1000)}ms`;
  const main = createRequire(import.meta.url).resolve('kinesis-local');
  const worker = new Worker(new URL('./kinesis-worker.ts', import.meta.url), {
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
    worker.once('exit', (code) =>
      reject(new Error(`kinesis-local ended with ${code} at its start`)),
    );
    worker.on('message', (message: WorkerMessage) => {
      if ('port' in message) resolve(message.port);
      else reject(Object.assign(new Error(message.error), message));
    });
  }).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  worker.removeAllListeners('error');
  worker.on('error', () => {});
  worker.unref();

  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: async () => {
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
    },
  };
}

type WorkerMessage = { port: number } | { error: string; code?: string };

interface Persisted {
  streams: Record<string, { streamStatus: string }>;
}

/**
 * Makes the saved state one that kinesis-local can go on from: it forgets at
 * its end when an update was to finish, and a kill may cut off a save.
 */
async function repair(path: string): Promise<void> {
  const backup = `${path}.bak`;
  const data = (await load(path)) ?? (await load(backup));
  if (data === undefined) {
    await rm(path, { force: true });
    return;
  }
  for (const [arn, stream] of Object.entries(data.streams)) {
    if (stream.streamStatus === 'DELETING') delete data.streams[arn];
    else stream.streamStatus = 'ACTIVE';
  }
  await writeFile(path, JSON.stringify(data));
  await copyFile(path, backup);
}

async function load(path: string): Promise<Persisted | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const data = parseJson(text);
  return isObject(fieldOf(data, 'streams')) ? (data as Persisted) : undefined;
}
