import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { BUILD_OPTIONS } from '../../stack/bundling/function-build.ts';

type Constructor = new (
  input: object,
) => { send: (command: object) => Promise<unknown> };

let bundled: Record<string, Constructor>;
let text: string;
let directory: string;

beforeAll(async () => {
  const { outputFiles } = await build({
    ...BUILD_OPTIONS,
    stdin: {
      contents: `
        export * from '@aws-sdk/client-dynamodb';
        export { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis';
      `,
      resolveDir: process.cwd(),
    },
    write: false,
  });
  directory = await mkdtemp(join(tmpdir(), 'stand-ins-'));
  const path = join(directory, 'clients.cjs');
  text = outputFiles[0]?.text ?? '';
  await writeFile(path, text);
  bundled = await import(/* @vite-ignore */ path);
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

/** Where a call would go, and what it then throws. */
async function hostOf(client: string, command: string, input: object = {}) {
  const hosts: string[] = [];
  const agents: string[] = [];
  const invocations: string[] = [];
  const handle = async ({
    hostname,
    headers,
  }: {
    hostname: string;
    headers: Record<string, string>;
  }) => {
    hosts.push(hostname);
    agents.push(headers['user-agent'] ?? '');
    invocations.push(headers['amz-sdk-invocation-id'] ?? '');
    throw new Error('Sent');
  };
  const { [client]: Client, [command]: Command } = bundled;
  if (!Client || !Command) throw new Error('Not in the bundle');
  const sent = new Client({ requestHandler: { handle }, maxAttempts: 1 });
  const message = await sent
    .send(new Command(input))
    .catch((error: Error) => error.message);
  return { hosts, message, agents, invocations };
}

// The emulators have endpoints of their own, so no other test comes this way.
it('bundles find AWS without the cache for discovered endpoints', async () => {
  expect(
    await hostOf('DynamoDBClient', 'GetItemCommand', {
      TableName: 'ledger',
      Key: { StreamARN: { S: 'arn' } },
    }),
  ).toMatchObject({
    hosts: ['dynamodb.eu-west-1.amazonaws.com'],
    message: 'Sent',
  });
});

it('bundles call Kinesis without event streams', async () => {
  expect(await hostOf('KinesisClient', 'ListStreamsCommand')).toMatchObject({
    hosts: ['kinesis.eu-west-1.amazonaws.com'],
    message: 'Sent',
  });
});

it('bundles know the version of a client without the rest of its package.json', async () => {
  const { agents } = await hostOf('KinesisClient', 'ListStreamsCommand');
  expect(agents).toEqual([
    expect.stringMatching(
      /^aws-sdk-js\/3\.\d+\.\d+ .*api\/kinesis#3\.\d+\.\d+/,
    ),
  ]);
});

it('bundles have no HTTP/2', () => {
  expect(text).toContain('"node:https"');
  expect(text).not.toContain('"node:http2"');
});

it('bundles call with a new random id each', async () => {
  const calls = await Promise.all(
    [1, 2].map(() => hostOf('KinesisClient', 'ListStreamsCommand')),
  );
  const [one, other] = calls.flatMap(({ invocations }) => invocations);
  expect(one).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  expect(other).not.toBe(one);
});

it('bundles read no files of profiles', async () => {
  const path = join(directory, 'config');
  await writeFile(path, '[default]\nuse_fips_endpoint = true\n');
  vi.stubEnv('AWS_CONFIG_FILE', path);
  expect(await hostOf('KinesisClient', 'ListStreamsCommand')).toMatchObject({
    hosts: ['kinesis.eu-west-1.amazonaws.com'],
  });
});
