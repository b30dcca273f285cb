import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateStreamCommand,
  IncreaseStreamRetentionPeriodCommand,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import {
  DescribeKeyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import { kinesisClient, kmsClient } from '../../../shared/lambda/clients.ts';
import { denied, startAccount } from '../../support/cli/account.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

const HOUR = 3_600_000;

let aws: LocalRotations;
let directory: string;
let rotations: string;
let former: string;

beforeAll(async () => {
  aws = await openLocalRotations(0, 2);
  for (const KeyId of ['alias/0-a', 'alias/0-b']) {
    await aws.rotate({ StreamName: 'stream-0', KeyId });
  }
  const kms = kmsClient();
  const { KeyMetadata } = await kms.send(
    new DescribeKeyCommand({ KeyId: 'alias/0-a' }),
  );
  former = String(KeyMetadata?.Arn);
  kms.destroy();
  directory = await mkdtemp(join(tmpdir(), 'keys-'));
  rotations = join(directory, 'rotations.yml');
  const Streams = [
    { StreamName: 'stream-0', KeyIds: ['alias/0-b', 'alias/0-c'] },
  ];
  await writeFile(rotations, JSON.stringify({ Streams }));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
  await aws.close();
});

const keys = (flags: string[] = [], env: Record<string, string> = {}) =>
  runInProcess(['keys', '--rotations', rotations, ...flags], env);

const documentOf = async (flags: string[] = [], env = {}) =>
  JSON.parse((await keys(['--output', 'json', ...flags], env)).stdout);

interface ShownKey {
  KeyIds: string[];
  Verdict: string;
  SafeToRetireFrom: string | null;
  Streams: { StreamName: string; LeftAt: string; NeededUntil: string }[];
}

function byKeyId(document: { Keys: ShownKey[] }, keyId: string): ShownKey {
  const key = document.Keys.find(({ KeyIds }) => KeyIds.includes(keyId));
  if (key === undefined) throw new Error(`${keyId} is not shown`);
  return key;
}

describe('keys', () => {
  it('says until when records need the former key, and nothing is written', async () => {
    const before = await documentOf();
    const document = await documentOf();
    expect(document).toEqual(before);
    const a = byKeyId(document, 'alias/0-a');
    expect(a).toMatchObject({
      KeyArn: former,
      Verdict: 'NEEDED',
      Unknown: [],
      KeyState: 'Enabled',
      DeletionDate: null,
      LastUsage: { Status: 'NOT_KNOWN' },
      NamedBy: [],
    });
    const [use] = a.Streams;
    const left = Date.parse(String(use?.LeftAt));
    expect(use?.NeededUntil).toBe(
      new Date(left + 24 * HOUR + 65_000).toISOString(),
    );
    expect(a.SafeToRetireFrom).toBe(use?.NeededUntil);
    expect(byKeyId(document, 'alias/0-b')).toMatchObject({
      Verdict: 'IN_USE',
      SafeToRetireFrom: null,
      NamedBy: ['stream-0'],
    });
    expect(document.Coverage).toMatchObject({
      Streams: 2,
      NotManaged: ['stream-1'],
      UnknownRings: [],
    });
  });

  it('looks at the retention of the stream as it is now', async () => {
    const kinesis = kinesisClient();
    onTestFinished(() => kinesis.destroy());
    await kinesis.send(
      new IncreaseStreamRetentionPeriodCommand({
        StreamName: 'stream-0',
        RetentionPeriodHours: 48,
      }),
    );
    const document = await documentOf();
    const a = byKeyId(document, 'alias/0-a');
    const [use] = a.Streams;
    expect(Date.parse(String(use?.NeededUntil))).toBe(
      Date.parse(String(use?.LeftAt)) + 48 * HOUR + 65_000,
    );
  });

  it('fits lines of 100 characters, and shows a needed key that is to be deleted', async () => {
    const kms = kmsClient();
    onTestFinished(() => kms.destroy());
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: former }));
    const { exitCode, stdout } = await keys();
    const [, id] = former.split('key/');
    expect(stdout).toContain(`alias/0-a (key/${id})\n  Needed until `);
    expect(stdout).toMatch(
      /\n {2}At risk: it has KeyState PendingDeletion: no record/,
    );
    expect(stdout).toContain(
      `    aws kms cancel-key-deletion --key-id ${former} --region us-east-1\n    aws kms enable-key --key-id ${former}`,
    );
    for (const line of stdout.split('\n')) {
      if (!line.includes('aws kms')) expect(line.length).toBeLessThan(101);
    }
    expect(exitCode).toBe(0);
  });

  it('offers nothing that records need, and says why', async () => {
    const { stdout } = await keys(['--safe-to-retire']);
    expect(stdout).toMatch(/^No key may be retired now\n/);
    expect(stdout).toMatch(
      /alias\/0-a .*: records under it are retained until/,
    );
    expect(stdout).toMatch(/alias\/0-b .*: stream-0 is, or may be, under it/);
  });

  it('does not know what a denied call would have shown', async () => {
    const env = await startAccount(
      { ListStreams: denied, DescribeStreamSummary: denied },
      { DescribeKey: denied, GetKeyLastUsage: denied },
      onTestFinished,
    );
    const document = await documentOf([], env);
    const a = byKeyId(document, 'alias/0-a');
    expect(a).toMatchObject({
      SafeToRetireFrom: null,
      KeyState: null,
      Refusal: expect.stringContaining('ann may not'),
      LastUsage: { Status: 'NOT_KNOWN' },
      Unknown: [
        expect.stringContaining('ListStreams: AccessDeniedException'),
        expect.stringContaining('stream-0: Kinesis did not describe it'),
      ],
    });
  });

  it('counts a stream that rotations.yml does not list', async () => {
    const kinesis = kinesisClient();
    onTestFinished(() => kinesis.destroy());
    await kinesis.send(
      new CreateStreamCommand({ StreamName: 'unlisted', ShardCount: 1 }),
    );
    // It may still be CREATING.
    await vi.waitFor(() =>
      kinesis.send(
        new StartStreamEncryptionCommand({
          StreamName: 'unlisted',
          EncryptionType: 'KMS',
          KeyId: former,
        }),
      ),
    );
    const document = await documentOf();
    expect(document.Coverage.NotManaged).toContain('unlisted');
    const names = (use: { StreamName: string }) => use.StreamName;
    const a = byKeyId(document, 'alias/0-a');
    expect(a.Verdict).toBe('IN_USE');
    expect(a.Streams.map(names)).toEqual(['stream-0', 'unlisted']);
  });
});
