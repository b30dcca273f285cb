import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setCredentials } from '../../../local/session/credentials.ts';
import { listen } from '../../support/local/listen.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

let directory: string;

beforeEach(async (context) => {
  directory = await temporaryDirectory((undo) => context.onTestFinished(undo));
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  }
  vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
  vi.stubEnv('AWS_CONFIG_FILE', join(directory, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(directory, 'credentials'));
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const credentials = () => process.env.AWS_ACCESS_KEY_ID;

async function writeProfile(): Promise<void> {
  await writeFile(
    join(directory, 'credentials'),
    '[default]\naws_access_key_id = mine\naws_secret_access_key = mine\n',
  );
}

describe('setCredentials', () => {
  it.each([true, false])(
    'leaves set ones alone, all embedded: %s',
    async (all) => {
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'mine');
      vi.stubEnv('AWS_PROFILE', all ? 'nobody' : undefined);
      await setCredentials(all);

      expect(credentials()).toBe('mine');
    },
  );

  it('takes dummies, and asks no profile or role, when all is embedded', async () => {
    await writeProfile();
    vi.stubEnv('AWS_PROFILE', 'with-a-role-to-assume');
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', 'token');
    await setCredentials(true);

    expect(credentials()).toBe('local');
    expect(process.env).not.toHaveProperty('AWS_PROFILE');
    expect(process.env).not.toHaveProperty('AWS_WEB_IDENTITY_TOKEN_FILE');
  });

  it('leaves the choice to a profile when a service runs elsewhere', async () => {
    vi.stubEnv('AWS_PROFILE', 'work');
    await setCredentials(false);

    expect(credentials()).toBeUndefined();
    expect(process.env.AWS_PROFILE).toBe('work');
  });

  it('finds the default profile when a service runs elsewhere', async () => {
    await writeProfile();
    await setCredentials(false);

    expect(credentials()).toBeUndefined();
  });

  it('takes dummies where there are none, and asks no metadata service', async () => {
    const asked: (string | undefined)[] = [];
    const metadata = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(404).end();
    });
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', await listen(metadata));
    await setCredentials(false);

    expect(credentials()).toBe('local');
    expect(asked).toEqual([]);
  });

  it.each([undefined, 'true', 'false'])(
    'leaves AWS_EC2_METADATA_DISABLED %s as it was',
    async (value) => {
      vi.stubEnv('AWS_EC2_METADATA_DISABLED', value);
      await setCredentials(false);

      expect(process.env.AWS_EC2_METADATA_DISABLED).toBe(value);
    },
  );
});
