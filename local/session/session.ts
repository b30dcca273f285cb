import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ClassicLevel } from 'classic-level';
import { folderError, stateError } from '../state-error.ts';
import {
  type EmbeddedAws,
  type EmbeddedAwsOptions,
  startEmbeddedAws,
} from './embedded-aws.ts';
import type { Endpoints, Service } from './endpoints.ts';

const ANNOUNCEMENT = 'session.json';
const RETRY_MS = 50;
const HANDSHAKE_TIMEOUT_MS = 2_000;

export interface Session {
  /** The endpoints of its services. */
  endpoints: Partial<Endpoints>;
  /** Whether the embedded AWS runs in this process. */
  isOwner: boolean;
  /**
   * Leaves the embedded AWS. Its owner continues until the last client has left,
   * unless `now` is aborted.
   */
  close: (options?: {
    now?: AbortSignal;
    onClients?: (count: number) => void;
  }) => Promise<void>;
}

/**
 * Joins the embedded AWS of a folder, or starts it when no process has it. Two
 * rotations from two terminals share one ledger then, as they would on AWS.
 *
 * The folder's owner holds an operating-system lock, which ends with the process
 * however it dies. Clients hold a connection to the owner, for the same reason.
 *
 * @throws {LocalStateError} for a folder that is broken; and PortInUseError
 */
export async function openSession(
  options: EmbeddedAwsOptions,
  signal?: AbortSignal,
): Promise<Session> {
  await mkdir(options.directory, { recursive: true }).catch((error) => {
    throw folderError(options.directory, error);
  });
  for (;;) {
    const lock = await takeLock(options.directory);
    if (lock !== undefined) return startOwner(options, lock);
    const client = await joinOwner(options.directory);
    if (client !== undefined) return client;
    signal?.throwIfAborted();
    await delay(RETRY_MS);
  }
}

async function takeLock(directory: string): Promise<ClassicLevel | undefined> {
  const lock = new ClassicLevel(join(directory, 'lock'));
  try {
    await lock.open();
    return lock;
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    if (cause?.code === 'LEVEL_LOCKED') return undefined;
    throw stateError(directory, lock.location, error);
  }
}

/** Starts the embedded AWS, and a server that clients connect to. */
async function startOwner(
  options: EmbeddedAwsOptions,
  lock: ClassicLevel,
): Promise<Session> {
  const announcement = join(options.directory, ANNOUNCEMENT);
  const clients = new Set<Socket>();
  let embedded: EmbeddedAws;
  try {
    // Left by a killed owner; another process may have its port by now.
    await rm(announcement, { force: true }).catch((error) => {
      throw stateError(options.directory, announcement, error);
    });
    embedded = await startEmbeddedAws(options);
  } catch (error) {
    await lock.close();
    throw error;
  }
  // External services are this process's own choice.
  const endpoints = Object.fromEntries(
    Object.entries(embedded.endpoints).filter(
      ([service]) => options.external?.[service as Service] === undefined,
    ),
  );
  const server = createServer((client) => {
    clients.add(client);
    client.on('error', () => {});
    client.once('close', () => clients.delete(client));
    client.resume();
    client.write(JSON.stringify(endpoints));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  const { port } = server.address() as AddressInfo;
  await writeFile(announcement, JSON.stringify({ port }));

  return {
    endpoints,
    isOwner: true,
    close: async ({ now, onClients } = {}) => {
      while (clients.size > 0 && !now?.aborted) {
        onClients?.(clients.size);
        await Promise.race(
          [...clients].map((client) => once(client, 'close', { signal: now })),
        ).catch(() => {});
      }
      server.close();
      for (const client of clients) client.destroy();
      await rm(announcement, { force: true });
      await embedded.close();
      await lock.close();
    },
  };
}

/** Undefined while the owner starts or ends. */
async function joinOwner(directory: string): Promise<Session | undefined> {
  const socket = new Socket();
  try {
    const announced = await readFile(join(directory, ANNOUNCEMENT), 'utf8');
    const { port } = JSON.parse(announced) as { port: number };
    const signal = AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS);
    socket.setEncoding('utf8');
    socket.connect(port, '127.0.0.1');
    const [handshake] = await once(socket, 'data', { signal });
    const endpoints = JSON.parse(handshake) as Partial<Endpoints>;
    socket.on('error', () => {});
    socket.unref();
    return {
      endpoints,
      isOwner: false,
      close: async () => {
        socket.destroy();
      },
    };
  } catch {
    socket.destroy();
    return undefined;
  }
}
