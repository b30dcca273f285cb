import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateGrantCommand,
  DescribeKeyCommand,
  type KMSClient,
  PutKeyPolicyCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import type { AccessReport } from '../../../cli/access-check/access-report.ts';
import { withAccess } from '../../../cli/access-check/check-previews.ts';
import type { RotationPreview } from '../../../cli/preview/rotation-preview.ts';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import { kmsClient } from '../../../shared/lambda/clients.ts';
import {
  type AccessWorld,
  emptyWorld,
  startAccessServices,
} from '../../support/cli/access-services.ts';
import { atTerminal } from '../../support/cli/at-terminal.ts';
import { startStage } from '../../support/cli/deployed-stage.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/stream-0';
const FUNCTION = 'arn:aws:lambda:us-east-1:000000000000:function:reader';
const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;

const ROOT = {
  Sid: 'Iam',
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::000000000000:root' },
  Action: 'kms:*',
  Resource: '*',
};
const allows = (Sid: string, roleName: string, Action: string) => ({
  Sid,
  Effect: 'Allow',
  Principal: { AWS: role(roleName) },
  Action,
  Resource: '*',
});
/** An identity policy, as the docs of Kinesis have it. */
const identity = (Action: string, more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action,
      Resource: '*',
      Condition: {
        StringEquals: {
          'kms:ViaService': 'kinesis.us-east-1.amazonaws.com',
          'kms:EncryptionContext:aws:kinesis:arn': STREAM,
        },
      },
      ...more,
    },
  ],
});

const undone: (() => void | Promise<void>)[] = [];
const atEnd = (undo: () => void | Promise<void>) => undone.unshift(undo);

let aws: LocalRotations;
let kms: KMSClient;
let entry: RotationsStream;
let world: AccessWorld;
let calls: string[];
let env: Record<string, string>;
let rotations: string;
let started: string[];
/** ARNs of the keys of the ring: the stream is under the first. */
let keys: { old: string; next: string };

beforeAll(async () => {
  aws = await openLocalRotations(0, 2);
  atEnd(() => aws.close());
  kms = kmsClient();
  atEnd(() => kms.destroy());
  entry = aws.nextStream();
  const [KeyId, next] = entry.KeyIds;
  await aws.rotate({ StreamName: entry.StreamName, KeyId });
  keys = { old: await arnOf(KeyId), next: await arnOf(next) };
  rotations = join(await temporaryDirectory(atEnd), 'rotations.yml');
  const stage = await startStage(atEnd, (machine) => {
    started.push(machine);
  });
  world = emptyWorld();
  const services = await startAccessServices(world, atEnd);
  ({ calls } = services);
  env = { ...stage, ...services.variables };
});

afterAll(async () => {
  for (const undo of undone) await undo();
});

beforeEach(async () => {
  started = [];
  calls.length = 0;
  Object.assign(world, emptyWorld());
  await setPolicies([ROOT], [ROOT]);
  await list({});
});

async function arnOf(KeyId: string | undefined): Promise<string> {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  return String(KeyMetadata?.Arn);
}

async function setPolicies(old: object[], next: object[]): Promise<void> {
  for (const [KeyId, Statement] of [
    [keys.old, old],
    [keys.next, next],
  ] as const) {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
  }
}

/** Writes what rotations.yml says of the stream. */
const list = (settings: Partial<RotationsStream>) =>
  writeFile(
    rotations,
    JSON.stringify({
      Streams: [{ ...entry, ...settings }, otherStream()],
    }),
  );

const otherStream = () => ({
  StreamName: 'stream-1',
  KeyIds: ['alias/1-a', 'alias/1-b'],
});

const run = (args: string[], more: Record<string, string> = {}) =>
  runInProcess([...args, '--rotations', rotations], { ...env, ...more });

const STAGE = ['--stage', 'prod', '--stream-name', 'stream-0'];

async function access(): Promise<AccessReport> {
  const { stdout, stderr } = await run(['plan', ...STAGE, '--output', 'json']);
  expect(stderr).toBe('');
  return JSON.parse(stdout).Access;
}

