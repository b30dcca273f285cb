import type { EventEmitter } from 'node:events';

/**
 * Resolves when a connection is closed, also by a reset. `once(socket, 'close')` rejects
 * on a reset, even where the socket has a listener for errors.
 */
export function closed(connection: EventEmitter): Promise<void> {
  connection.on('error', () => {});
  return new Promise((resolve) => {
    connection.once('close', () => resolve());
  });
}
