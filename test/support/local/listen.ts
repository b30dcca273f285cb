import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { AtEnd } from './temporary-directory.ts';

/**
 * Listens on a free port of 127.0.0.1 until the end. Connections that clients keep alive
 * end with the server.
 *
 * @param atEnd of the test's context; needed only by concurrent tests
 * @returns the endpoint
 */
export async function listen(
  server: Server,
  atEnd: AtEnd = onTestFinished,
): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}
