import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import type { JsonService } from '../../../local/services/json-service.ts';
import {
  parseRotations,
  readRotationsFile,
} from '../../../shared/config/rotations-file.ts';
import { keyArn, keyGuid } from '../../support/aws/kms-key.ts';
import {
  type AccountStream,
  denied,
  startAccount,
  streamsOf,
} from '../../support/cli/account.ts';
import { it } from '../../support/cli/command-line.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

it('writes a rotations.yml that can be used, and keeps one that exists', async ({
  cli,
}) => {
  const path = join(cli.home, 'rotations.yml');
  const where = { cwd: cli.home };
  expect(await cli.run(['init'], where)).toEqual({
    exitCode: 0,
    stdout: `${path}\n`,
    stderr:
      'This is a sample. init --from-account writes the streams of an AWS account\n',
  });
  const { Streams } = await readRotationsFile(path);
  expect(Streams).toEqual([
    {
      StreamName: 'samplestream',
      KeyIds: ['alias/samplestream-a', 'alias/samplestream-b'],
    },
  ]);
  await writeFile(path, 'mine');
  for (const flags of [[], ['--from-account', '--region', 'us-east-1']]) {
    expect(await cli.run(['init', ...flags], where)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `${path} exists. Edit it, or name another file with --rotations\n`,
    });
  }
  expect(await readFile(path, 'utf8')).toBe('mine');
});

it('leads to the file of the stage, where there is one', async ({ cli }) => {
  await writeFile(join(cli.home, 'rotations.yml'), 'Streams: [usual]');
  await writeFile(join(cli.home, 'rotations.prod.yml'), 'Streams: [of-prod]');
  await writeFile(join(cli.home, 'other.yml'), 'Streams: [other]');
  const read = async (...args: string[]) => {
    const { stderr } = await cli.run(['package', ...args], { cwd: cli.home });
    return stderr.match(/^RotationsFileError: (\S+):/)?.[1];
  };
  expect(await read('--stage', 'prod')).toBe('rotations.prod.yml');
  expect(await read('--stage', 'dev')).toBe('rotations.yml');
  expect(await read('--stage', 'prod', '--rotations', 'other.yml')).toBe(
    'other.yml',
  );
});

/** Keys of the account: by what a stream may be under. */
const KEYS: Record<string, object> = {
  'alias/orders': { KeyId: keyGuid(1), Arn: keyArn(1) },
  [keyGuid(2)]: { KeyId: keyGuid(2), Arn: keyArn(2) },
  [keyArn(3)]: { KeyId: keyGuid(3), Arn: keyArn(3) },
  'alias/off': { KeyId: keyGuid(4), Arn: keyArn(4), KeyState: 'Disabled' },
  [keyGuid(5)]: { KeyId: keyGuid(5), Arn: keyArn(5), KeyManager: 'AWS' },
};

const KMS: JsonService['operations'] = {
  DescribeKey: ({ KeyId }) => {
    const key = KEYS[String(KeyId)];
    return key
      ? { KeyMetadata: { KeyState: 'Enabled', KeyManager: 'CUSTOMER', ...key } }
      : denied();
  },
  ListAliases: ({ Marker }) =>
    Marker
      ? {
          Aliases: [
            { AliasName: 'alias/clicks', TargetKeyId: keyGuid(2) },
            { AliasName: 'alias/old-clicks', TargetKeyId: keyGuid(2) },
          ],
          Truncated: false,
        }
      : {
          Aliases: [{ AliasName: 'alias/aws/sns' }],
          Truncated: true,
          NextMarker: 'more',
        },
};

async function fromAccount(
  streams: readonly AccountStream[],
  kms: JsonService['operations'] = KMS,
  kinesis: JsonService['operations'] = streamsOf(streams),
) {
  const path = join(await temporaryDirectory(), 'rotations.yml');
  const env = await startAccount(kinesis, kms, onTestFinished);
  const ended = await runInProcess(
    ['init', '--from-account', '--rotations', path],
    env,
  );
  return {
    ...ended,
    path,
    text: await readFile(path, 'utf8').catch(() => undefined),
  };
}

