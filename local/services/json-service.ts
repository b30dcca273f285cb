import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, json } from 'node:stream/consumers';
import { cbor, dateToTag } from '@smithy/core/cbor';
import type { EmbeddedService } from './embedded-service.ts';
import { guarded } from './guard.ts';

/** A refusal, with the name that AWS gives it. */
export class ServiceError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export type Input = Record<string, string | number | boolean | undefined>;
export type Output = object | undefined;

export interface JsonService {
  /** For people. */
  name: string;
  /** What X-Amz-Target has before the operation. */
  target: string;
  /** Of the protocol. */
  version: '1.0' | '1.1';
  operations: Record<string, (input: Input) => Output | Promise<Output>>;
}

/** What goes over the wire. */
export interface JsonAnswer {
  status: number;
  body: object;
}

/**
 * Starts a stand-in for a service of AWS that speaks JSON, on 127.0.0.1.
 *
 * @param port 0 for any free one
 * @see https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
 */
export async function startJsonService(
  service: JsonService,
  port: number,
): Promise<EmbeddedService> {
  const server = createServer(
    guarded(async (request, response) => {
      const protocol = protocolOf(request, service);
      const input = await protocol.read(request).catch(() => undefined);
      if (response.headersSent || request.errored !== null) return;
      const answered = await answer(
        service,
        protocol.operation,
        input as Input,
      );
      response.writeHead(answered.status, protocol.headers);
      response.end(protocol.write(answered.body));
    }),
  );
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Protocol {
  operation: string;
  headers: Record<string, string>;
  read: (request: IncomingMessage) => Promise<unknown>;
  write: (body: object) => string | Uint8Array;
}

/**
 * JSON, which the SDK speaks, or CBOR, in which the AWS CLI calls CloudWatch.
 *
 * @see https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
 */
function protocolOf(
  { headers, url = '' }: IncomingMessage,
  { target, version }: JsonService,
): Protocol {
  if (headers['smithy-protocol'] === 'rpc-v2-cbor') {
    return {
      operation: url.replace(/^.*\/operation\//, ''),
      headers: {
        'Content-Type': 'application/cbor',
        'smithy-protocol': 'rpc-v2-cbor',
      },
      read: async (request) => cbor.deserialize(await buffer(request)),
      write: (body) => cbor.serialize(wire(body, dateToTag)),
    };
  }
  const asked = String(headers['x-amz-target'] ?? '');
  return {
    operation: asked.replace(`${target}.`, ''),
    headers: { 'Content-Type': `application/x-amz-json-${version}` },
    read: json,
    write: (body) =>
      JSON.stringify(wire(body, (date) => date.getTime() / 1000)),
  };
}

/** What a service answers, without the server around it. */
export async function answer(
  { name, operations }: JsonService,
  operation: string,
  input: Input,
): Promise<JsonAnswer> {
  try {
    const perform = Object.hasOwn(operations, operation)
      ? operations[operation]
      : undefined;
    if (perform === undefined) {
      throw new ServiceError(
        'UnsupportedOperationException',
        `The embedded ${name} does not know ${operation}; it knows ${Object.keys(operations).join(', ')}`,
      );
    }
    return { status: 200, body: (await perform(input)) ?? {} };
  } catch (error) {
    const isRefusal = error instanceof ServiceError;
    const type = isRefusal ? error.name : 'ValidationException';
    const { message } = error as Error;
    return { status: 400, body: { __type: type, message } };
  }
}

/** Times go over the wire as seconds since the epoch. */
function wire(value: unknown, time: (date: Date) => unknown): unknown {
  if (value instanceof Date) return time(value);
  if (Array.isArray(value)) return value.map((each) => wire(each, time));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, wire(each, time)]),
  );
}
