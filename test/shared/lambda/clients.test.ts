import { createServer } from 'node:http';
import { PutRecordCommand } from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type EndedCall,
  httpHandler,
  kinesisClient,
  kmsClient,
  observeCalls,
  REQUEST_TIMEOUT_MS,
} from '../../../shared/lambda/clients.ts';
import { listen } from '../../support/local/listen.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

it('a call without an answer fails after 10 s, on which the stamp of a slot rests', async () => {
  const handler = httpHandler();
  // Its options are known once it has handled a call.
  await handler
    .handle({ protocol: 'http:', hostname: '127.0.0.1', port: 9 } as never)
    .catch(() => {});
  expect(handler.httpHandlerConfigs()).toMatchObject({
    requestTimeout: 10_000,
    throwOnRequestTimeout: true,
  });
  expect(REQUEST_TIMEOUT_MS).toBe(10_000);
  handler.destroy();
});

/** A proxy that records what it connects to and the first bytes that it receives. */
async function startProxy() {
  const hosts: (string | undefined)[] = [];
  const firstBytes: Buffer[] = [];
  const proxy = createServer();
  proxy.on('connect', ({ url }, socket) => {
    hosts.push(url);
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    socket.once('data', (bytes) => {
      firstBytes.push(bytes);
      socket.destroy();
    });
    socket.on('error', () => {});
  });
  return { url: await listen(proxy), hosts, firstBytes };
}

const HOST = 'kms.eu-west-1.amazonaws.invalid';

/** Calls an endpoint, which never answers, behind the proxy of some variables. */
async function call(endpoint: string, env: Record<string, string>) {
  const variables = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_MAX_ATTEMPTS: '1',
    AWS_ENDPOINT_URL: endpoint,
    no_proxy: '',
    https_proxy: '',
    ...env,
  };
  for (const [name, value] of Object.entries(variables)) {
    vi.stubEnv(name, value);
  }
  const client = kmsClient();
  await expect(
    client.send(new DescribeKeyCommand({ KeyId: 'alias/a' })),
  ).rejects.toThrow();
  client.destroy();
}

describe('a call to AWS', () => {
  it.each(['HTTPS_PROXY', 'https_proxy'])(
    'goes through the proxy of %s, in a tunnel of TLS',
    async (name) => {
      const { url, hosts, firstBytes } = await startProxy();
      await call(`https://${HOST}`, { [name]: url });
      expect(hosts).toEqual([`${HOST}:443`]);
      // A handshake that names the host.
      expect(firstBytes[0]?.[0]).toBe(22);
      expect(firstBytes[0]?.includes(HOST)).toBe(true);
    },
  );

  it.each([
    ['a host of NO_PROXY', `https://${HOST}`, '.amazonaws.invalid'],
    ['https on this machine', 'https://127.0.0.1:9', 'example.com'],
    ['https on localhost', 'https://localhost:9', ''],
    ['the embedded AWS', 'http://127.0.0.1:9', ''],
  ])('goes directly to %s', async (_, endpoint, NO_PROXY) => {
    const { url, hosts } = await startProxy();
    const proxies = { HTTPS_PROXY: url, HTTP_PROXY: url };
    await call(endpoint, { ...proxies, NO_PROXY });
    expect(hosts).toEqual([]);
  });
});

describe('observeCalls', () => {
  it('sees how a call ended, and no content or credential', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'x-amzn-requestid': 'r-1' });
      response.end('{"ShardId": "shardId-1", "SequenceNumber": "495"}');
    });
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'keyOfMine');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secretOfMine');
    vi.stubEnv('AWS_ENDPOINT_URL', await listen(server));
    const calls: EndedCall[] = [];
    observeCalls((call) => calls.push(call));
    onTestFinished(() => observeCalls(() => {}));

    const client = kinesisClient();
    const Data = Buffer.from('probe');
    await client.send(
      new PutRecordCommand({
        StreamName: 'orders',
        PartitionKey: 'partition',
        Data,
      }),
    );
    client.destroy();

    expect(calls).toEqual([
      {
        client: 'KinesisClient',
        command: 'PutRecordCommand',
        ms: expect.any(Number),
        metadata: expect.objectContaining({
          httpStatusCode: 200,
          requestId: 'r-1',
          attempts: 1,
        }),
      },
    ]);
    expect(JSON.stringify(calls)).not.toMatch(
      /OfMine|partition|shardId|495|cHJvYmU/,
    );
  });
});
