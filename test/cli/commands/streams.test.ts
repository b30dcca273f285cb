import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateStreamCommand,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import type { JsonService } from '../../../local/services/json-service.ts';
import { kinesisClient, kmsClient } from '../../../shared/lambda/clients.ts';
import { denied, startAccount } from '../../support/cli/account.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

/** An AWS key ARN of another account, which needs no KMS to be known. */
const FOREIGN =
  'arn:aws:kms:us-east-1:999999999999:key/12345678-1234-1234-1234-123456789012';

let aws: LocalRotations;
let keyArn: string | undefined;
let directory: string;
let rotations: string;

beforeAll(async () => {
  aws = await openLocalRotations(0, 2);
  const kinesis = kinesisClient();
  const kms = kmsClient();
  const described = await kms.send(
    new DescribeKeyCommand({ KeyId: 'alias/0-a' }),
  );
  keyArn = described.KeyMetadata?.Arn;
  for (const [StreamName, KeyId] of [
    ['stream-0', 'alias/0-a'],
    ['foreign', FOREIGN],
    ['lost', 'alias/lost'],
  ]) {
    if (StreamName !== 'stream-0') {
      await kinesis.send(
        new CreateStreamCommand({ StreamName, ShardCount: 1 }),
      );
    }
    // It may still be CREATING.
    await vi.waitFor(() =>
      kinesis.send(
        new StartStreamEncryptionCommand({
          StreamName,
          EncryptionType: 'KMS',
          KeyId,
        }),
      ),
    );
  }
  kinesis.destroy();
  kms.destroy();
  directory = await mkdtemp(join(tmpdir(), 'streams-'));
  rotations = join(directory, 'rotations.yml');
  const KeyIds = ['alias/0-a', 'alias/0-b'];
  const Streams = [
    { StreamName: 'stream-0', KeyIds },
    { StreamName: 'gone', KeyIds },
  ];
  await writeFile(rotations, JSON.stringify({ Streams }));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
  await aws.close();
});

const streams = (flags: string[], env: Record<string, string> = {}) =>
  runInProcess(['streams', '--rotations', rotations, ...flags], env);

const standIns = (
  kinesis: JsonService['operations'],
  kms: JsonService['operations'] = {},
) => startAccount(kinesis, kms, onTestFinished);

