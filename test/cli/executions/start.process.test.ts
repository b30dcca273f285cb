import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  DescribeExecutionCommand,
  type SFNClient,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type RotateOptions, rotate } from '../../../cli/commands/rotate.ts';
import { startDynamoDb } from '../../../local/services/dynamodb.ts';
import {
  ServiceError,
  startJsonService,
} from '../../../local/services/json-service.ts';
import { QuotaLedger } from '../../../shared/ledger/quota-ledger.ts';
import { startCloudFormation } from '../../support/cli/cloudformation.ts';
import {
  ANY_PORTS,
  commandLine,
  exportedVariables,
  it,
} from '../../support/cli/command-line.ts';
import {
  dynamoDbAt,
  stepFunctionsAt,
} from '../../support/local/connected-clients.ts';
import { listen } from '../../support/local/listen.ts';

const STATES = 'arn:aws:states:us-east-1:000000000000';
const MACHINE = `${STATES}:stateMachine:rotate-stream`;
const EXECUTIONS = `${STATES}:execution:rotate-stream`;
const ON_MACHINE = ['rotate', '--state-machine-arn', MACHINE];
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };

const STREAMS = [
  'first',
  'detached',
  'left-alone',
  'stopped',
  'wrong',
  'staged',
];
const ROTATIONS = JSON.stringify({
  Streams: STREAMS.map((StreamName) => ({
    StreamName,
    KeyIds: ['alias/a', 'alias/b'],
  })),
});
const move = (stream: string) => [
  ...ON_MACHINE,
  '--stream-name',
  stream,
  '--key-id',
  'alias/a',
];

const undone: (() => void | Promise<void>)[] = [];

/** An embedded AWS that all tests share, and the way to it. */
let aws: {
  how: { cwd: string; env: NodeJS.ProcessEnv };
  client: SFNClient;
};

beforeAll(async () => {
  const cli = await commandLine((undo) => undone.unshift(undo));
  await writeFile(join(cli.home, 'rotations.yml'), ROTATIONS);
  await writeFile(
    join(cli.home, 'credentials'),
    "[ann's]\naws_access_key_id = a\naws_secret_access_key = b\n",
  );
  const { said } = cli.start(['local', ...ANY_PORTS], { cwd: cli.home });
  const exported = await said('export AWS_SECRET_ACCESS_KEY=local\n');
  const { AWS_ENDPOINT_URL_SFN = '' } = exportedVariables(exported);
  aws = {
    how: { cwd: cli.home, env: { AWS_ENDPOINT_URL_SFN, ...CREDENTIALS } },
    client: stepFunctionsAt(AWS_ENDPOINT_URL_SFN, (undo) =>
      undone.unshift(undo),
    ),
  };
});

afterAll(async () => {
  for (const undo of undone) await undo();
});

/** States in the order in which they were shown. */
const shownStates = (stderr: string) =>
  [...stderr.matchAll(/^ +\d+\.\d s (\w+)/gm)].map(([, state]) => state);

