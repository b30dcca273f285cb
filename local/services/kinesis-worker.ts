/**
 * The thread that kinesis-local runs in. As a thread it needs no port that is
 * known beforehand, hears no signals meant for the terminal's foreground
 * process, and cannot outlive the process.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { Server, type Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { keepCompiledCode } from '../compile-cache.ts';

/** A port for TLS, which no client uses: any free port. */
export const TLS_PORT = 1;

const sockets = new Set<Socket>();
const { listen } = Server.prototype;

// kinesis-local listens on all interfaces and never says on which port.
Server.prototype.listen = function (
  this: Server,
  port: number,
  done: () => void,
) {
  const isTls = port === TLS_PORT;
  this.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  this.once('error', (error: NodeJS.ErrnoException) => {
    parentPort?.postMessage({ error: error.message, code: error.code });
  });
  this.once('listening', () => {
    const address = this.address();
    if (isTls || address === null || typeof address === 'string') return;
    parentPort?.postMessage({ port: address.port });
  });
  const options = { port: isTls ? 0 : port, host: '127.0.0.1' };
  return Reflect.apply(listen, this, [options, done]);
} as typeof listen;

const { createWriteStream } = fs;
let saves = 0;

// kinesis-local writes its state in place, and a kill would leave half of it.
fs.createWriteStream = ((path: string, ...options: unknown[]) => {
  saves += 1;
  const draft = `${path}.${saves}.draft`;
  const stream = Reflect.apply(createWriteStream, fs, [draft, ...options]);
  // It removes all listeners when the stream is ready.
  stream.once('ready', () =>
    process.nextTick(() =>
      stream.once('finish', () => fs.renameSync(draft, path)),
    ),
  );
  return stream;
}) as typeof createWriteStream;

let stopping = false;
parentPort?.once('message', () => {
  stopping = true;
  // As if every client had hung up: it waits for those that have not.
  for (const socket of sockets) socket.push(null);
  // It persists its state when it receives a signal to end.
  setTimeout(() => process.emit('SIGTERM', 'SIGTERM'), 50);
});

// The periodic save may be cut off by the last one, which is complete.
process.on('uncaughtException', (error) => {
  if (!stopping) throw error;
});

// Compiling it is most of its start.
keepCompiledCode();
createRequire(import.meta.url)('kinesis-local');
