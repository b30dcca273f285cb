import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultOutput } from '../../../cli/input/default-output.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const CONFIG = `
[default]
output = table
[profile audit]
region = eu-west-1
output = text
[profile bare]
region = eu-west-1
[profile stream]
output = yaml-stream
`;

afterEach(() => {
  vi.unstubAllEnvs();
});

async function outputOf(
  profile: string | undefined,
  env: NodeJS.ProcessEnv = {},
) {
  const folder = await temporaryDirectory();
  const path = join(folder, 'config');
  await writeFile(path, CONFIG);
  vi.stubEnv('AWS_CONFIG_FILE', path);
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'none'));
  return defaultOutput(profile, env);
}

describe('defaultOutput', () => {
  it.each([
    ['the default profile', undefined, {}, 'table'],
    ['AWS_PROFILE', undefined, { AWS_PROFILE: 'audit' }, 'text'],
    ['--profile, which wins', 'audit', { AWS_PROFILE: 'stream' }, 'text'],
    [
      'AWS_DEFAULT_OUTPUT, which wins over the profile',
      'audit',
      { AWS_DEFAULT_OUTPUT: 'json' },
      'json',
    ],
    [
      'the profile where the variable is empty',
      'audit',
      { AWS_DEFAULT_OUTPUT: '' },
      'text',
    ],
    ['nothing for a profile without output', 'bare', {}, undefined],
    ['nothing for a profile that is not there', 'nowhere', {}, undefined],
  ])('is that of %s', async (_, profile, env, expected) => {
    expect(await outputOf(profile, env)).toBe(expected);
  });

  it('is nothing without a file', async () => {
    vi.stubEnv('AWS_CONFIG_FILE', join(await temporaryDirectory(), 'none'));
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nowhere/credentials');
    expect(await defaultOutput(undefined, {})).toBeUndefined();
  });

  it.each([
    [
      'stream',
      {},
      'output of the AWS profile "stream", "yaml-stream" is not a format of this command; give --output with one of json, yaml, table, text',
    ],
    [
      undefined,
      { AWS_DEFAULT_OUTPUT: 'off\u001b[2J' },
      'AWS_DEFAULT_OUTPUT "off\\u001b[2J" is not a format of this command; give --output with one of json, yaml, table, text',
    ],
  ])('refuses a format that commands do not have', async (...given) => {
    const [profile, env, message] = given;
    await expect(outputOf(profile, env)).rejects.toMatchObject({
      name: 'SettingError',
      isWrongInput: true,
      message,
    });
  });
});
