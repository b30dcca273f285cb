import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { describe, expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { sha256 } from '../../cli/report/formats/sha256-file.ts';
import { startDynamoDb } from '../../local/services/dynamodb.ts';
import { REQUEST_FIELDS } from '../../shared/contract/request.ts';
import { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';
import {
  ANY_PORTS,
  ENDLESS_UPDATE,
  exportedVariables,
  it,
  processesOf,
} from '../support/cli/command-line.ts';
import { runInProcess } from '../support/cli/run-in-process.ts';
import { dynamoDbAt, kinesisAt } from '../support/local/connected-clients.ts';
import { takenPort } from '../support/local/taken-port.ts';

const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/samplestream';

/** A request that only the given arguments make wrong. */
const stream = (...args: string[]) => [
  'rotate',
  '--stream-name',
  'samplestream',
  ...args,
];
const parseJson = (text: string): object => JSON.parse(text);
const parseYaml = (text: string): object => parse(text);

const json = (text: string) => ['rotate', '--cli-input-json', text];
const yaml = (text: string) => ['rotate', '--cli-input-yaml', text];

const BAD_INPUTS: [string, string[], string[]][] = [
  [
    'an unknown field',
    json('{"StreamName": "orders", "KeyID": "alias/a"}'),
    ['"KeyID"', 'known are StreamName'],
  ],
  [
    'a key and a ring',
    stream('--key-id', 'alias/a', '--key-ids', 'alias/b,alias/c'),
    ['KeyId "alias/a"', 'KeyIds ["alias/b","alias/c"]'],
  ],
  [
    'neither key nor ring, of a stream that is not listed',
    ['rotate', '--stream-name', 'unlisted'],
    ['KeyId and KeyIds are both missing', '"unlisted"', 'lists samplestream'],
  ],
  [
    'no stream',
    ['rotate', '--key-id', 'alias/a'],
    ['StreamName and StreamARN are both missing'],
  ],
  [
    'EncryptionType NONE',
    stream('--key-id', 'alias/a', '--encryption-type', 'NONE'),
    ['EncryptionType "NONE"', 'StopStreamEncryption'],
  ],
  [
    'another EncryptionType',
    stream('--key-id', 'alias/a', '--encryption-type', 'AES'),
    ['EncryptionType "AES"'],
  ],
  [
    'a ring of one key',
    stream('--key-ids', 'alias/aws/kinesis'),
    ['KeyIds ["alias/aws/kinesis"]', 'ring of 1'],
  ],
  [
    'a malformed name',
    ['rotate', '--stream-name', 'my orders', '--key-id', 'alias/a'],
    ['StreamName "my orders"'],
  ],
  [
    'a name of more than one line',
    ['rotate', '--stream-name', 'my\norders', '--key-id', 'alias/a'],
    ['StreamName "my\\norders"'],
  ],
  [
    'a malformed ARN',
    ['rotate', '--stream-arn', 'arn:aws:s3:::orders', '--key-id', 'alias/a'],
    ['StreamARN "arn:aws:s3:::orders"'],
  ],
  ['a malformed key', stream('--key-id', 'orders-a'), ['KeyId "orders-a"']],
  [
    'a malformed key in a ring',
    stream('--key-ids', 'alias/a', 'orders-b'),
    ['KeyIds "orders-b"'],
  ],
  [
    'a name and an ARN that disagree',
    [...stream('--key-id', 'alias/a'), '--stream-arn', `${STREAM_ARN}2`],
    ['StreamName "samplestream"', `StreamARN "${STREAM_ARN}2"`],
  ],
  [
    'a key of another Region than the ARN of the stream',
    [
      'rotate',
      '--stream-arn',
      STREAM_ARN,
      '--key-id',
      'arn:aws:kms:eu-west-1:000000000000:alias/a',
    ],
    ['KeyId "arn:aws:kms:eu-west-1:', 'us-east-1'],
  ],
  [
    'an unknown mode',
    stream('--key-ids', 'alias/a,alias/b', '--mode', 'NEXT'),
    ['Mode "NEXT"'],
  ],
  [
    'an unknown answer to an exhausted quota',
    stream('--key-id', 'alias/a', '--on-quota-exhausted', 'HOPE'),
    ['OnQuotaExhausted "HOPE"'],
  ],
  [
    'JSON that does not parse',
    json('{\n"StreamName": orders\n}'),
    ['--cli-input-json "{\\n\\"StreamName', 'is not JSON'],
  ],
  [
    'JSON with an order to the terminal',
    json('{"StreamName": \u001b[2J}'),
    ['is not JSON', '\\u{1b}'],
  ],
  [
    'JSON that is no object',
    json('["orders"]'),
    ['--cli-input-json "[', 'object'],
  ],
  [
    'YAML that does not parse',
    yaml('StreamName: [orders\nKeyId: alias/a'),
    ['--cli-input-yaml "StreamName: [', 'is not YAML'],
  ],
  ['YAML that is no object', yaml('orders'), ['--cli-input-yaml "orders"']],
  [
    'a file that is not there',
    json('file://no-such.json'),
    ['--cli-input-json "file://no-such.json"', 'ENOENT'],
  ],
  [
    'a document in JSON and another in YAML',
    [...json('{}'), '--cli-input-yaml', '{}'],
    ['--cli-input-json and --cli-input-yaml'],
  ],
  ['an unknown flag', stream('--colour', 'red'), ['--colour']],
  ['an unknown output', stream('--output', 'xml'), ['--output', 'xml']],
  [
    'an unknown skeleton',
    ['rotate', '--generate-cli-skeleton', 'toml'],
    ['--generate-cli-skeleton', 'toml'],
  ],
  [
    'a quota of a malformed name',
    ['quota', '--stream-name', 'my orders'],
    ['--stream-name "my orders"'],
  ],
  [
    'a quota of a malformed ARN',
    ['quota', '--stream-arn', 'orders'],
    ['--stream-arn "orders"'],
  ],
  [
    'a quota of two streams',
    ['quota', '--stream-name', 'orders', '--stream-arn', STREAM_ARN],
    ['--stream-name "orders"', `--stream-arn "${STREAM_ARN}"`],
  ],
  [
    'a query with a function that JMESPath does not have',
    ['rotate', '--query', 'foo(@)'],
    ['--query', 'Unknown function: foo()'],
  ],
  [
    'a query with too few arguments',
    ['rotate', '--query', 'length()'],
    ['--query', 'Invalid arity'],
  ],
  [
    'a query that is not JMESPath',
    ['quota', '--query', 'Quota.'],
    ['--query', 'Not a valid JMESPath expression'],
  ],
  [
    'a time that is invalid',
    ['history', '--since', 'yesterday'],
    ['--since', "'yesterday'", 'ISO 8601'],
  ],
  [
    'a status that is invalid',
    ['history', '--status', 'FINE'],
    ['--status', 'FINE', 'ROLLED_BACK'],
  ],
  [
    'no items at all',
    ['history', '--max-items', '0'],
    ['--max-items', "'0'", 'whole number'],
  ],
  [
    'a plan for a key that is invalid',
    ['plan', '--stream-name', 'orders', '--key-id', 'orders'],
    ['KeyId "orders"'],
  ],
  [
    'a port that is invalid',
    ['local', '--kms-port', '65536'],
    ['--kms-port', '65536'],
  ],
];

describe('bad input', () => {
  it.for(BAD_INPUTS)('refuses %s', async ([, args, named], { cli }) => {
    const env = { LOCAL_DIR: cli.directory };
    const { exitCode, stdout, stderr } = await runInProcess(args, env);

    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^[^\p{Cc}\p{Cf}]+\n$/u);
    for (const words of named) expect(stderr).toContain(words);
    expect(existsSync(cli.directory)).toBe(false);
  });

  it('refuses a rotations.yml that is wrong', async ({ cli }) => {
    const cwd = cli.home;
    await writeFile(
      join(cwd, 'rotations.yml'),
      'Streams: [{StreamName: orders, KeyIds: [alias/aws/kinesis]}]',
    );
    const { exitCode, stdout, stderr } = await cli.run(['rotate'], { cwd });

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(
      /^RotationsFileError: .*Streams\[0\]: KeyIds \["alias\/aws\/kinesis"\][^\n]*\n$/,
    );
    expect(existsSync(cli.directory)).toBe(false);
  });

  it('refuses an output format of the AWS CLI that it does not have', async ({
    cli,
  }) => {
    const { exitCode, stdout, stderr } = await cli.run(['rotate'], {
      env: { AWS_DEFAULT_OUTPUT: 'off' },
    });

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(
      /^SettingError: AWS_DEFAULT_OUTPUT "off" is not [^\n]*; give --output [^\n]*\n$/,
    );
    expect(existsSync(cli.directory)).toBe(false);
  });

  it('refuses a setting that is wrong', async ({ cli }) => {
    const { exitCode, stdout, stderr } = await cli.run(['rotate'], {
      env: { LOCAL_UPDATE_SECONDS: 'soon' },
    });

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('LOCAL_UPDATE_SECONDS "soon"');
    expect(existsSync(cli.directory)).toBe(false);
  });
});

describe.concurrent('--generate-cli-skeleton', () => {
  it.for([
    [[], parseJson, REQUEST_FIELDS],
    [['input'], parseJson, REQUEST_FIELDS],
    [['yaml-input'], parseYaml, REQUEST_FIELDS],
    [['output'], parseJson, ['Status', 'Outcome', 'Verification', 'Quota']],
  ] as const)(
    'prints %s and does nothing',
    async ([kind, read, fields], { cli }) => {
      const { exitCode, stdout, stderr } = await cli.run([
        'rotate',
        '--generate-cli-skeleton',
        ...kind,
      ]);

      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(Object.keys(read(stdout))).toEqual(
        expect.arrayContaining([...fields]),
      );
      expect(existsSync(cli.directory)).toBe(false);
    },
  );
});

describe.concurrent('a rotation', () => {
  it('moves the first stream of rotations.yml, and leaves nothing', async ({
    cli,
  }) => {
    const { exitCode, stdout, stderr } = await cli.run([
      'rotate',
      '--output',
      'json',
    ]);

    expect(exitCode).toBe(0);
    const outcome = JSON.parse(stdout);
    expect(outcome).toMatchObject({
      Status: 'SUCCEEDED',
      Outcome: 'ROTATED',
      StreamName: 'samplestream',
      StreamARN: STREAM_ARN,
      KeyId: 'alias/samplestream-a',
      PreviousKeyId: null,
      Verification: { EncryptionType: 'KMS' },
      Quota: { Limit: 25, Used: 1, Remaining: 24 },
    });
    const waited =
      Date.parse(outcome.VerifiedAt) - Date.parse(outcome.ActiveAt);
    expect(waited).toBeGreaterThanOrEqual(4_900);

    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toBe(`Using the embedded AWS of ${cli.directory}/`);
    for (const line of lines.slice(1)) expect(line).toMatch(/^ +\d+\.\d s /);
    const states = lines
      .slice(1)
      .map((line) => line.slice(9))
      .filter((line) => !line.startsWith(' '));
    expect(states[0]).toBe('PlanRotation');
    expect(states).toContain('StartEncryption');
    expect(states.slice(-4)).toEqual([
      'WaitForPropagation 5 s',
      'VerifyEncryption',
      'IsRolledBack',
      'CompleteRotation',
    ]);
    expect(stderr).not.toContain('\u001b');

    expect(await processesOf(cli.directory)).toEqual([]);
    expect((await readdir(cli.directory)).sort()).toEqual([
      'dynamodb',
      'kinesis',
      'kms.json',
      'lock',
    ]);
  });

  it('is settled by Ctrl-C, and another one may follow', async ({
    cli,
    onTestFinished,
  }) => {
    const { kill, ended, said } = cli.start(['rotate', '--output', 'json'], {
      env: ENDLESS_UPDATE,
    });
    await said('WaitForUpdate');
    kill('SIGINT');
    const interrupted = await ended;

    expect(interrupted.exitCode).toBe(130);
    expect(JSON.parse(interrupted.stdout)).toMatchObject({
      Status: 'FAILED',
      Error: 'ExecutionAborted',
      KeyId: 'alias/samplestream-a',
      SlotsSpent: 1,
      Quota: { Used: 1 },
    });
    expect(interrupted.stderr).toContain('SIGINT: stopping');
    expect(interrupted.stderr).not.toContain('VerifyEncryption');
    expect(await processesOf(cli.directory)).toEqual([]);

    // As it was left: the next command would settle what it finds.
    const { endpoint, close } = await startDynamoDb(
      join(cli.directory, 'dynamodb'),
      0,
    );
    const ledger = new QuotaLedger(
      dynamoDbAt(endpoint, onTestFinished),
      'kinesis-key-rotation-ledger',
    );
    const entry = await ledger.read(STREAM_ARN).finally(close);
    expect(entry.Lease).toBeUndefined();
    expect(entry.Slots).toMatchObject([{ State: 'SPENT' }]);

    const quota = await cli.run([
      'quota',
      '--stream-name',
      'samplestream',
      '--output',
      'json',
    ]);
    expect({ ...quota, stdout: JSON.parse(quota.stdout) }).toEqual({
      exitCode: 0,
      stderr: cli.announcement,
      stdout: {
        StreamName: 'samplestream',
        StreamARN: STREAM_ARN,
        Quota: { Limit: 25, Used: 1, Remaining: 24, NextAvailableAt: null },
        Slots: [
          {
            State: 'SPENT',
            StampedAt: expect.any(String),
            FreeAt: expect.any(String),
            KeyId: 'alias/samplestream-a',
            By: entry.Slots[0]?.RotationId,
            Trigger: { Source: 'manual' },
          },
        ],
      },
    });
    const next = await cli.run(['rotate', '--output', 'json']);
    expect(next.exitCode).toBe(0);
    expect(JSON.parse(next.stdout)).toMatchObject({
      Outcome: 'ROTATED',
      PreviousKeyId: 'alias/samplestream-a',
      KeyId: 'alias/samplestream-b',
      Quota: { Used: 2 },
    });
  });

  it('goes on to its end when its progress has no reader any more', async ({
    cli,
  }) => {
    const out = join(cli.home, 'outcome');
    const line = '"$0" "$1" rotate --output json 2>&1 >"$2" | head -n 1';
    await promisify(execFile)(
      'sh',
      ['-c', line, process.execPath, 'cli/main.ts', out],
      {
        env: {
          PATH: process.env.PATH,
          HOME: cli.home,
          LOCAL_DIR: cli.directory,
          LOCAL_UPDATE_SECONDS: '0.1',
        },
      },
    );

    expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({
      Outcome: 'ROTATED',
    });
  });

  it('may be interrupted before it has begun', async ({ cli }) => {
    const { kill, ended, said } = cli.start(['rotate', '--output', 'json']);
    await said('Using the embedded AWS of ');
    kill('SIGTERM');
    const { exitCode, stdout, stderr } = await ended;

    expect(exitCode).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({
      Status: 'FAILED',
      Error: 'ExecutionAborted',
      SlotsSpent: 0,
      Quota: { Used: 0 },
    });
    expect(stderr).not.toContain('StartEncryption');
    expect(await processesOf(cli.directory)).toEqual([]);
  });

  it('needs no rotations.yml where nothing is embedded, and says who is silent', async ({
    cli,
  }) => {
    const { exitCode, stdout, stderr } = await cli.run(
      ['rotate', '--stream-name', 'orders', '--key-id', 'alias/a'],
      { cwd: cli.home, env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' } },
    );

    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(
      /^ServiceUnavailable: Ledger table "kinesis-key-rotation-ledger": .*ECONNREFUSED 127\.0\.0\.1:1\n$/,
    );
  });

  it('of what does not exist fails and spends nothing', async ({ cli }) => {
    const rotate = async (...args: string[]) => {
      const { exitCode, stdout } = await cli.run([
        'rotate',
        ...args,
        '--output',
        'json',
      ]);
      return { exitCode, outcome: JSON.parse(stdout) };
    };
    const noStream = await rotate(
      '--stream-name',
      'nowhere',
      '--key-id',
      'alias/samplestream-a',
    );
    const noKey = await rotate(
      '--stream-name',
      'samplestream',
      '--key-id',
      'alias/nowhere',
    );

    expect(noStream).toMatchObject({
      exitCode: 1,
      outcome: {
        Status: 'FAILED',
        Error: 'ResourceNotFoundException',
        Cause: expect.stringContaining('StreamName "nowhere"'),
        SlotsSpent: 0,
      },
    });
    expect(noKey).toMatchObject({
      exitCode: 1,
      outcome: {
        Status: 'FAILED',
        Error: 'NotFoundException',
        Cause: expect.stringContaining('KeyId "alias/nowhere"'),
        Quota: { Used: 0 },
      },
    });
    const quota = await cli.run(['quota', '--stream-arn', STREAM_ARN]);
    expect(quota).toEqual({
      exitCode: 0,
      stderr: cli.announcement,
      stdout:
        'samplestream: 0 of 25 used in 24 hours, 25 remaining, next free now\n',
    });
  });
});

describe('a rotation', () => {
  it('is planned before it runs, and remembered after', async ({ cli }) => {
    const rotated = await cli.run(['rotate', '--output', 'json']);
    const outcome = JSON.parse(rotated.stdout);

    const history = await cli.run(['history', '--output', 'json']);
    expect(JSON.parse(history.stdout)).toEqual([outcome]);
    const [failed, older] = await Promise.all(
      [
        ['--status', 'FAILED'],
        ['--until', outcome.StartedAt.slice(0, 10)],
      ].map((flags) => cli.run(['history', ...flags])),
    );
    expect(failed?.stdout).toBe('No rotations\n');
    expect(older?.stdout).toBe('No rotations\n');
    const plan = await cli.run(['plan']);
    expect(plan).toMatchObject({ exitCode: 0, stderr: cli.announcement });
    expect(plan.stdout).toMatch(
      /^ROTATED samplestream: alias\/samplestream-a -> alias\/samplestream-b,/,
    );
    expect(plan.stdout).toMatch(/\nAfter {3}2 of 25 used/);
  });
});

describe('plan', () => {
  it('exits with 1 where the rotation would fail, and says why', async ({
    cli,
  }) => {
    const args = ['--stream-name', 'samplestream', '--key-id', 'alias/nowhere'];
    const { exitCode, stdout, stderr } = await cli.run(['plan', ...args]);

    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: cli.announcement,
    });
    expect(stdout).toMatch(
      /^FAILED NotFoundException samplestream: .*\nKeyId "alias\/nowhere"/,
    );
  });

  it('shows every stream of the file that --rotations names', async ({
    cli,
  }) => {
    const path = join(cli.home, 'fleet.yml');
    const stream = (name: string) => ({
      StreamName: name,
      KeyIds: [`alias/${name}-a`, `alias/${name}-b`],
    });
    await writeFile(
      path,
      stringify({ Streams: ['orders', 'ads'].map(stream) }),
    );
    const { exitCode, stdout } = await cli.run([
      'plan',
      '--all',
      '--rotations',
      path,
      '--query',
      '[].[StreamName, Expected, KeyId]',
      '--output',
      'text',
    ]);

    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'orders\tROTATED\talias/orders-a\nads\tROTATED\talias/ads-a\n',
    });
  });
});