const inAccount = (name: string) => ({
  StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`,
  StreamStatus: 'ACTIVE',
});

describe('streams --from-account', () => {
  it('lists every stream, with what KMS says of its key', async () => {
    const { exitCode, stdout } = await streams([
      '--from-account',
      '--output',
      'json',
    ]);
    expect(JSON.parse(stdout)).toEqual([
      {
        StreamName: 'foreign',
        ...inAccount('foreign'),
        Exists: true,
        Managed: false,
        EncryptionType: 'KMS',
        KeyId: FOREIGN,
        KeyArn: FOREIGN,
      },
      {
        StreamName: 'lost',
        ...inAccount('lost'),
        Exists: true,
        Managed: false,
        EncryptionType: 'KMS',
        KeyId: 'alias/lost',
        KeyArn: null,
        Unknown: expect.stringMatching(/^NotFoundException: .*alias\/lost/),
      },
      {
        StreamName: 'stream-0',
        ...inAccount('stream-0'),
        Exists: true,
        Managed: true,
        EncryptionType: 'KMS',
        KeyId: 'alias/0-a',
        KeyArn: keyArn,
      },
      {
        StreamName: 'stream-1',
        ...inAccount('stream-1'),
        Exists: true,
        Managed: false,
        EncryptionType: 'NONE',
        KeyId: null,
        KeyArn: null,
      },
      {
        StreamName: 'gone',
        StreamARN: null,
        StreamStatus: null,
        Exists: false,
        Managed: true,
        EncryptionType: null,
        KeyId: null,
        KeyArn: null,
      },
    ]);
    expect(exitCode).toBe(0);
  });

  it('says in lines for people which stream needs a look', async () => {
    const { columns } = process.stdout;
    onTestFinished(() => void Object.assign(process.stdout, { columns }));
    // Wide enough that no cell wraps.
    process.stdout.columns = 300;
    const { stdout, stderr } = await streams(['--from-account']);
    expect(stderr).toBe('Reading 4 streams of the account\n');
    expect(stdout).toMatch(
      /^Stream +Status +Encryption +Key +Resolves to +Managed\n/,
    );
    const id = keyArn?.split(':').at(-1);
    expect(stdout).toMatch(new RegExp(`\nstream-0 .* alias/0-a +${id} +yes\n`));
    expect(stdout).toContain(` ${FOREIGN} `);
    expect(stdout).toMatch(/\nstream-1 +ACTIVE +NONE +no\n/);
    expect(stdout).toMatch(/\ngone +does not exist +yes\n/);
    expect(stdout).toMatch(
      /\n4 streams, 1 not encrypted, 1 unknown in part, 3 not managed, 1 of rotations.yml missing\n$/,
    );
  });

  it('manages no stream before there is a rotations.yml', async () => {
    vi.spyOn(process, 'cwd').mockReturnValue(await temporaryDirectory());
    const { exitCode, stdout, stderr } = await runInProcess(
      ['streams', '--from-account', '--query', '[?Managed]'],
      {},
    ).finally(() => vi.restoreAllMocks());
    expect(stdout).toBe('[]\n');
    expect(stderr).toMatch(/^There is no rotations\.yml here, so no stream/);
    expect(exitCode).toBe(0);
  });

  it('refuses a file that is given and missing', async () => {
    const { exitCode, stderr } = await runInProcess(
      ['streams', '--from-account', '--rotations', `${rotations}.no`],
      {},
    );
    expect(stderr).toMatch(/^RotationsFileError: .* cannot be read/);
    expect(exitCode).toBe(2);
  });

  it('shows what ListStreams says where a stream is not described', async () => {
    const StreamARN = inAccount('a').StreamARN;
    const env = await standIns({
      ListStreams: () => ({
        StreamNames: ['a', 'b'],
        StreamSummaries: [
          { StreamName: 'a', StreamARN, StreamStatus: 'UPDATING' },
        ],
        HasMoreStreams: false,
      }),
      DescribeStreamSummary: denied,
    });
    const { exitCode, stdout } = await streams(
      ['--from-account', '--output', 'json'],
      env,
    );
    expect(JSON.parse(stdout).slice(0, 2)).toMatchObject([
      { StreamARN, StreamStatus: 'UPDATING', EncryptionType: null },
      {
        StreamARN: null,
        StreamStatus: null,
        EncryptionType: null,
        Unknown: 'AccessDeniedException: StreamName "b": ann may not',
      },
    ]);
    expect(exitCode).toBe(1);
  });

  it('asks KMS once for a key, and keeps what Kinesis shows on a denial', async () => {
    const asked: unknown[] = [];
    const env = await standIns(
      {
        ListStreams: () => ({ StreamNames: ['a', 'b'], HasMoreStreams: false }),
        DescribeStreamSummary: ({ StreamName }) => ({
          StreamDescriptionSummary: {
            StreamName,
            ...inAccount(String(StreamName)),
            EncryptionType: 'KMS',
            KeyId: 'alias/shared',
          },
        }),
      },
      {
        DescribeKey: ({ KeyId }) => {
          asked.push(KeyId);
          return denied();
        },
      },
    );
    const { exitCode, stdout } = await streams(
      [
        '--from-account',
        ...['--query', '[].[KeyId, KeyArn, Unknown]'],
        ...['--output', 'json'],
      ],
      env,
    );
    const shown = [
      'alias/shared',
      null,
      'AccessDeniedException: KeyId "alias/shared": ann may not',
    ];
    expect(JSON.parse(stdout).slice(0, 2)).toEqual([shown, shown]);
    expect(asked).toEqual(['alias/shared']);
    expect(exitCode).toBe(0);
  });

  it('lists nothing where ListStreams is denied', async () => {
    const env = await standIns({ ListStreams: denied });
    const { exitCode, stdout, stderr } = await streams(['--from-account'], env);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(/^AWS does not allow it .*ann may not/);
  });

  it.each([
    ['the stage of a flag', ['--from-account', '--stage', 'prod'], /--stage/],
    ['a Region without an account', ['--region', 'eu-west-1'], /--region/],
    ['a profile without an account', ['--profile', 'p'], /--profile/],
  ])('refuses %s', async (_, flags, said) => {
    const { exitCode, stdout, stderr } = await streams(flags);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(said);
    expect(stderr).toContain('--from-account');
  });

  it('wins over the stage of a variable', async () => {
    const { exitCode } = await streams(['--from-account'], {
      KINESIS_KEY_ROTATION_STAGE: 'nowhere',
    });
    expect(exitCode).toBe(0);
  });
});

describe('streams', () => {
  it('lists those of the embedded AWS without a flag', async () => {
    const { exitCode, stdout } = await streams([
      ...['--query', '[].[StreamName, Managed]'],
      ...['--output', 'text'],
    ]);
    expect(stdout).toBe(
      'foreign\tFalse\nlost\tFalse\nstream-0\tTrue\nstream-1\tFalse\ngone\tTrue\n',
    );
    expect(exitCode).toBe(0);
  });
});
