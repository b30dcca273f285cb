import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateStreamCommand,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import {
  ServiceError,
  startJsonService,
} from '../../../local/services/json-service.ts';
import { kinesisClient, kmsClient } from '../../../shared/lambda/clients.ts';
import { denied } from '../../support/cli/account.ts';
import {
  STAGE_MACHINES,
  startStage,
} from '../../support/cli/deployed-stage.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

/** Of a stream whose alias the test applied outside the ledger. */
const PRESUMED =
  ', which resolves to another key now; the ledger did not see it applied';

const undone: (() => void | Promise<void>)[] = [];
const atEnd = (undo: () => void | Promise<void>) => undone.unshift(undo);
const kinesis = () => kinesisClient();

let aws: LocalRotations;
let directory: string;
let rotations: string;
let env: Record<string, string>;
/** The key to leave, and its ID. */
let keyArn: string;
let keyId: string;
/** Of every StartExecution, the requests. */
let started: { StreamName: string }[][];

async function applyKey(StreamName: string, KeyId: string): Promise<void> {
  const client = kinesis();
  const EncryptionType = 'KMS';
  const start = { StreamName, EncryptionType, KeyId } as const;
  // It may still be CREATING or UPDATING.
  await vi.waitFor(
    () => client.send(new StartStreamEncryptionCommand(start)),
    5000,
  );
  client.destroy();
}

async function rotationsFile(name: string, Streams: object[]): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, JSON.stringify({ Streams }));
  return path;
}

beforeAll(async () => {
  aws = await openLocalRotations(0, 5);
  atEnd(() => aws.close());
  directory = await temporaryDirectory(atEnd);
  const kms = kmsClient();
  const { KeyMetadata } = await kms.send(
    new DescribeKeyCommand({ KeyId: 'alias/0-a' }),
  );
  keyArn = String(KeyMetadata?.Arn);
  keyId = String(KeyMetadata?.KeyId);
  await kms.send(
    new CreateAliasCommand({ AliasName: 'alias/same', TargetKeyId: keyId }),
  );
  kms.destroy();
  const client = kinesis();
  await client.send(
    new CreateStreamCommand({ StreamName: 'outside', ShardCount: 1 }),
  );
  client.destroy();
  await applyKey('stream-0', 'alias/0-a');
  await applyKey('stream-1', keyArn);
  await applyKey('stream-2', 'alias/2-a');
  await applyKey('stream-3', 'alias/same');
  await applyKey('stream-4', 'alias/lost');
  await applyKey('outside', keyId);
  rotations = await rotationsFile('rotations.yml', [
    { StreamName: 'stream-0', KeyIds: ['alias/0-a', 'alias/0-b'] },
    { StreamName: 'stream-1', KeyIds: ['alias/1-a', keyArn, 'alias/1-c'] },
    { StreamName: 'stream-2', KeyIds: ['alias/2-a', 'alias/0-a'] },
    { StreamName: 'stream-3', KeyIds: ['alias/0-a', 'alias/same'] },
    { StreamName: 'stream-4', KeyIds: ['alias/4-a', 'alias/4-b'] },
    { StreamName: 'gone', KeyIds: ['alias/4-a', 'alias/4-b'] },
  ]);
  env = await startStage(atEnd, (_, input) => {
    started.push(JSON.parse(input).Streams);
  });
});

afterAll(async () => {
  for (const undo of undone) await undo();
});

beforeEach(() => {
  started = [];
});

const away = (
  command: 'plan' | 'rotate',
  key: string,
  flags: string[],
  file = rotations,
) =>
  runInProcess(
    [command, '--rotations', file, '--all', '--away-from', key, ...flags],
    env,
  );

const PROD_STAGE = ['--stage', 'prod', '--yes', '--no-wait'];

/** Only streams of which each is known, and can move or need not. */
const simpleFile = () =>
  rotationsFile('simple.yml', [
    { StreamName: 'stream-0', KeyIds: ['alias/0-a', 'alias/0-b'] },
    { StreamName: 'stream-2', KeyIds: ['alias/2-a', 'alias/2-b'] },
  ]);