describe('report', () => {
  it('writes the whole page, and nothing else', async ({ cli }) => {
    const file = join(cli.home, 'report.html');
    const written = await cli.run(['report', '--file', file]);
    const page = await readFile(file, 'utf8');
    const hash = sha256(page);
    expect(written).toEqual({
      exitCode: 0,
      stderr: `${cli.announcement}Reading 1 stream for the report\nReading 1 stream for their keys\nSHA-256 ${hash}, also in ${file}.sha256\n`,
      stdout: `${file}\n`,
    });
    expect(await readFile(`${file}.sha256`, 'utf8')).toBe(
      `${hash}  report.html\n`,
    );
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page).toContain('samplestream');
    expect(page.trimEnd()).toMatch(/<\/html>$/);
    expect((await readdir(cli.home)).toSorted()).toEqual([
      'local',
      'report.html',
      'report.html.sha256',
    ]);
  });

  it('writes JSON and CSV, and the hash of stdout on stderr', async ({
    cli,
  }) => {
    const as = (format: string) =>
      cli.run(['report', '--output', format, '--file', '-']);
    const json = await as('json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      SchemaVersion: 1,
      Stage: 'embedded AWS',
      Streams: [{ StreamName: 'samplestream', Condition: 'NOT_ENCRYPTED' }],
      Coverage: { Status: 'LISTED', Streams: 1, NotManaged: [] },
      Configuration: {
        RotationsFile: {
          Path: 'rotations.yml',
          Sha256: sha256(await readFile('rotations.yml')),
        },
        DeployedTemplate: { Status: 'NOT_DEPLOYED' },
      },
    });
    expect(json.stderr).toBe(
      `${cli.announcement}Reading 1 stream for the report\nReading 1 stream for their keys\nSHA-256 ${sha256(json.stdout)}\n`,
    );
    expect((await as('csv')).stdout).toMatch(/^StreamName,[^\n]*\r\n$/);
    expect(await readdir(cli.home)).toEqual(['local']);
  });

  it('names the file by its format, and writes no hash beside a device', async ({
    cli,
  }) => {
    const env = { INIT_CWD: cli.home };
    const { stdout } = await cli.run(['report', '--output', 'csv'], { env });
    expect(stdout).toBe(`${join(cli.home, 'kinesis-key-rotation.csv')}\n`);
    const device = await cli.run(['report', '--file', '/dev/null']);
    expect(device).toMatchObject({ exitCode: 0, stdout: '/dev/null\n' });
    expect(device.stderr).toMatch(/\nSHA-256 [0-9a-f]{64}\n$/);
  });

  it('says that it cannot write, and leaves nothing', async ({ cli }) => {
    const file = join(cli.home, 'nowhere', 'report.html');
    const { exitCode, stdout, stderr } = await cli.run([
      'report',
      '--file',
      file,
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(
      /\nReading 1 stream [^\n]*\n--file "[^\n]*cannot be written: ENOENT[^\n]*\n$/,
    );
  });
});

