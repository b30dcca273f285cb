import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
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
      const asked = String(request.headers['x-amz-target'] ?? '');
      const operation = asked.replace(`${service.target}.`, '');
      const input = await json(request).catch(() => undefined);
      if (response.headersSent || request.errored !== null) return;
      const answered = await answer(service, operation, input as Input);
      response.writeHead(answered.status, {
        'Content-Type': `application/x-amz-json-${service.version}`,
      });
      response.end(JSON.stringify(wire(answered.body)));
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
function wire(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(wire);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, wire(each)]),
  );
}
