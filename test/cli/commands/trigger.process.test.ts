import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { KeyStore } from '../../../local/services/key-store.ts';
import { CHILD_NODE } from '../../support/cli/child-node.ts';
import {
  ENDLESS_UPDATE,
  it,
  processesOf,
} from '../../support/cli/command-line.ts';
import { type Packaged, packaged } from '../../support/stack/packaged.ts';

const EVENTS = join('examples', 'events');
const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/samplestream';
const KEY_IDS = ['alias/samplestream-a', 'alias/samplestream-b'];
const STACK = 'kinesis-key-rotation-dev';
const TEMPLATE = 'template.json';

let deployed: Packaged;

beforeAll(async () => {
  deployed = await packaged();
  expect(deployed.exitCode, deployed.output).toBe(0);
  // Whoever edits the stack while the tests run gets no warnings into them.
  const later = new Date(Date.now() + 3_600_000);
  await utimes(join(deployed.directory, TEMPLATE), later, later);
}, 120_000);

afterAll(() => deployed.remove());

const sample = (name: string) => join(EVENTS, `${name}.json`);
const readSample = async (name: string) =>
  JSON.parse(await readFile(sample(name), 'utf8'));
const trigger = (name: string, ...args: string[]) => [
  'trigger',
  '--event',
  sample(name),
  '--output',
  'json',
  ...args,
];
const packageDir = () => ({ env: { PACKAGE_DIR: deployed.directory } });

/** A template of these resources in a folder, as if it had been packaged. */
async function writeTemplate(folder: string, Resources: object) {
  await writeFile(join(folder, TEMPLATE), JSON.stringify({ Resources }));
  return { env: { PACKAGE_DIR: folder } };
}

/** A rule that takes every event of ours. */
const ruleTo = (Arn: object) => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    EventPattern: { source: ['kinesis-key-rotation'] },
    Targets: [{ Arn }],
  },
});

const restored = (AlarmName: string, Mode = 'RESTORE', rule = 'alarm') => ({
  Rule: `${STACK}-${rule}-samplestream`,
  Request: {
    StreamName: 'samplestream',
    KeyIds: KEY_IDS,
    OnQuotaExhausted: 'WAIT',
    Mode,
    Trigger: {
      Source: 'alarm',
      Event: { source: 'aws.cloudwatch', detail: { alarmName: AlarmName } },
    },
  },
  Outcome: {
    Status: 'SUCCEEDED',
    Outcome: 'ROTATED',
    StreamARN,
    KeyId: 'alias/samplestream-a',
    PreviousKeyId: null,
    Trigger: {
      Source: 'alarm',
      AlarmName,
      Reason: expect.stringMatching(/transition|transitioned/),
      Time: expect.stringMatching(/^2026-01-12T.*\+0000$/),
    },
  },
});

const settled = (name: string) => ({
  Rule: `${STACK}-settle`,
  Request: { source: 'aws.states' },
  Outcome: {
    Status: 'FAILED',
    Error: name,
    StreamARN,
    SlotsSpent: 0,
    Quota: { Used: 0 },
  },
});

