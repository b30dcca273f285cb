/**
 * The thread that kinesis-local runs in. As a thread it needs no port that is
 * known beforehand, hears no signals meant for the terminal's foreground
 * process, and cannot outlive the process.
 */
import fs from 'node:fs';
import { createServer, type Server as HttpServer, request } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, Server } from 'node:net';
import { type Duplex, duplexPair, pipeline } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { parentPort } from 'node:worker_threads';
import { keepCompiledCode } from '../compile-cache.ts';
import { guarded } from './guard.ts';

/** A port for TLS, which no client uses: any free port. */
export const TLS_PORT = 1;

let front: HttpServer | undefined;
const sockets = new Set<Duplex>();
const { listen } = Server.prototype;
const LOCAL = { localAddress: '127.0.0.1', localPort: 1 };
const REMOTE = { remoteAddress: '127.0.0.1', remotePort: 1 };

// kinesis-local listens on all interfaces, answers web pages, and never says on which
// port. It does not listen itself here: a guard does, and passes requests on within the
// thread. TLS, which no client uses, is left out.
Server.prototype.listen = function (
  this: Server,
  port: number,
  done: () => void,
) {
  this.address = () => ({ address: '127.0.0.1', family: 'IPv4', port: 1 });
  setImmediate(done);
  if (port !== TLS_PORT) startFront(this, port);
  return this;
} as typeof listen;

function startFront(server: Server, port: number): void {
  const connect = () => {
    const [client, accepted] = duplexPair();
    sockets.add(accepted);
    accepted.once('close', () => sockets.delete(accepted));
    server.emit('connection', Object.assign(accepted, LOCAL, REMOTE));
    return client;
  };
  front = createServer(
    guarded(async (given, answer) => {
      const { method, url: path } = given;
      // Whole, so that the guard refuses a body before kinesis-local does.
      const body = await buffer(given).catch(() => undefined);
      if (body === undefined || answer.headersSent) return;
      // kinesis-local takes 1,024 connections at a time, and each request has its own.
      const headers = { ...given.headers, connection: 'close' };
      const call = request(
        { method, path, headers, createConnection: connect },
        (answered) => {
          const { connection: _, ...kept } = answered.headers;
          answer.writeHead(answered.statusCode ?? 502, kept);
          pipeline(answered, answer, () => call.destroy());
        },
      );
      call.on('error', () => answer.destroy());
      call.end(body);
    }),
  );
  front.once('error', (error: NodeJS.ErrnoException) => {
    parentPort?.postMessage({ error: error.message, code: error.code });
  });
  const started = front;
  Reflect.apply(listen, started, [
    { port, host: '127.0.0.1' },
    () => {
      const { port } = started.address() as AddressInfo;
      parentPort?.postMessage({ port });
    },
  ]);
}

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
  front?.close();
  front?.closeAllConnections();
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