/** The file after a person has followed its comments. */
function decided(text: string): string {
  const { Streams } = parse(
    text.replaceAll(/^# (?= +(?:- |KeyIds:))/gm, ''),
  ) as { Streams: { StreamName: string; KeyIds: string[] }[] };
  return stringify({
    Streams: Streams.map(({ StreamName, KeyIds }) => ({
      StreamName,
      KeyIds: [...KeyIds, 'alias/next-a', 'alias/next-b'].slice(0, 2),
    })),
  });
}

describe('init --from-account', () => {
  it('writes what is known of every stream, and says what is missing', async () => {
    const { exitCode, stdout, stderr, path, text } = await fromAccount([
      { StreamName: 'orders', KeyId: 'alias/orders' },
      { StreamName: 'hidden', KeyId: 'alias/hidden' },
      { StreamName: 'clicks', KeyId: keyGuid(2) },
      { StreamName: 'ads', KeyId: keyArn(3) },
      { StreamName: 'clear' },
      { StreamName: 'default', KeyId: 'alias/aws/kinesis' },
      { StreamName: 'of-aws', KeyId: keyGuid(5) },
      { StreamName: 'off', KeyId: 'alias/off' },
      { StreamName: 'leaving', StreamStatus: 'DELETING' },
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${path}\n` });
    expect(stderr).toMatch(/\n2 in use, 7 to decide: [^\n]+\n$/);
    const date = new Date().toISOString().slice(0, 10);
    expect(text).toContain(
      `# The streams of account 111122223333 in us-east-1 on ${date}: 9 streams, 2 in use below.\n`,
    );
    expect(text).toContain(
      '#   npx kinesis-key-rotation deploy --stage prod --region us-east-1\n',
    );
    const [, body] = (text ?? '').split('\nStreams:\n');
    expect(body).toBe(`\
  # orders is under alias/orders, which resolves to ${keyArn(1)}.
  # For a ring of two, add the next key below it.
  - StreamName: orders
    KeyIds:
      - alias/orders
  # hidden is under alias/hidden, as Kinesis shows it. KMS did not describe it: AccessDeniedException: KeyId "alias/hidden": ann may not
  # For a ring of two, add the next key below it.
  - StreamName: hidden
    KeyIds:
      - alias/hidden

# These streams need a decision. Complete KeyIds, and remove the "# " before the lines of
# the stream: they continue the list of Streams.

# clicks is under ${keyGuid(2)}, which resolves to ${keyArn(2)}.
# Add the next key of its ring, or replace it with one alias of this key: alias/clicks, alias/old-clicks.
#   - StreamName: clicks
#     KeyIds:
#       - ${keyGuid(2)}

# ads is under ${keyArn(3)}.
# Add the next key of its ring.
#   - StreamName: ads
#     KeyIds:
#       - ${keyArn(3)}

# clear is not encrypted. Give the keys of its ring.
#   - StreamName: clear
#     KeyIds: []

# default is under alias/aws/kinesis, which AWS manages: you cannot write its key policy, or disable it. Give the keys of its ring.
#   - StreamName: default
#     KeyIds: []

# of-aws is under ${keyGuid(5)}, which AWS manages: you cannot write its key policy, or disable it. Give the keys of its ring.
#   - StreamName: of-aws
#     KeyIds: []

# off is under alias/off, which has KeyState Disabled; use an Enabled key. Give the keys of its ring.
#   - StreamName: off
#     KeyIds: []

# leaving is DELETING, and left out.
`);
  });

  it('becomes a file that can be used once its comments are followed', async () => {
    // YAML reads these as other types, unless they are quoted.
    const ready = ['true', 'null', '123', '1e3', '.inf'];
    const undecided = ['false', '0x1F', '-', '0o7', '-.inf'];
    const { text = '' } = await fromAccount([
      ...ready.map((StreamName) => ({ StreamName, KeyId: 'alias/orders' })),
      ...undecided.map((StreamName) => ({ StreamName, KeyId: keyArn(3) })),
    ]);
    const { Streams } = parseRotations(decided(text));
    expect(Streams.map(({ StreamName }) => StreamName)).toEqual([
      ...ready,
      ...undecided,
    ]);
  });

  it('keeps names from outside inside their comment and their text', async () => {
    const StreamName = 'a\n- StreamName: forged\r\u2028- b';
    const KeyId = 'alias/x\nStreams: []';
    const { text = '' } = await fromAccount([
      { StreamName, KeyId },
      { StreamName: `${StreamName}2` },
      { StreamName: 'orders', KeyId: 'alias/orders' },
    ]);
    expect(parse(text)).toEqual({
      Streams: [{ StreamName: 'orders', KeyIds: ['alias/orders'] }],
    });
    expect(text).not.toMatch(/\r|\u2028/);
  });

  it('says that there is no stream to use before a decision', async () => {
    const {
      exitCode,
      stderr,
      text = '',
    } = await fromAccount([{ StreamName: 'clear' }]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('0 in use, 1 to decide');
    expect(() => parseRotations(text)).toThrow(/Streams/);
    expect(parseRotations(decided(text)).Streams).toHaveLength(1);
  });

  it('degrades to what Kinesis shows where KMS denies its names', async () => {
    const { exitCode, text } = await fromAccount(
      [
        { StreamName: 'orders', KeyId: 'alias/orders' },
        { StreamName: 'clicks', KeyId: keyGuid(2) },
      ],
      { DescribeKey: denied, ListAliases: denied },
    );
    expect(exitCode).toBe(0);
    expect(text).toContain(
      '# The names of the keys are unknown: AccessDeniedException: ListAliases: ann may not\n',
    );
    expect(parse(text ?? '')).toEqual({
      Streams: [{ StreamName: 'orders', KeyIds: ['alias/orders'] }],
    });
    expect(text).toContain(`#       - ${keyGuid(2)}\n`);
  });

  it('names a stream that Kinesis does not describe', async () => {
    const streams = [{ StreamName: 'hidden' }];
    const { text } = await fromAccount(streams, KMS, {
      ...streamsOf(streams),
      DescribeStreamSummary: denied,
    });
    expect(text).toContain(
      '# hidden: its key is unknown, since Kinesis did not describe it: AccessDeniedException: StreamName "hidden": ann may not\n#   - StreamName: hidden\n#     KeyIds: []\n',
    );
  });

  it.each([
    ['an account without a stream', {}, 1, /^Kinesis lists no stream in us-/],
    ['a denial', { ListStreams: denied }, 3, /^AWS does not allow it/],
  ])('writes no file for %s', async (_, operations, expected, said) => {
    const { exitCode, stdout, stderr, text } = await fromAccount([], KMS, {
      ...streamsOf([]),
      ...operations,
    });
    expect({ exitCode, stdout, text }).toEqual({
      exitCode: expected,
      stdout: '',
      text: undefined,
    });
    expect(stderr).toMatch(said);
  });

  it('is the only way for a Region and a profile', async () => {
    const { exitCode, stderr } = await runInProcess(
      ['init', '--region', 'eu-west-1'],
      {},
    );
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^InvalidRequest: --region .*--from-account/);
  });
});
