import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import dynalite from 'dynalite';
import { stateError } from '../state-error.ts';
import type { EmbeddedService } from './embedded-service.ts';
import { guarded } from './guard.ts';

/**
 * Starts dynalite on 127.0.0.1.
 *
 * @param path where tables are kept
 * @param port 0 for any free one
 * @throws {LocalStateError} for tables that cannot be opened as they were left
 */
export async function startDynamoDb(
  path: string,
  port: number,
): Promise<EmbeddedService> {
  if (existsSync(path)) await check(path);
  const server = dynalite({ path, createTableMs: 0 });
  const serve = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on(
    'request',
    guarded((request, response) => {
      for (const listener of serve) listener(request, response);
      // Dynalite throws when a client hangs up, which would end the process.
      request.removeAllListeners('error').on('error', () => {});
    }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      // Its close leaves the tables open when it has never listened.
      server.removeAllListeners('listening');
      server.listen(0, '127.0.0.1', () => {
        server.close(() => reject(error));
      });
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

/** How LevelDB logs that it leaves out what it cannot read. */
const DROPPED = /dropping (\d+) bytes/;

/** Opens the tables before dynalite, whose process ends if it cannot. */
async function check(path: string): Promise<void> {
  try {
    const names = await readdir(path);
    const hasTables = names.some((name) => name.startsWith('MANIFEST-'));
    // LevelDB would begin with empty tables.
    if (hasTables && !names.includes('CURRENT')) {
      throw new Error('the file CURRENT is missing');
    }
    const tables = new ClassicLevel(path);
    await tables.open();
    await tables.close();
    const dropped = DROPPED.exec(await readFile(join(path, 'LOG'), 'utf8'));
    if (dropped === null) return;
    throw new Error(
      `${dropped[1]} bytes of its tables were damaged. The next start goes on without them`,
    );
  } catch (error) {
    throw stateError(dirname(path), path, error);
  }
}