/** Each sample event that something takes, with what comes of it. */
const TAKEN: [string, number, object][] = [
  ['drift-alarm', 0, restored(`${STACK}-drift-samplestream`)],
  ['math-alarm', 0, restored('samplestream-kms-errors', 'REVERT', 'revert')],
  ['composite-alarm', 0, restored('samplestream-compliance')],
  [
    'schedule',
    0,
    {
      Rule: 'rotate-samplestream',
      Request: {
        StreamName: 'samplestream',
        KeyIds: KEY_IDS,
        Mode: 'ROTATE',
        UnlessAppliedSince: '2026-01-12T03:00:00Z',
        Trigger: {
          Source: 'schedule',
          ScheduleArn: `arn:aws:scheduler:us-east-1:000000000000:schedule/${STACK}/rotate-samplestream`,
          ScheduledTime: '2026-01-12T03:00:00Z',
        },
      },
      Outcome: { Status: 'SUCCEEDED', Outcome: 'ROTATED' },
    },
  ],
  [
    'drift-sweep',
    0,
    {
      Rule: 'sweep-drift',
      Request: {
        ScheduledTime: '2026-01-12T10:05:00Z',
        Streams: [{ StreamName: 'samplestream', KeyIds: KEY_IDS }],
      },
      Outcome: {
        Status: 'SUCCEEDED',
        Streams: [{ StreamName: 'samplestream', Drift: 1 }],
      },
    },
  ],
  ['execution-aborted', 1, settled('ExecutionAborted')],
  ['execution-timed-out', 1, settled('Timeout')],
  ['execution-failed', 1, settled('UnusableKey')],
  [
    'rotation-failed',
    0,
    {
      Rule: `${STACK}-notify`,
      Request: { detail: { Status: 'FAILED' } },
      Outcome: {
        Status: 'SUCCEEDED',
        TopicArns: [],
        Message: {
          Subject: 'samplestream (local): rotation FAILED, UnusableKey',
          Chat: { version: '1.0', source: 'custom' },
        },
      },
    },
  ],
  [
    'rotation-succeeded',
    0,
    {
      Outcome: {
        Message: { Subject: 'samplestream (local): rotation ROTATED' },
      },
    },
  ],
  [
    'start-stream-encryption',
    0,
    {
      0: {
        Rule: `${STACK}-record-external-start`,
        Request: { detail: { eventName: 'StartStreamEncryption' } },
        // More than a day ago: AWS counts it no more.
        Outcome: { Status: 'SUCCEEDED', Outcome: 'TOO_OLD', StreamARN },
      },
      // Its key is in the ring.
      1: { Outcome: { Status: 'SUCCEEDED', Streams: [] } },
    },
  ],
  [
    'stop-stream-encryption',
    0,
    {
      0: { Outcome: { Status: 'SUCCEEDED', Outcome: 'TOO_OLD', StreamARN } },
      1: {
        Outcome: {
          Status: 'SUCCEEDED',
          Streams: [{ StreamName: 'samplestream' }],
        },
      },
    },
  ],
  [
    'kms-disable-key',
    0,
    {
      Rule: `${STACK}-key-state`,
      Outcome: { Streams: [{ StreamName: 'samplestream', Drift: 1 }] },
    },
  ],
  [
    'kms-key-deletion',
    0,
    {
      Rule: `${STACK}-key-state`,
      // The ledger knows no key of the stream yet, so it may be this one.
      Outcome: { Streams: [{ StreamName: 'samplestream' }] },
    },
  ],
  [
    'key-at-risk',
    0,
    {
      Rule: `${STACK}-notify-risk`,
      Outcome: {
        Message: {
          Subject: 'samplestream (local): needed key at risk, PendingDeletion',
        },
      },
    },
  ],
];

const REFUSED: [string, string][] = [
  [
    'drift-alarm-ok',
    'source "aws.cloudwatch", detail-type "CloudWatch Alarm State Change": kinesis-key-rotation-dev-alarm-samplestream wants detail.state.value "ALARM", which is "OK"',
  ],
  ['execution-succeeded', 'detail.status'],
  [
    'start-stream-encryption-failed',
    'detail.errorCode {"exists":false}, which is "LimitExceededException"',
  ],
];

