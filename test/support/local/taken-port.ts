import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * A port on which no program listens. It is none of those that the system hands
 * out, so that neither another test nor the client itself ever has it.
 */
export const CLOSED_PORT = 1;

/** A port of 127.0.0.1 that another principal listens on during the test. */
export async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
