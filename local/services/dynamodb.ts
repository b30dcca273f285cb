import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import type { EmbeddedService } from './embedded-service.ts';

/**
 * Starts dynalite on 127.0.0.1.
 *
 * @param path where tables are kept
 * @param port 0 for any free one
 */
export async function startDynamoDb(
  path: string,
  port: number,
): Promise<EmbeddedService> {
  const server = dynalite({ path, createTableMs: 0 });
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