describe.concurrent('trigger', () => {
  it.for(TAKEN)(
    'runs what takes %s',
    async ([name, code, document], { cli }) => {
      const { exitCode, stdout, stderr } = await cli.run(
        trigger(name),
        packageDir(),
      );

      const printed = JSON.parse(stdout);
      expect(printed).toMatchObject(document);
      for (const one of [printed].flat()) {
        expect(Object.keys(one)).toEqual(['Rule', 'Request', 'Outcome']);
      }
      expect(exitCode).toBe(code);
      expect(stderr).toMatch(/^Using the embedded AWS of \S+\n.* starts \w+\n/);
      expect(stderr).not.toContain('Warning');
      expect(await processesOf(cli.directory)).toEqual([]);
    },
  );

  it('says what subscribers of a topic would get, and starts nothing', async ({
    cli,
  }) => {
    const event = await readSample('rotation-failed');
    const how = await writeTemplate(cli.home, {
      Topic: { Type: 'AWS::SNS::Topic' },
      Rule: ruleTo({ Ref: 'Topic' }),
    });
    const json = await cli.run(trigger('rotation-failed'), how);
    const text = await cli.run(
      ['trigger', '--event', sample('rotation-failed')],
      how,
    );

    expect(json.exitCode).toBe(0);
    expect(JSON.parse(json.stdout)).toEqual({
      Rule: 'Rule',
      Request: event,
      Outcome: { Status: 'SUCCEEDED', Message: event },
    });
    expect(text.stdout).toMatch(
      /^Rule .* -> Topic\nMessage .*\nSubscribers would get this message; nothing runs here\.\n$/,
    );
    expect(existsSync(cli.directory)).toBe(false);
  });

  it.for(REFUSED)(
    'says in one line why nothing takes %s',
    async ([name, words], { cli }) => {
      const { exitCode, stdout, stderr } = await cli.run(
        trigger(name),
        packageDir(),
      );

      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toMatch(/^Nothing matches source [^\n]+\n$/);
      expect(stderr).toContain(words);
      expect(existsSync(cli.directory)).toBe(false);
    },
  );

  it('spends nothing on an alarm that flaps', async ({ cli }) => {
    await cli.run(trigger('drift-alarm'), packageDir());
    for (const name of ['drift-alarm', 'composite-alarm']) {
      const { exitCode, stdout } = await cli.run(trigger(name), packageDir());

      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout).Outcome).toMatchObject({
        Outcome: 'UNCHANGED',
        Quota: { Used: 1 },
      });
    }
  });

  it('of refused producers returns the stream to the key before, once', async ({
    cli,
  }) => {
    for (const key of KEY_IDS) {
      const { exitCode } = await cli.run([
        'rotate',
        '--stream-name',
        'samplestream',
        '--key-id',
        key,
      ]);
      expect(exitCode).toBe(0);
    }
    const [first, second] = KEY_IDS;
    const revert = async () => {
      const { exitCode, stdout } = await cli.run(
        trigger('math-alarm'),
        packageDir(),
      );
      expect(exitCode).toBe(0);
      return JSON.parse(stdout).Outcome;
    };
    expect(await revert()).toMatchObject({
      Outcome: 'ROTATED',
      PreviousKeyId: second,
      KeyId: first,
      Verification: { EncryptionType: 'KMS' },
      Quota: { Used: 3 },
    });
    expect(await revert()).toMatchObject({
      Outcome: 'UNCHANGED',
      KeyId: first,
      Warning: expect.stringContaining('a return is not reverted'),
      Quota: { Used: 3 },
    });
    const history = await cli.run(['history']);
    expect(history.stdout).toMatch(
      /WARNING UNCHANGED .*\n {2}Why +The stream/s,
    );
  });

  it('of a schedule applies a repointed alias again, and nothing else', async ({
    cli,
  }) => {
    const alias = 'alias/samplestream-a';
    const ring = await packaged(
      `Streams: [{StreamName: samplestream, KeyIds: [${alias}], Schedule: rate(90 days)}]`,
    );
    try {
      expect(ring.exitCode, ring.output).toBe(0);
      const event = await readSample('schedule');
      const file = join(cli.home, 'event.json');
      const rotate = async (hours: number) => {
        const time = new Date(Date.now() + hours * 3_600_000).toISOString();
        await writeFile(file, JSON.stringify({ ...event, time }));
        const { exitCode, stdout } = await cli.run(
          ['trigger', '--event', file, '--output', 'json'],
          {
            env: {
              PACKAGE_DIR: ring.directory,
              // Until it is seen UPDATING, an alias that reads the same proves nothing.
              LOCAL_UPDATE_SECONDS: '2',
            },
          },
        );
        expect(exitCode).toBe(0);
        return JSON.parse(stdout);
      };
      const first = await rotate(0);
      expect(first).toMatchObject({
        Request: { KeyIds: [alias], Mode: 'ROTATE' },
        Outcome: { Outcome: 'ROTATED', KeyId: alias, Quota: { Used: 1 } },
      });
      expect((await rotate(1)).Outcome).toMatchObject({
        Outcome: 'UNCHANGED',
        Quota: { Used: 1 },
      });

      const keys = new KeyStore(
        join(cli.directory, 'kms.json'),
        'us-east-1',
        '000000000000',
      );
      const { Arn } = keys.create({});
      keys.setAlias(alias, Arn);
      expect((await rotate(2)).Outcome).toMatchObject({
        Outcome: 'ROTATED',
        KeyId: alias,
        KeyArn: Arn,
        RepointedFrom: first.Outcome.KeyArn,
        Quota: { Used: 2 },
      });
    } finally {
      await ring.remove();
    }
  });

  it('records a Start of now once, however often it is reported', async ({
    cli,
  }) => {
    const recordExternalStart = async () => {
      const args = trigger('start-stream-encryption', '--now');
      const { stdout } = await cli.run(args, packageDir());
      const [recorded] = JSON.parse(stdout);
      return recorded;
    };
    const since = Date.now() - 1000;
    const first = await recordExternalStart();
    const second = await recordExternalStart();

    const { time, detail } = first.Request;
    expect(Date.parse(time)).toBeGreaterThanOrEqual(since);
    expect(detail.eventTime).toBe(time);
    expect([first, second].map(({ Outcome }) => Outcome)).toMatchObject([
      { Outcome: 'RECORDED', Quota: { Used: 1 } },
      { Outcome: 'KNOWN', Quota: { Used: 1 } },
    ]);
  });

  it('fails as the function does', async ({ cli }) => {
    const event = await readSample('start-stream-encryption');
    event.detail.requestParameters = null;
    const file = join(cli.home, 'event.json');
    await writeFile(file, JSON.stringify(event));
    const run = (output: string) =>
      cli.run(['trigger', '--event', file, '--output', output], packageDir());
    const json = await run('json');
    const text = await run('text');

    expect([json.exitCode, text.exitCode]).toEqual([1, 1]);
    expect(JSON.parse(json.stdout)[0].Outcome).toEqual({
      Status: 'FAILED',
      Error: 'InvalidRequest',
      Cause: expect.stringContaining('requestParameters'),
    });
    expect(text.stdout).toContain('\nFAILED InvalidRequest\n');
  });

  it.for<[string, RegExp]>([
    [
      'drift-sweep',
      /^Rule {4}sweep-drift -> SweepDriftLambdaFunction\nRequest \{"ScheduledTime":.*\nStatus: SUCCEEDED\nStreams:\n {2}- StreamName: samplestream\n/,
    ],
    [
      'execution-aborted',
      /^Rule .* -> SettleFailureLambdaFunction\nRequest the event as it is\nFAILED ExecutionAborted\n/,
    ],
    [
      'rotation-failed',
      /^Rule .* -> PublishOutcomeLambdaFunction\nRequest the event as it is\nStatus: SUCCEEDED\nTopicArns: \[\]\nMessage:\n {2}Subject: .*\n {2}Email: \|\n {4}samplestream \(local\): rotation FAILED, UnusableKey\n/,
    ],
  ])('notifies subscribers of %s', async ([name, words], { cli }) => {
    const { stdout } = await cli.run(
      ['trigger', '--event', sample(name)],
      packageDir(),
    );

    expect(stdout).toMatch(words);
  });

  it('prints nothing of an event that a terminal would obey', async ({
    cli,
  }) => {
    const event = await readSample('execution-aborted');
    const obeyed = '\u001b[2J\u009b31m\u202e';
    event.detail.cause = `Stopped${obeyed}\nROTATED orders`;
    event.detail.input = JSON.stringify({
      ...JSON.parse(event.detail.input),
      Trigger: { Source: 'manual', Note: obeyed },
    });
    const file = join(cli.home, 'event.json');
    await writeFile(file, JSON.stringify(event));
    for (const output of ['text', 'json']) {
      const { stdout, stderr } = await cli.run(
        ['trigger', '--event', file, '--output', output],
        packageDir(),
      );

      expect(stdout).toContain('Stopped\\');
      expect(stdout + stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
      expect(stdout).not.toMatch(/^ROTATED/m);
    }
  });

  it('prints a list when several rules take an event, and fails if one does', async ({
    cli,
  }) => {
    const Topic = { Type: 'AWS::SNS::Topic' };
    const Settle = { Type: 'AWS::Lambda::Function' };
    const how = await writeTemplate(cli.home, {
      Topic,
      SettleFailureLambdaFunction: Settle,
      First: ruleTo({ Ref: 'Topic' }),
      Second: ruleTo({ 'Fn::GetAtt': ['SettleFailureLambdaFunction', 'Arn'] }),
    });
    const { exitCode, stdout } = await cli.run(
      trigger('rotation-succeeded'),
      how,
    );

    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { Rule: 'First', Outcome: { Status: 'SUCCEEDED' } },
      { Rule: 'Second', Outcome: { Status: 'FAILED' } },
    ]);
  });

  it('reads stdin, and files beside which npm was called', async ({ cli }) => {
    const path = resolve(sample('rotation-failed'));
    const shell = promisify(execFile)(
      'sh',
      ['-c', '"$0" cli/main.ts trigger --event - --output json <"$1"'].concat(
        process.execPath,
        path,
      ),
      {
        env: {
          PATH: process.env.PATH,
          ...CHILD_NODE,
          ...packageDir().env,
        },
      },
    );
    const beside = cli.run(
      ['trigger', '--event', basename(path), '--output', 'json'],
      { env: { ...packageDir().env, INIT_CWD: dirname(path) } },
    );
    const [fromStdin, fromFile] = await Promise.all([shell, beside]);

    expect(JSON.parse(fromStdin.stdout)).toMatchObject({
      Rule: `${STACK}-notify`,
    });
    expect(fromFile.stdout).toBe(fromStdin.stdout);
  });

  it('is settled by Ctrl-C', async ({ cli }) => {
    const how = { env: { ...packageDir().env, ...ENDLESS_UPDATE } };
    const { kill, ended, said } = cli.start(trigger('schedule'), how);
    await said('WaitForUpdate');
    kill('SIGINT');
    const { exitCode, stdout, stderr } = await ended;

    expect(exitCode).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({
      Rule: 'rotate-samplestream',
      Outcome: { Status: 'FAILED', Error: 'ExecutionAborted', SlotsSpent: 1 },
    });
    expect(stderr).toContain('SIGINT: stopping');
    expect(await processesOf(cli.directory)).toEqual([]);
  });

  it('starts no function after Ctrl-C', async ({ cli }) => {
    const { kill, ended, said } = cli.start(
      trigger('drift-sweep'),
      packageDir(),
    );
    await said('Using the embedded AWS of ');
    kill('SIGINT');
    const { exitCode, stdout, stderr } = await ended;

    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect(stderr).toContain('SIGINT: nothing was started');
  });

  it('says that the template is older than what it is made of', async ({
    cli,
  }) => {
    const how = await writeTemplate(cli.home, {
      Topic: { Type: 'AWS::SNS::Topic' },
      Rule: ruleTo({ Ref: 'Topic' }),
    });
    const run = () => cli.run(trigger('rotation-failed'), how);
    const path = join(cli.home, TEMPLATE);
    await utimes(path, 1, 1);
    const before = await run();
    const later = new Date(Date.now() + 60_000);
    await utimes(path, later, later);
    const after = await run();

    expect(before.stderr).toBe(
      `Warning: ${path} is older than rotations.yml; npx kinesis-key-rotation package writes it again\n`,
    );
    expect(after).toMatchObject({ exitCode: 0, stderr: '' });
    expect(before.stdout).toBe(after.stdout);
  });
});