describe('complete', () => {
  it.for([
    [[''], ['rotate', 'plan', 'quota', 'history', 'local']],
    [['quota', '--stream-name', ''], ['samplestream']],
    [['rotate', '--key-id', ''], ['alias/samplestream-a']],
    [
      ['history', '--status', ''],
      ['FAILED', 'ROLLED_BACK'],
    ],
  ] as const)('completes %j', async ([words, offered], { cli }) => {
    const { exitCode, stdout } = await cli.run(['complete', '--', ...words]);

    expect(exitCode).toBe(0);
    const values = stdout.split('\n').map((line) => line.split('\t')[0]);
    expect(values).toEqual(expect.arrayContaining([...offered]));
    expect(existsSync(cli.directory)).toBe(false);
  });

  it.for(['bash', 'zsh', 'fish'])(
    'prints the script of %s',
    async (shell, { cli }) => {
      const { exitCode, stdout } = await cli.run(['complete', shell]);
      expect(exitCode).toBe(0);
      expect(stdout).toContain('kinesis-key-rotation complete --');
    },
  );
});

describe('quota', () => {
  it('shows all streams of rotations.yml when none is named', async ({
    cli,
  }) => {
    const { exitCode, stdout } = await cli.run(['quota']);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout:
        'Stream        Used     Remaining  Next free\nsamplestream  0 of 25  25         now\n',
    });
  });

  it('takes the output format and the literals of the AWS CLI', async ({
    cli,
  }) => {
    await mkdir(join(cli.home, '.aws'));
    await writeFile(
      join(cli.home, '.aws', 'config'),
      '[default]\noutput = json\n',
    );
    const byProfile = await cli.run(['quota']);
    expect(JSON.parse(byProfile.stdout)).toMatchObject([{ Slots: [] }]);
    const query = ['quota', '--query', '[?StreamName==`samplestream`].Quota'];
    const byVariable = await cli.run(query, {
      env: { AWS_DEFAULT_OUTPUT: 'text' },
    });
    expect(byVariable).toEqual({
      exitCode: 0,
      stderr: cli.announcement,
      stdout: '25\tNone\t25\t0\n',
    });
    const byFlag = await cli.run(['quota', '--output', 'yaml'], {
      env: { AWS_DEFAULT_OUTPUT: 'off' },
    });
    expect(byFlag.stdout).toMatch(/^- StreamName: samplestream\n/);
  });

  it.for([
    ['quota'],
    ['history'],
    ['report', '--file', '-'],
    ['plan', '--key-id', 'alias/samplestream-a'],
  ])('of an unknown stream is refused, as in %s', async (command, { cli }) => {
    const { exitCode, stdout, stderr } = await cli.run([
      ...command,
      '--stream-name',
      'nowhere',
    ]);

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(
      /\nInvalidRequest: StreamName "nowhere" is unknown to Kinesis[^\n]*rotations\.yml lists samplestream\n$/,
    );
  });
});