describe.concurrent('rotate --state-machine-arn', () => {
  it('shows a rotation to its end, as if it ran here', async ({ cli }) => {
    const { exitCode, stdout, stderr } = await cli.run(
      [...ON_MACHINE, '--yes', '--output', 'json'],
      aws.how,
    );

    expect(exitCode).toBe(0);
    const outcome = JSON.parse(stdout);
    expect(outcome).toMatchObject({
      Status: 'SUCCEEDED',
      Outcome: 'ROTATED',
      StreamName: 'first',
      KeyId: 'alias/a',
      Quota: { Used: 1 },
      Trigger: { Source: 'manual' },
    });
    expect(outcome.RotationId).toMatch(
      new RegExp(`^${EXECUTIONS}:first-\\d{8}T\\d{9}Z$`),
    );
    const [started, ...lines] = stderr.trimEnd().split('\n');
    expect(started).toBe(`Started ${outcome.RotationId}`);
    for (const line of lines) expect(line).toMatch(/^ +\d+\.\d s /);
    expect(stderr).toMatch(/ROTATE alias\/a.*\n.*IsRotationNeeded/);
    expect(stderr).toContain('WaitForPropagation 5 s\n');
    const states = shownStates(stderr);
    expect(states[0]).toBe('PlanRotation');
    expect(states.slice(-4)).toEqual([
      'WaitForPropagation',
      'VerifyEncryption',
      'IsRolledBack',
      'CompleteRotation',
    ]);
    expect(states.filter((name) => name === 'PlanRotation')).toHaveLength(1);
  });

  it('leaves it alone at Ctrl-C, and comes back by its ARN', async ({
    cli,
  }) => {
    const { kill, ended, said } = cli.start(move('detached'), aws.how);
    await said('PlanRotation');
    kill('SIGINT');
    const { exitCode, stdout, stderr } = await ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    const [, arn = ''] = /^Started (\S+)$/m.exec(stderr) ?? [];
    expect(stderr).toContain(
      [
        'SIGINT: the rotation goes on',
        `Follow it: npx kinesis-key-rotation follow ${arn}`,
        `Stop it:   aws stepfunctions stop-execution --execution-arn ${arn} --region us-east-1`,
        '',
      ].join('\n'),
    );

    const followed = await cli.run(['follow', arn], aws.how);
    expect(followed.exitCode).toBe(0);
    expect(followed.stdout).toMatch(
      /^ROTATED detached: not encrypted -> alias/,
    );
    const states = shownStates(followed.stderr);
    expect(states[0]).toBe('PlanRotation');
    expect(states.at(-1)).toBe('CompleteRotation');

    const again = await cli.run(['follow', arn], aws.how);
    expect(again).toEqual(followed);
  });

  it('prints the ARN and goes, with --no-wait', async ({ cli }) => {
    const { exitCode, stdout } = await cli.run(
      [...move('left-alone'), '--no-wait'],
      aws.how,
    );
    expect(exitCode).toBe(0);
    const executionArn = stdout.trimEnd();
    expect(executionArn).toMatch(new RegExp(`^${EXECUTIONS}:left-alone-`));
    const { status, input = '' } = await aws.client.send(
      new DescribeExecutionCommand({ executionArn }),
    );
    expect(status).toBe('RUNNING');
    expect(JSON.parse(input)).toEqual({
      StreamName: 'left-alone',
      KeyId: 'alias/a',
      Trigger: { Source: 'manual' },
    });
  });

  it('says that it was stopped', async ({ cli }) => {
    const { ended, said } = cli.start(
      [...move('stopped'), '--output', 'json'],
      aws.how,
    );
    const stderr = await said('PlanRotation');
    const [, executionArn] = /^Started (\S+)$/m.exec(stderr) ?? [];
    const cause = 'not that key';
    await aws.client.send(new StopExecutionCommand({ executionArn, cause }));
    const { exitCode, stdout } = await ended;

    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      Status: 'FAILED',
      Error: 'ExecutionAborted',
      Cause: cause,
      StreamName: 'stopped',
    });
  });

  it('prints the whole outcome of one that fails', async ({ cli }) => {
    const { exitCode, stdout, stderr } = await cli.run(
      [...move('wrong'), '--key-id', 'alias/nowhere', '--output', 'json'],
      aws.how,
    );

    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      Status: 'FAILED',
      Error: 'NotFoundException',
      Cause: expect.stringContaining('KeyId "alias/nowhere"'),
      SlotsSpent: 0,
      Quota: { Used: 0 },
    });
    expect(stderr).toContain('PlanRotation failed: NotFoundException\n');
  });
});

