import { readdir, readFile, readlink } from 'node:fs/promises';

const LISTEN = '0A';
/** 127.0.0.1 in the byte order of /proc/net/tcp. */
const LOOPBACK = '0100007F';

/** Whether {@link listeningSockets} can tell. */
export const CAN_LIST_SOCKETS = process.platform === 'linux';

export interface ListeningSocket {
  port: number;
  isLoopback: boolean;
}

/** The TCP sockets that this process, threads included, listens on. */
export async function listeningSockets(): Promise<ListeningSocket[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) =>
      readlink(`/proc/self/fd/${fd}`).catch(() => ''),
    ),
  );
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) =>
      readFile(`/proc/self/net/${table}`, 'utf8').catch(() => ''),
    ),
  );
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => {
      return state === LISTEN && links.includes(`socket:[${inode}]`);
    })
    .map(([, local = '']) => {
      const [address, port = ''] = local.split(':');
      return {
        port: Number.parseInt(port, 16),
        isLoopback: address === LOOPBACK,
      };
    });
}

/**
 * Whether this process still listens at an endpoint. A connection would not say:
 * the system may have given the port to another process by then.
 */
export async function listensAt(
  endpoint: string | undefined,
): Promise<boolean> {
  if (!CAN_LIST_SOCKETS) return false;
  const { port } = new URL(String(endpoint));
  const sockets = await listeningSockets();
  return sockets.some((socket) => socket.port === Number(port));
}