describe('local', () => {
  it('serves others until it receives a signal to end', async ({ cli }) => {
    const { kill, ended, said } = cli.start(['local', ...ANY_PORTS]);
    const exported = await said('export AWS_SECRET_ACCESS_KEY=local\n');
    const variables = exportedVariables(exported);
    const endpoint = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(variables).toEqual({
      AWS_ENDPOINT_URL_KINESIS: endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_ENDPOINT_URL_KMS: endpoint,
      AWS_ENDPOINT_URL_CLOUDWATCH: endpoint,
      AWS_ENDPOINT_URL_SFN: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    });
    const describeStream = () =>
      kinesisAt(variables.AWS_ENDPOINT_URL_KINESIS ?? '').send(
        new DescribeStreamSummaryCommand({ StreamName: 'samplestream' }),
      );
    expect(await describeStream()).toMatchObject({
      StreamDescriptionSummary: { StreamARN: STREAM_ARN },
    });

    kill('SIGTERM');
    const { exitCode, stdout, stderr } = await ended;
    expect(exitCode).toBe(143);
    expect(stdout).toBe(exported);
    expect(stderr).toBe(
      [
        'State machine arn:aws:states:us-east-1:000000000000:stateMachine:rotate-stream',
        'State machine arn:aws:states:us-east-1:000000000000:stateMachine:rotate-fleet',
        `The embedded AWS of ${cli.directory}/ is up with samplestream. Ctrl-C ends it.`,
        'SIGTERM: stopping',
        '',
      ].join('\n'),
    );
    expect(await processesOf(cli.directory)).toEqual([]);
    expect(existsSync(join(cli.directory, 'session.json'))).toBe(false);
  });

  it('exports no credentials to those who have some', async ({ cli }) => {
    const { kill, ended, said } = cli.start(['local', ...ANY_PORTS], {
      env: { AWS_ACCESS_KEY_ID: 'mine', AWS_SECRET_ACCESS_KEY: 'secret' },
    });
    await said('Ctrl-C ends it.\n');
    kill('SIGINT');
    const { exitCode, stdout } = await ended;

    expect(exitCode).toBe(130);
    expect(stdout).toContain('export AWS_ENDPOINT_URL_KMS=');
    expect(stdout).not.toMatch(/mine|secret|ACCESS_KEY/);
  });

  it.for([
    ['kinesis', 'KINESIS'],
    ['dynamodb', 'DYNAMODB'],
    ['kms', 'KMS'],
    ['cloudwatch', 'CLOUDWATCH'],
    ['sfn', 'SFN'],
  ])(
    'says that the port of %s is taken, and ends',
    async ([name, service], { cli }) => {
      const port = await takenPort();
      const { exitCode, stdout, stderr } = await cli.run([
        'local',
        ...ANY_PORTS,
        `--${name}-port`,
        String(port),
      ]);

      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).toBe(
        `PortInUseError: Port ${port} for ${service} is in use; give another one with --${name}-port\n`,
      );
    },
  );
});