describe('plan --all --away-from', () => {
  it('sorts every stream of the account', async () => {
    const { exitCode, stdout } = await away('plan', 'alias/0-a', [
      '--stage',
      'prod',
      '--output',
      'json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      AwayFrom: { KeyId: 'alias/0-a', KeyArn: keyArn, KeyState: 'Enabled' },
      Moves: [
        { StreamName: 'stream-0', Expected: 'ROTATED', KeyId: 'alias/0-b' },
        { StreamName: 'stream-1', Expected: 'ROTATED', KeyId: 'alias/1-c' },
      ],
      NoOtherKey: [
        { StreamName: 'stream-3', Reason: 'its ring has no other key' },
      ],
      Unknown: [
        {
          StreamName: 'stream-4',
          Reason: expect.stringMatching(/alias\/lost/),
        },
      ],
      NotUnderIt: [
        { StreamName: 'stream-2', Reason: `is under alias/2-a${PRESUMED}` },
        { StreamName: 'gone', Reason: 'does not exist' },
      ],
      RingsWithIt: ['stream-0', 'stream-1', 'stream-2', 'stream-3'],
      NotManaged: [{ StreamName: 'outside', KeyId: keyId }],
      NotManagedUnknown: [],
    });
    expect(exitCode).toBe(1);
  });

  it('says in lines for people what is left to do', async () => {
    const { stdout } = await away('plan', 'alias/0-a', []);
    expect(stdout.split('\n').slice(0, 7)).toEqual([
      `Away from alias/0-a, ${keyArn}: Enabled`,
      'Moves: stream-0 to alias/0-b, stream-1 to alias/1-c',
      expect.stringMatching(
        /^Stays under it: stream-3, .* Add a key to its ring and deploy$/,
      ),
      expect.stringMatching(/^Unknown: stream-4: is under alias\/lost, which/),
      `Not under it: stream-2 (is under alias/2-a${PRESUMED}), gone (does not exist)`,
      expect.stringMatching(
        /^Warning: streams outside rotations\.yml .*: outside\. .*start-stream-encryption/,
      ),
      expect.stringMatching(
        /^Warning: the rings of stream-0, .* move the stream back\. Remove it from rotations\.yml and deploy$/,
      ),
    ]);
    expect(stdout).toMatch(
      /\n2 streams, 0 would fail.*Nothing was changed\.\n$/,
    );
  });

  it('is what rotate --dry-run shows', async () => {
    const { exitCode, stdout } = await away('rotate', 'alias/0-a', [
      '--dry-run',
      '--query',
      'Moves[].KeyId',
    ]);
    expect(JSON.parse(stdout)).toEqual(['alias/0-b', 'alias/1-c']);
    expect(exitCode).toBe(1);
  });

  it('knows the key in every form, and exits with 0 where all is known', async () => {
    const file = await simpleFile();
    const alias = keyArn.replace(`key/${keyId}`, 'alias/0-a');
    for (const form of ['alias/same', alias, keyArn, keyId]) {
      const { exitCode, stdout } = await away(
        'plan',
        form,
        ['--query', 'Moves[].StreamName'],
        file,
      );
      expect(JSON.parse(stdout)).toEqual(['stream-0']);
      expect(exitCode).toBe(0);
    }
  });

  it('leaves a key that is disabled, or pending deletion', async () => {
    const kms = kmsClient();
    onTestFinished(async () => {
      await kms.send(new CancelKeyDeletionCommand({ KeyId: keyId }));
      await kms.send(new EnableKeyCommand({ KeyId: keyId }));
      kms.destroy();
    });
    const file = await simpleFile();
    const query = ['--query', '[AwayFrom.KeyState, Moves[].Expected]'];
    await kms.send(new DisableKeyCommand({ KeyId: keyId }));
    const disabled = await away('plan', 'alias/0-a', query, file);
    expect(JSON.parse(disabled.stdout)).toEqual(['Disabled', ['ROTATED']]);
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    const pending = await away('plan', 'alias/0-a', query, file);
    expect(JSON.parse(pending.stdout)).toEqual([
      'PendingDeletion',
      ['ROTATED'],
    ]);
  });

  it('compares by the ARN that is given where KMS denies the key', async () => {
    const { endpoint, close } = await startJsonService(
      {
        name: 'KMS',
        target: 'TrentService',
        version: '1.1',
        operations: { DescribeKey: denied },
      },
      0,
    );
    onTestFinished(close);
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', endpoint);
    const { exitCode, stdout } = await away('plan', keyArn, [
      '--output',
      'json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      AwayFrom: { KeyArn: keyArn, KeyState: null },
      Moves: [],
      // Its KeyId is the ARN itself.
      NoOtherKey: [{ StreamName: 'stream-1' }],
      RingsWithIt: ['stream-1'],
    });
    expect(exitCode).toBe(1);
    const named = await away('plan', 'alias/0-a', []);
    expect(named).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it('says where the other streams of the account are unknown', async () => {
    const real = String(process.env.AWS_ENDPOINT_URL_KINESIS);
    const { endpoint, close } = await startJsonService(
      {
        name: 'Kinesis',
        target: 'Kinesis_20131202',
        version: '1.1',
        operations: {
          ListStreams: denied,
          DescribeStreamSummary: async (input) => {
            const answer = await fetch(real, {
              method: 'POST',
              headers: {
                'Content-Type': 'application/x-amz-json-1.1',
                'X-Amz-Target': 'Kinesis_20131202.DescribeStreamSummary',
                Authorization:
                  'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
                'X-Amz-Date': '20260101T000000Z',
              },
              body: JSON.stringify(input),
            });
            if (!answer.ok)
              throw new ServiceError('Broken', await answer.text());
            return (await answer.json()) as object;
          },
        },
      },
      0,
    );
    onTestFinished(close);
    vi.stubEnv('AWS_ENDPOINT_URL_KINESIS', endpoint);
    const file = await simpleFile();
    const { exitCode, stdout } = await away('plan', keyId, [], file);
    expect(stdout).toContain(
      '\nWarning: streams outside rotations.yml are unknown: AccessDeniedException: ann may not\n',
    );
    expect(exitCode).toBe(0);
  });

  it.each<[string, string[], RegExp]>([
    ['a stream alone', ['--away-from', 'alias/a'], /give --all too/],
    ['no key', ['--all', '--away-from', 'a b'], /"a b" is not a key id/],
    [
      'a key that KMS does not know',
      ['--all', '--away-from', 'alias/nowhere'],
      /"alias\/nowhere" is unknown to KMS in us-east-1/,
    ],
    [
      'a key of another Region',
      ['--all', '--away-from', 'arn:aws:kms:eu-west-1:000000000000:alias/a'],
      /is in Region eu-west-1, and the streams are in us-east-1/,
    ],
    [
      'a mode',
      ['--all', '--away-from', 'alias/0-a', '--mode', 'RESTORE'],
      /Mode "RESTORE" .*leave out one/,
    ],
    [
      'a time that keeps streams',
      [
        ...['--all', '--away-from', 'alias/0-a', '--cli-input-json'],
        '{"UnlessAppliedSince": "2026-01-01T00:00:00Z"}',
      ],
      /UnlessAppliedSince/,
    ],
    [
      'a state machine without a ledger',
      [
        '--all',
        '--away-from',
        'alias/a',
        '--state-machine-arn',
        STAGE_MACHINES.fleet,
      ],
      /give --stage instead/,
    ],
  ])('is refused with %s', async (_, flags, said) => {
    const { exitCode, stdout, stderr } = await runInProcess(
      ['rotate', '--rotations', rotations, ...flags],
      env,
    );
    expect({ exitCode, stdout, started }).toEqual({
      exitCode: 2,
      stdout: '',
      started: [],
    });
    expect(stderr).toMatch(/^(?:Reading .*\n)?InvalidRequest: /);
    expect(stderr).toMatch(said);
  });
});

describe('rotate --all --away-from', () => {
  it('starts the streams that move, and exits with 1 for those that stay', async () => {
    const { exitCode, stdout, stderr } = await away('rotate', 'alias/0-a', [
      ...PROD_STAGE,
      '--ticket',
      'SEC-1',
    ]);
    const Trigger = expect.objectContaining({ Ticket: 'SEC-1' });
    expect(started).toEqual([
      [
        { StreamName: 'stream-0', KeyId: 'alias/0-b', Trigger },
        { StreamName: 'stream-1', KeyId: 'alias/1-c', Trigger },
      ],
    ]);
    expect(stdout).toMatch(/^arn:aws:states:/);
    expect(stderr).toContain('\nStays under it: stream-3,');
    expect(stderr).toContain('\nUnknown: stream-4:');
    expect(exitCode).toBe(1);
  });

  it('exits with 0 where every stream is known and moves', async () => {
    const file = await simpleFile();
    const { exitCode } = await away('rotate', keyId, PROD_STAGE, file);
    expect(started).toEqual([
      [expect.objectContaining({ StreamName: 'stream-0' })],
    ]);
    expect(exitCode).toBe(0);
  });

  it('asks before it starts', async () => {
    const file = await simpleFile();
    const flags = ['--stage', 'prod', '--no-wait'];
    const { exitCode, stderr } = await away('rotate', keyId, flags, file);
    expect({ exitCode, started }).toEqual({ exitCode: 2, started: [] });
    expect(stderr).toContain('Moves: stream-0 to alias/0-b\n');
    expect(stderr).toMatch(/InvalidRequest: .* give --yes/);
  });

  it('starts nothing where no stream is under the key', async () => {
    const file = await simpleFile();
    for (const where of [PROD_STAGE, []]) {
      const { exitCode, stdout, stderr } = await away(
        'rotate',
        'alias/4-a',
        where,
        file,
      );
      expect({ exitCode, stdout, started }).toEqual({
        exitCode: 0,
        stdout: '',
        started: [],
      });
      expect(stderr).toContain('No stream of rotations.yml moves.\n');
      expect(stderr).toMatch(/Nothing was started\n$/);
    }
  });

  it('never moves a stream back that has moved since it was looked at', async () => {
    const file = await simpleFile();
    await away('rotate', keyId, PROD_STAGE, file);
    const [[request] = []] = started;
    // Between the look and the start, a schedule moves it: here to the same key.
    await applyKey('stream-0', 'alias/0-b');
    onTestFinished(() => applyKey('stream-0', 'alias/0-a'));
    const outcome = await aws.rotate(request);
    expect(outcome).toMatchObject({
      Outcome: 'UNCHANGED',
      KeyId: 'alias/0-b',
      Quota: { Used: 0 },
    });
  });

  it('moves them on the embedded AWS', async () => {
    const file = await simpleFile();
    const { exitCode, stdout, stderr } = await away(
      'rotate',
      keyArn,
      ['--query', 'Streams[].[StreamName, Outcome, KeyId]'],
      file,
    );
    expect(JSON.parse(stdout)).toEqual([['stream-0', 'ROTATED', 'alias/0-b']]);
    expect(stderr).toContain(
      `Not under it: stream-2 (is under alias/2-a${PRESUMED})\n`,
    );
    expect(exitCode).toBe(0);
  });
});