describe.concurrent('trigger refuses', () => {
  const EVENT = {
    source: 'aws.ec2',
    'detail-type': 'Other',
    account: '123456789012',
    region: 'us-east-1',
  };

  it.for<[string, string, string]>([
    ['what is no JSON', '{\n"source": aws}', 'is not JSON'],
    ['an empty file', '', 'is not JSON'],
    ['a list', '[]', 'is not a JSON object'],
    ['null', 'null', 'is not a JSON object'],
    ['an event without a source', '{"detail-type": "Other"}', 'has no source'],
    [
      'an event without a detail-type',
      '{"source": "aws.ec2"}',
      'has no detail-type',
    ],
    [
      'an event without an account',
      JSON.stringify({ ...EVENT, account: undefined }),
      'has no account',
    ],
    [
      'an event whose region is no text',
      JSON.stringify({ ...EVENT, region: 5 }),
      'region 5 is not a string',
    ],
  ])('%s', async ([, text, words], { cli }) => {
    const file = join(cli.home, 'event.json');
    await writeFile(file, text);
    const { exitCode, stdout, stderr } = await cli.run(
      ['trigger', '--event', file],
      packageDir(),
    );

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^InvalidRequest: --event "[^\n]+\n$/);
    expect(stderr).toContain(file);
    expect(stderr).toContain(words);
    expect(existsSync(cli.directory)).toBe(false);
  });

  it.for<[string, string[], string]>([
    ['no event', [], '--event'],
    ['a file that is not there', ['--event', 'no-such.json'], 'ENOENT'],
    ['an unknown output', ['--event', '-', '--output', 'xml'], 'xml'],
  ])('%s', async ([, args, words], { cli }) => {
    const { exitCode, stdout, stderr } = await cli.run(
      ['trigger', ...args],
      packageDir(),
    );

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(words);
  });

  it('to go on without a packaged template', async ({ cli }) => {
    const path = join(cli.home, '.serverless', TEMPLATE);
    for (const env of [{}, { PACKAGE_DIR: join(cli.home, '.serverless') }]) {
      const { exitCode, stdout, stderr } = await cli.run(
        ['trigger', '--event', resolve(sample('drift-alarm'))],
        { cwd: cli.home, env },
      );

      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(
        /^TemplateError: [^\n]+ does not exist; run npx kinesis-key-rotation package[^\n]*\n$/,
      );
      expect(stderr).toContain(env.PACKAGE_DIR ? path : `.serverless/`);
    }
  });

  it.for<[string, object, string]>([
    [
      'a target that cannot run here',
      {
        Target: { Type: 'AWS::SQS::Queue' },
        Rule: ruleTo({ 'Fn::GetAtt': ['Target', 'Arn'] }),
      },
      'Rule: its target Target is a AWS::SQS::Queue',
    ],
    [
      'a pattern that it does not know',
      {
        Rule: {
          Type: 'AWS::Events::Rule',
          Properties: { EventPattern: { source: [{ cidr: '10.0.0.0/8' }] } },
        },
      },
      'the operator "cidr" is not known here',
    ],
  ])('%s', async ([, resources, words], { cli }) => {
    const how = await writeTemplate(cli.home, resources);
    const { exitCode, stdout, stderr } = await cli.run(
      trigger('rotation-failed'),
      how,
    );

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(`TemplateError: `);
    expect(stderr).toContain(words);
    expect(existsSync(cli.directory)).toBe(false);
  });

  it('a function that is not there', async ({ cli }) => {
    const how = await writeTemplate(cli.home, {
      OtherLambdaFunction: { Type: 'AWS::Lambda::Function' },
      Rule: ruleTo({ 'Fn::GetAtt': ['OtherLambdaFunction', 'Arn'] }),
    });
    const { exitCode, stdout, stderr } = await cli.run(
      trigger('rotation-failed'),
      how,
    );

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('OtherLambdaFunction is not a function');
  });
});