describe.concurrent('rotate --stage', () => {
  const PROD = {
    'kinesis-key-rotation-prod': {
      StateMachineArn: MACHINE,
      LedgerTableName: 'ledger',
    },
  };

  it('finds the state machine of the stage', async ({
    cli,
    onTestFinished,
  }) => {
    const cloudFormation = await startCloudFormation(PROD, onTestFinished);
    const run = (...args: string[]) =>
      cli.run(['rotate', '--stream-name', 'staged', '--no-wait', ...args], {
        env: {
          ...aws.how.env,
          AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation,
          AWS_DEFAULT_REGION: 'us-east-1',
        },
      });
    const key = ['--key-id', 'alias/a', '--output', 'json'];
    const found = await run('--stage', 'prod', ...key);
    const missing = await run('--stage', 'dev', ...key);

    expect(found.exitCode).toBe(0);
    expect(JSON.parse(found.stdout)).toEqual({
      ExecutionArn: expect.stringContaining(`${EXECUTIONS}:staged-`),
      StartedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(missing).toMatchObject({ exitCode: 3, stdout: '' });
    expect(missing.stderr).toMatch(
      /^There is no stack kinesis-key-rotation-dev in Region us-east-1[^\n]+\n$/,
    );
  });
});

describe.concurrent('what keeps a rotation from starting', () => {
  const request = ['--stream-name', 'orders', '--key-id', 'alias/a'];
  const onStage = ['rotate', '--stage', 'prod', ...request];
  const onMachine = [...ON_MACHINE, ...request];
  const NOBODY = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };

  it.for<[string, string[], NodeJS.ProcessEnv, number, string]>([
    ['no Region', onStage, CREDENTIALS, 3, 'No Region is set'],
    [
      'no credentials',
      [...onStage, '--region', 'eu-west-1'],
      {},
      3,
      'No AWS credentials were found',
    ],
    [
      'an endpoint that is not there',
      onMachine,
      { ...CREDENTIALS, ...NOBODY },
      3,
      'AWS cannot be reached (connect ECONNREFUSED 127.0.0.1:1)',
    ],
    [
      'a stage and a state machine',
      [...onMachine, '--stage', 'prod'],
      NOBODY,
      2,
      "'--state-machine-arn <arn>' cannot be used with option '--stage <stage>'",
    ],
    [
      'what is no execution',
      ['follow', MACHINE],
      NOBODY,
      2,
      'EXECUTION_ARN "arn:aws:states:us-east-1:000000000000:stateMachine',
    ],
  ])('is said in a line: %s', async ([, args, env, code, words], { cli }) => {
    const { exitCode, stdout, stderr } = await cli.run(args, {
      env: { AWS_EC2_METADATA_DISABLED: 'true', ...env },
    });

    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(words);
  });

  it.for<[string, RotateOptions, string]>([
    [
      'a stream of another Region',
      {
        stateMachineArn: MACHINE,
        streamArn: 'arn:aws:kinesis:eu-west-1:000000000000:stream/orders',
      },
      'is in Region eu-west-1, and the state machine is in us-east-1',
    ],
    [
      'another Region than that of the state machine',
      { stateMachineArn: MACHINE, streamName: 'orders', region: 'eu-west-1' },
      '--region "eu-west-1"',
    ],
    [
      'what is no state machine',
      { stateMachineArn: 'prod', streamName: 'orders' },
      '--state-machine-arn "prod"',
    ],
    ...Object.entries({
      '--no-wait': { wait: false },
      '--region': { region: 'eu-west-1' },
      '--profile': { profile: 'prod' },
    }).map(([flag, options]): [string, RotateOptions, string] => [
      `${flag} without a state machine`,
      { streamName: 'orders', ...options },
      'applies to a deployed',
    ]),
  ])('is a wrong request: %s', async ([, options, words]) => {
    const never = new AbortController().signal;
    const rotating = rotate(
      { keyId: 'alias/a', ...options },
      {
        deploymentSettings: () => Promise.reject(new Error('unread')),
        rotationsPath: () => 'rotations.yml',
        givenRotations: () => undefined,
        rotations: async () => [],
        localRotations: async () => [],
        rotationsSource: async () => ({ path: '', sha256: '' }),
        interruption: {
          signal: never,
          forceQuit: never,
          exitCode: () => undefined,
        },
      },
    );
    await expect(rotating).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining(words),
    });
  });

  it('is said in a line: nothing of that ARN', async ({ cli }) => {
    const other = MACHINE.replace('rotate-stream', 'prod-rotate-stream');
    const machine = await cli.run(
      ['rotate', '--state-machine-arn', other, ...request],
      aws.how,
    );
    const execution = await cli.run(['follow', `${EXECUTIONS}:x`], aws.how);

    expect(machine.stderr).toMatch(/^There is no state machine arn[^\n]+\n$/);
    expect(execution.stderr).toMatch(/^There is no execution arn[^\n]+\n$/);
    expect(machine).toMatchObject({ exitCode: 3, stdout: '' });
    expect(execution).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it('is unknown where the answer of StartExecution is lost, and a command finds out', async ({
    cli,
    onTestFinished,
  }) => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<string>();
    const standIn = createServer(async (message, response) => {
      begin(JSON.parse(await text(message)).name);
      response.destroy();
    });
    const AWS_ENDPOINT_URL_SFN = await listen(standIn, onTestFinished);
    const { exitCode, stdout, stderr } = await cli.run(
      [...onMachine, '--profile', "ann's"],
      {
        env: {
          ...CREDENTIALS,
          AWS_ENDPOINT_URL_SFN,
          AWS_SHARED_CREDENTIALS_FILE: join(aws.how.cwd, 'credentials'),
        },
      },
    );

    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(/^AWS cannot be reached [^\n]*\n$/);
    expect(stderr).toContain(
      `It is unknown whether the rotation was started; npx kinesis-key-rotation follow ${EXECUTIONS}:${await begun} --profile 'ann'\\''s' shows it\n`,
    );
  });

  it('is said in a line: a missing permission, before and after the start', async ({
    cli,
    onTestFinished,
  }) => {
    const refuse = (action: string) => () => {
      throw new ServiceError(
        'AccessDeniedException',
        `User: ann is not authorized to perform: states:${action} on resource: ${MACHINE}`,
      );
    };
    const executionArn = `${EXECUTIONS}:x`;
    const standIn = async (StartExecution: () => object) => {
      const { endpoint, close } = await startJsonService(
        {
          name: 'Step Functions',
          target: 'AWSStepFunctions',
          version: '1.0',
          operations: {
            StartExecution,
            GetExecutionHistory: refuse('GetExecutionHistory'),
          },
        },
        0,
      );
      onTestFinished(close);
      return cli.run(onMachine, {
        env: { ...CREDENTIALS, AWS_ENDPOINT_URL_SFN: endpoint },
      });
    };
    const before = await standIn(refuse('StartExecution'));
    const startDate = new Date();
    const after = await standIn(() => ({ executionArn, startDate }));

    expect(before).toMatchObject({ exitCode: 3, stdout: '' });
    expect(before.stderr).toMatch(
      /^AWS does not allow it \(.*states:StartExecution on resource: arn[^\n]*\n$/,
    );
    expect(after).toMatchObject({ exitCode: 3, stdout: '' });
    expect(after.stderr).toMatch(
      /^Started [^\n]*\nAWS does not allow it \(.*states:GetExecutionHistory[^\n]*The rotation goes on; follow it with npx[^\n]*:x\n$/,
    );
  });
});

describe('local', () => {
  it('settles at its end what others started, and shares it until then', async ({
    cli,
    onTestFinished,
  }) => {
    const owner = cli.start(['local', ...ANY_PORTS], {
      env: { LOCAL_UPDATE_SECONDS: '600' },
    });
    const exported = await owner.said('export AWS_SECRET_ACCESS_KEY=local\n');
    const { AWS_ENDPOINT_URL_SFN } = exportedVariables(exported);
    const client = cli.start(['local', ...ANY_PORTS]);
    const shared = await client.said('export AWS_SECRET_ACCESS_KEY=local\n');
    expect(exportedVariables(shared)).toMatchObject({ AWS_ENDPOINT_URL_SFN });

    const follower = cli.start([...ON_MACHINE, '--yes'], {
      env: { ...CREDENTIALS, AWS_ENDPOINT_URL_SFN },
    });
    await follower.said('WaitForUpdate');
    for (const { kill, ended } of [follower, client, owner]) {
      kill('SIGINT');
      expect((await ended).exitCode).toBe(130);
    }

    const { endpoint, close } = await startDynamoDb(
      join(cli.directory, 'dynamodb'),
      0,
    );
    const ledger = new QuotaLedger(
      dynamoDbAt(endpoint, onTestFinished),
      'kinesis-key-rotation-ledger',
    );
    const stream = 'arn:aws:kinesis:us-east-1:000000000000:stream/samplestream';
    const entry = await ledger.read(stream).finally(close);
    expect(entry.Lease).toBeUndefined();
    expect(entry.Slots).toMatchObject([{ State: 'SPENT' }]);
  });
});