describe('plan with --stage', () => {
  it('compares keys, and asks IAM about writers and readers', async () => {
    await list({ Writers: [role('writer')], Readers: [role('reader')] });
    world.roles[role('writer')] = { policies: [identity('kms:GenerateData*')] };
    world.roles[role('reader')] = { policies: [identity('kms:Decrypt')] };

    const report = await access();

    expect(report).toMatchObject({
      AccessCheck: 'WARN',
      OldKeyArn: keys.old,
      NewKeyArn: keys.next,
      Policy: { Status: 'OK', Reasons: [] },
      Grants: { Status: 'OK', Missing: [] },
    });
    expect(
      report.Principals.map(({ Status, Action, Covered }) => ({
        Status,
        Action,
        Covered,
      })),
    ).toEqual(
      ['kms:GenerateDataKey', 'kms:Decrypt'].map((Action) => ({
        Status: 'OK',
        Action,
        Covered: [
          "the new key's policy",
          'grants of the new key',
          'identity policies',
        ],
      })),
    );
    const { stdout } = await run(['plan', ...STAGE]);
    expect(stdout).toContain('ok: key policies, grants, 2 roles\n');
    expect(stdout).not.toContain('would lose');
  });

  it('names who loses what', async () => {
    await list({ Writers: [role('writer')] });
    world.roles[role('writer')] = { policies: [identity('kms:Decrypt')] };
    await setPolicies(
      [
        allows('Admins', 'admin', 'kms:Put*'),
        ROOT,
        allows('App', 'app', 'kms:Decrypt'),
      ],
      [ROOT],
    );
    const grant = new CreateGrantCommand({
      KeyId: keys.old,
      GranteePrincipal: role('granted'),
      Operations: ['Decrypt'],
    });
    const { GrantId } = await kms.send(grant);
    onTestFinished(async () => {
      await kms.send(new RevokeGrantCommand({ KeyId: keys.old, GrantId }));
    });

    const report = await access();

    expect(report.Policy).toMatchObject({
      Status: 'WOULD_LOSE',
      // That of the admins is not compared, and keeps its place.
      Reasons: [{ StatementId: 'App', StatementIndex: 2 }],
    });
    expect(report.Grants?.Missing).toEqual([
      { GranteePrincipal: role('granted'), Operations: ['Decrypt'] },
    ]);
    expect(report.Principals).toMatchObject([
      { RoleArn: role('writer'), Status: 'WOULD_LOSE' },
    ]);
    const { stdout, exitCode } = await run(['plan', ...STAGE]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /\nAccess {2}would lose: Writer arn:aws:iam::000000000000:role\/writer: its policies do not allow kms:GenerateDataKey/,
    );
    expect(stdout).toContain(
      'would lose: arn:aws:iam::000000000000:role/granted: its grant of Decrypt',
    );
  });

  it('finds functions and delivery streams that read it', async () => {
    world.mappings[STREAM] = [FUNCTION];
    world.functions[FUNCTION] = role('function');
    const source = (RoleARN: string, KinesisStreamARN = STREAM) => ({
      KinesisStreamARN,
      RoleARN,
    });
    Object.assign(world.deliveryStreams, {
      other: source(role('other'), `${STREAM}-2`),
      another: source(role('other'), `${STREAM}-3`),
      archive: source(role('archive')),
    });
    world.roles[role('function')] = { policies: [identity('kms:Decrypt')] };
    world.roles[role('archive')] = { policies: [] };

    const { Principals, NotChecked } = await access();

    expect(
      Principals.map(({ Role, RoleArn, Source, Status }) => [
        Role,
        RoleArn,
        Source,
        Status,
      ]),
    ).toEqual([
      ['Reader', role('function'), 'Lambda function reader', 'OK'],
      ['Reader', role('archive'), 'Firehose stream archive', 'WOULD_LOSE'],
    ]);
    expect(NotChecked).toContain(
      'writers: rotations.yml lists no Writers of the stream',
    );
  });

  it.each([
    [
      { allowedByOrganizations: false },
      'WOULD_LOSE',
      'service control policies',
    ],
    [{ allowedByOrganizations: true }, 'OK', 'service control policies'],
    [
      { boundary: identity('s3:GetObject') },
      'WOULD_LOSE',
      'permissions boundary',
    ],
  ])('says what its answer covers: %j', async (more, status, covered) => {
    await list({ Readers: [role('reader')] });
    world.roles[role('reader')] = {
      policies: [identity('kms:Decrypt')],
      ...more,
    };
    const [principal] = (await access()).Principals;
    expect(principal?.Status).toBe(status);
    expect(principal?.Covered).toContain(covered);
  });

  it('says what a check needs where AWS denies it, and never OK', async () => {
    await list({ Readers: [role('reader')] });
    world.roles[role('reader')] = { policies: [identity('kms:Decrypt')] };
    world.denied = [
      'iam:SimulatePrincipalPolicy',
      'access-analyzer:CheckNoNewAccess',
      'lambda:ListEventSourceMappings',
      'firehose:ListDeliveryStreams',
    ];

    const { Policy, Principals, NotChecked } = await access();

    expect(Policy).toMatchObject({
      Status: 'NOT_CHECKED',
      Why: 'needs access-analyzer:CheckNoNewAccess on *',
    });
    expect(Principals).toMatchObject([
      {
        Status: 'NOT_CHECKED',
        Why: `needs iam:SimulatePrincipalPolicy on ${role('reader')}`,
      },
    ]);
    expect(NotChecked).toEqual(
      expect.arrayContaining([
        'Lambda functions that read it: needs lambda:ListEventSourceMappings on *',
        'Firehose streams that read it: needs firehose:ListDeliveryStreams on *',
      ]),
    );
  });

  it('ends a check that AWS does not answer', async () => {
    world.silent = ['iam:SimulatePrincipalPolicy'];
    for (const [name, value] of Object.entries(env)) process.env[name] = value;
    onTestFinished(() => {
      for (const name of Object.keys(env)) delete process.env[name];
    });
    const preview: RotationPreview = {
      StreamName: 'stream-0',
      StreamARN: STREAM,
      Expected: 'ROTATED',
      Reason: '',
      KeyArn: keys.next,
      PreviousKeyArn: keys.old,
      PreviousKeyId: 'alias/0-a',
    };
    const listed = [{ ...entry, Readers: [role('reader')] }];
    const [checked] = await withAccess(
      [preview],
      {
        name: '',
        region: '',
        account: '',
        partition: 'aws',
        deployment: {} as never,
      },
      { rotations: async () => listed },
      { timeoutMs: 300 },
    );
    expect(checked?.Access?.NotChecked).toEqual(['it took more than 0.3 s']);
  });

  it('has nothing to say where the key stays', async () => {
    const [KeyId = ''] = entry.KeyIds;
    const { stdout } = await run([
      'plan',
      ...STAGE,
      '--key-id',
      KeyId,
      '--output',
      'json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ Expected: 'UNCHANGED' });
    expect(JSON.parse(stdout)).not.toHaveProperty('Access');
    expect(calls).toEqual([]);
  });

  it('says of a stream that is not encrypted that all need rights', async () => {
    const { stdout } = await run([
      'plan',
      '--stage',
      'prod',
      '--stream-name',
      'stream-1',
    ]);
    expect(stdout).toContain(
      'not checked: key policies and grants: the stream is not encrypted, so every writer and reader needs rights on the new key\n',
    );
    expect(calls).not.toContain('access-analyzer:CheckNoNewAccess');
  });

  it('asks no IAM of AWS about an emulator', async () => {
    const { stdout } = await run(['plan', ...STAGE], {
      AWS_ENDPOINT_URL_IAM: '',
    });
    expect(stdout).toContain(
      'not checked: AWS_ENDPOINT_URL_KMS is set, and AWS_ENDPOINT_URL_IAM is not\n',
    );
    expect(calls).toEqual([]);
  });

  it('shows all streams, a line for each reason', async () => {
    await list({ Writers: [role('writer')] });
    world.roles[role('writer')] = { policies: [] };
    const { stdout } = await run(['plan', '--stage', 'prod', '--all']);
    expect(stdout).toMatch(
      /\nAccess would lose: stream-0: Writer arn:aws:iam::000000000000:role\/writer: [^\n]*\n/,
    );
    // Once for the account, and not for each stream.
    const lists = calls.filter((each) => each.endsWith('ListDeliveryStreams'));
    expect(lists).toHaveLength(1);
    const maps = calls.filter((each) => each.endsWith('EventSourceMappings'));
    expect(maps).toHaveLength(2);
  });
});

describe('rotate with --stage', () => {
  const LOSS = { Writers: [role('writer')] };

  beforeEach(() => {
    world.roles[role('writer')] = { policies: [] };
  });

  it('warns of what would be lost, and starts', async () => {
    await list(LOSS);
    const { stderr } = await run(['rotate', ...STAGE, '--no-wait']);
    expect(stderr).toMatch(
      /^Access would lose: stream-0: Writer [^\n]*\n(Access not checked [^\n]*\n)?Started /,
    );
    expect(started).toHaveLength(1);
  });

  it.each([
    ['a named stream', STAGE],
    ['--all', ['--stage', 'prod', '--all', '--yes']],
  ])('refuses with AccessCheck FAIL: %s', async (_, flags) => {
    await list({ ...LOSS, AccessCheck: 'FAIL' });
    const { exitCode, stdout, stderr } = await run([
      'rotate',
      ...flags,
      '--no-wait',
    ]);
    expect({ exitCode, stdout, started }).toEqual({
      exitCode: 1,
      stdout: '',
      started: [],
    });
    expect(stderr).toMatch(
      /\nNothing was started, since AccessCheck is FAIL: stream-0 \(Writer [^\n]* do not allow kms:GenerateDataKey/,
    );
    const plan = await run(['plan', ...flags.filter((f) => f !== '--yes')]);
    expect(plan.exitCode).toBe(1);
    expect(plan.stdout).toMatch(/rotate refuses/);
  });

  it('refuses before the question', async () => {
    await list({ ...LOSS, AccessCheck: 'FAIL' });
    const { exitCode, stderr } = await atTerminal('y\n', () =>
      run(['rotate', '--stage', 'prod']),
    );
    expect({ exitCode, started }).toEqual({ exitCode: 1, started: [] });
    expect(stderr).toContain('Access would lose: stream-0');
    expect(stderr).not.toContain('(y/N)');
  });

  it('refuses where a listed role cannot be checked', async () => {
    await list({ ...LOSS, AccessCheck: 'FAIL' });
    world.denied = ['iam:SimulatePrincipalPolicy'];
    const { exitCode, stderr } = await run(['rotate', ...STAGE, '--no-wait']);
    expect({ exitCode, started }).toEqual({ exitCode: 1, started: [] });
    expect(stderr).toContain('not checked: needs iam:SimulatePrincipalPolicy');
  });

  it('starts with --access-check WARN in the place of FAIL', async () => {
    await list({ ...LOSS, AccessCheck: 'FAIL' });
    const flags = [...STAGE, '--no-wait', '--access-check', 'WARN'];
    await run(['rotate', ...flags]);
    expect(started).toHaveLength(1);
  });

  it('looks at nothing with AccessCheck OFF', async () => {
    await list({ ...LOSS, AccessCheck: 'OFF' });
    const { stderr } = await run(['rotate', ...STAGE, '--no-wait']);
    expect(stderr).toMatch(/^Started /);
    expect(calls).toEqual([]);
    const { stdout } = await run(['plan', ...STAGE]);
    expect(stdout).not.toContain('Access');
  });

  it('says that a state machine alone allows no check', async () => {
    const flags = (check: string) => [
      '--state-machine-arn',
      'arn:aws:states:us-east-1:000000000000:stateMachine:rotate-stream',
      '--stream-name',
      'stream-0',
      '--no-wait',
      '--access-check',
      check,
    ];
    const { stderr } = await run(['rotate', ...flags('WARN')]);
    expect(stderr).toMatch(/^Access not checked: --state-machine-arn names/);
    expect(started).toHaveLength(1);
    const strict = await run(['rotate', ...flags('FAIL')]);
    expect(strict.exitCode).toBe(3);
    expect(started).toHaveLength(1);
  });
});

describe('on the embedded AWS', () => {
  it('says in one line that it has no IAM, and calls nothing else', async () => {
    const { stdout } = await runInProcess(
      ['plan', '--rotations', rotations],
      {},
    );
    const lines = stdout.split('\n').filter((line) => /Access/.test(line));
    expect(lines).toEqual([
      'Access  not checked: the embedded AWS has no IAM policies',
    ]);
    expect(calls).toEqual([]);
  });

  it('refuses a start where an IAM is set and a writer would lose', async () => {
    await list({ Writers: [role('writer')], AccessCheck: 'FAIL' });
    world.roles[role('writer')] = { policies: [] };
    const { exitCode, stdout, stderr } = await run([
      'rotate',
      '--stream-name',
      'stream-0',
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('Nothing was started, since AccessCheck is FAIL');
    expect(stderr).not.toContain('ReserveQuota');
  });
});
