import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import { hasCredentials } from '../../local/credentials.ts';
import { temporaryDirectory } from './temporary-directory.ts';

let directory: string;

beforeEach(async (context) => {
  directory = await temporaryDirectory((undo) => context.onTestFinished(undo));
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  }
  vi.stubEnv('AWS_CONFIG_FILE', join(directory, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(directory, 'credentials'));
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('hasCredentials', () => {
  it('finds those of the variables', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');

    expect(await hasCredentials()).toBe(true);
  });

  it('finds those of a profile', async () => {
    await writeFile(
      join(directory, 'credentials'),
      '[work]\naws_access_key_id = local\naws_secret_access_key = local\n',
    );
    vi.stubEnv('AWS_PROFILE', 'work');

    expect(await hasCredentials()).toBe(true);
  });

  it('finds none where there are none, and asks no metadata service', async () => {
    const asked: (string | undefined)[] = [];
    const metadata = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await once(metadata, 'listening');
    onTestFinished(() => {
      metadata.close();
    });
    const { port } = metadata.address() as AddressInfo;
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', `http://127.0.0.1:${port}`);

    expect(await hasCredentials()).toBe(false);
    expect(asked).toEqual([]);
  });

  it.each([undefined, 'true', 'false'])(
    'leaves AWS_EC2_METADATA_DISABLED %s as it was',
    async (value) => {
      vi.stubEnv('AWS_EC2_METADATA_DISABLED', value);
      await hasCredentials();

      expect(process.env.AWS_EC2_METADATA_DISABLED).toBe(value);
    },
  );
});
