import { once } from 'node:events';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
} from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDynamoDb } from '../../../local/services/dynamodb.ts';
import type { EmbeddedService } from '../../../local/services/embedded-service.ts';
import { MAX_BODY_BYTES } from '../../../local/services/guard.ts';
import { KeyStore } from '../../../local/services/key-store.ts';
import { startKinesis } from '../../../local/services/kinesis.ts';
import { startKms } from '../../../local/services/kms.ts';
import { startStepFunctions } from '../../../local/services/step-functions/step-functions.ts';
import { closed } from '../../support/local/closed.ts';
import { ACCOUNT, REGION } from '../../support/local/connected-clients.ts';
import {
  type AtEnd,
  temporaryDirectory,
} from '../../support/local/temporary-directory.ts';

const undone: Parameters<AtEnd>[0][] = [];
const atEnd: AtEnd = (undo) => undone.push(undo);
const services = new Map<string, EmbeddedService>();

beforeAll(async () => {
  const directory = await temporaryDirectory(atEnd);
  const store = new KeyStore(join(directory, 'kms.json'), REGION, ACCOUNT);
  const common = { region: REGION, account: ACCOUNT, port: 0 };
  const started = {
    kinesis: startKinesis({
      ...common,
      directory: join(directory, 'kinesis'),
      updateSeconds: 0,
    }),
    dynamodb: startDynamoDb(join(directory, 'dynamodb'), 0),
    kms: startKms(store, 0),
    sfn: startStepFunctions({ ...common, stateMachines: {} }),
  };
  for (const [name, service] of Object.entries(started)) {
    services.set(name, await service);
    atEnd((await service).close);
  }
});

afterAll(async () => {
  for (const undo of undone.toReversed()) await undo();
});

const OPERATIONS = {
  kinesis: 'Kinesis_20131202.ListStreams',
  dynamodb: 'DynamoDB_20120810.ListTables',
  kms: 'TrentService.ListKeys',
  sfn: 'AWSStepFunctions.ListStateMachines',
} as const;
type Name = keyof typeof OPERATIONS;

const SIGNATURE =
  'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0';

function begin(name: Name, { headers, ...options }: RequestOptions) {
  const { hostname, port } = new URL(services.get(name)?.endpoint ?? '');
  return request({
    hostname,
    port,
    method: 'POST',
    ...options,
    headers: {
      'Content-Type': `application/x-amz-json-1.${name === 'dynamodb' || name === 'sfn' ? 0 : 1}`,
      'X-Amz-Target': OPERATIONS[name],
      'X-Amz-Date': '20260101T000000Z',
      Authorization: SIGNATURE,
      ...headers,
    },
  });
}

interface Answered {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

async function send(
  name: Name,
  options: RequestOptions = {},
  body: string | Buffer = '{}',
): Promise<Answered> {
  const call = begin(name, options);
  call.on('error', () => {});
  call.end(body);
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const { statusCode: status, headers } = answer;
  return { status, headers, body: await text(answer) };
}

const portOf = (name: Name) => new URL(services.get(name)?.endpoint ?? '').port;

function expectRefusal({ status, headers, body }: Answered) {
  expect(status).toBe(403);
  expect(JSON.parse(body)).toEqual({
    __type: 'AccessDeniedException',
    message: expect.any(String),
  });
  const names = Object.keys(headers).join();
  expect(names).not.toContain('access-control');
}

describe.each(Object.keys(OPERATIONS) as Name[])('the port of %s', (name) => {
  it.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])(
    'answers to the Host %s',
    async (host) => {
      const headers = { Host: `${host}:${portOf(name)}` };

      expect((await send(name, { headers })).status).toBe(200);
      expect((await send(name, { headers: { Host: host } })).status).toBe(200);
    },
  );

  it.each([
    'attacker.example',
    '127.0.0.1.attacker.example',
    'localhost.attacker.example',
    'localhost@attacker.example',
    '192.168.0.1',
    '0.0.0.0',
    '',
    ' ',
  ])('refuses the Host "%s"', async (host) => {
    const headers = { Host: `${host}:${portOf(name)}` };

    expectRefusal(await send(name, { headers }));
  });

  it.each([
    'http://attacker.example',
    'https://127.0.0.1',
    'http://localhost:3000',
    'null',
  ])('refuses the Origin %s', async (Origin) => {
    expectRefusal(await send(name, { headers: { Origin } }));
  });

  it('refuses a preflight', async () => {
    const headers = {
      Origin: services.get(name)?.endpoint,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'x-amz-target',
    };

    expectRefusal(await send(name, { method: 'OPTIONS', headers }));
  });

  it('answers to its own Origin', async () => {
    const Origin = services.get(name)?.endpoint;

    expect((await send(name, { headers: { Origin } })).status).toBe(200);
  });

  it('refuses a body whose announced length is too much, without reading it', async () => {
    const call = begin(name, {
      headers: { 'Content-Length': MAX_BODY_BYTES + 1 },
    });
    call.on('error', () => {});
    call.flushHeaders();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];

    expect(answer.statusCode).toBe(413);
    call.destroy();
    expect((await send(name)).status).toBe(200);
  });

  it('refuses a body that grows too much', async () => {
    const call = begin(name, { headers: { 'Transfer-Encoding': 'chunked' } });
    call.on('error', () => {});
    const answered = once(call, 'response') as Promise<[IncomingMessage]>;
    const chunk = Buffer.alloc(1024 * 1024, ' ');
    for (let sent = 0; sent < MAX_BODY_BYTES; sent += chunk.length) {
      call.write(chunk);
    }
    // No more than that: what a server leaves unread resets the connection.
    call.write(' ');
    const [answer] = await answered;

    expect(answer.statusCode).toBe(413);
    call.destroy();
    expect((await send(name)).status).toBe(200);
  });

  it('goes on when a client hangs up within a body', async () => {
    const call = begin(name, { headers: { 'Content-Length': 1000 } });
    const hungUp = closed(call);
    call.write('{', () => call.destroy());
    await hungUp;

    expect((await send(name)).status).toBe(200);
  });
});
