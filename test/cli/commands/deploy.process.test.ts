import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import { atTerminal } from '../../support/cli/at-terminal.ts';
import { it } from '../../support/cli/command-line.ts';
import {
  type DeployableAws,
  OUTPUTS,
  startDeployableAws,
} from '../../support/cli/deployable-aws.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';

/** Not looked at, as Kinesis knows no stream here. */
const rotations = (keys = 'alias/a, alias/b', more = '') =>
  `Streams:\n  - {StreamName: orders, OnDrift: ALERT, KeyIds: [${keys}]}\n${more}`;

async function withStage() {
  const aws = await startDeployableAws(onTestFinished);
  const home = await mkdtemp(join(tmpdir(), 'deploy-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const file = join(home, 'rotations.yml');
  const temporary = await mkdtemp(join(home, 'tmp-'));
  const write = (text: string) => writeFile(file, text);
  await write(rotations());
  const env = {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_EC2_METADATA_DISABLED: 'true',
    SLS_AWS_MONITORING_FREQUENCY: '1',
    TMPDIR: temporary,
  };
  const flags = ['--stage', 'prod', '--region', 'eu-west-1', '--yes'];
  return {
    aws,
    env,
    write,
    deploy: ['deploy', '--rotations', file, ...flags],
    remove: ['remove', ...flags],
    leftOver: () => readdir(temporary),
  };
}

/** The packager writes to the terminal of the tests. */
const QUIET = { SLS_LOG_LEVEL: 'error' };

/** Packaging takes its time on a busy machine. */
const TIMEOUT_MS = 120_000;

const CHANGES = ['CreateChangeSet', 'ExecuteChangeSet', 'DeleteStack'];
const changesOf = ({ actions }: DeployableAws) =>
  actions.filter((action) => CHANGES.includes(action));

describe('deploy', () => {
  it('shows and deploys one package, then the next one by what differs', {
    timeout: TIMEOUT_MS,
  }, async ({ cli }) => {
    const stage = await withStage();
    const { aws, env, deploy } = stage;
    const first = await cli.run(deploy, { env });
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stderr).toContain(
      'kinesis-key-rotation-prod, stage prod of account 111122223333 in eu-west-1\nThis is the first deployment of the stage.\nStreams\n  + orders: ring "alias/a", "alias/b"; no schedule; OnDrift ALERT\n',
    );
    // It is packaged once.
    expect(first.stderr.match(/ of 500 resources/g)).toHaveLength(1);
    expect(first.stdout).toBe(
      `LedgerTableName  ${OUTPUTS.LedgerTableName}\nFailureTopicArn  ${OUTPUTS.FailureTopicArn}\n`,
    );
    expect(first.stderr).toContain(
      `aws sns subscribe --topic-arn ${OUTPUTS.FailureTopicArn} --protocol email --notification-endpoint you@example.com --region eu-west-1\n`,
    );
    expect(first.stderr).toContain(
      'npx kinesis-key-rotation plan --all --stage prod --region eu-west-1\n',
    );
    expect(first.stderr).toContain(
      '#dashboards/dashboard/kinesis-key-rotation-prod\n',
    );
    // The code that is uploaded is that of the versions which the template names.
    const { Resources, Metadata } = JSON.parse(String(aws.template));
    const version = Object.values<{
      Type: string;
      Properties: { FunctionName: { Ref: string }; CodeSha256: string };
    }>(Resources).find(
      ({ Properties }) =>
        Properties.CodeSha256 &&
        Properties.FunctionName.Ref === 'PlanRotationLambdaFunction',
    );
    const key = Resources.PlanRotationLambdaFunction.Properties.Code.S3Key;
    const code = aws.uploaded.get(key) ?? Buffer.of();
    expect(version?.Properties.CodeSha256).toBe(
      createHash('sha256').update(code).digest('base64'),
    );
    expect(Metadata.KinesisKeyRotation.Streams).toMatchObject([
      { StreamName: 'orders' },
    ]);

    aws.actions.length = 0;
    const same = await cli.run(deploy, { env });
    expect(same).toMatchObject({ exitCode: 0, stdout: '' });
    expect(same.stderr).toContain('Nothing changes, so nothing was deployed\n');
    expect(changesOf(aws)).toEqual([]);

    await stage.write(
      rotations(
        'alias/b, alias/a',
        '  - {StreamName: clicks, KeyIds: [alias/a, alias/b]}\n',
      ),
    );
    const next = await cli.run(deploy, { env });
    expect(next).toMatchObject({ exitCode: 0 });
    expect(next.stderr).toContain(
      'Streams\n  + clicks: ring "alias/a", "alias/b"; no schedule\n  ~ orders\n      KeyIds ["alias/a","alias/b"] -> ["alias/b","alias/a"]\nResources',
    );
    expect(next.stderr).toContain(
      'Code changes: PlanRotation, StartEncryption',
    );
    expect(next.stderr).toContain('Rights change: ');
    expect(next.stderr).not.toMatch(/LambdaVersion/);
    expect(next.stderr).toContain(
      '  clicks: cannot be restored: ResourceNotFoundException: StreamName "clicks": no',
    );
    expect(changesOf(aws)).toEqual(['CreateChangeSet', 'ExecuteChangeSet']);
    expect(aws.template).toContain('clicks');
    expect(await stage.leftOver()).toEqual([]);
  });

  it('names the table that a failed first deployment created', {
    timeout: TIMEOUT_MS,
  }, async ({ cli }) => {
    const { aws, env, deploy } = await withStage();
    aws.isFailing = true;
    const { exitCode, stderr } = await cli.run(deploy, { env });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      'The deployment that failed created the ledger table kinesis-key-rotation-prod-LedgerTable-ABC.',
    );
    expect(stderr).toContain(
      'aws dynamodb delete-table --table-name kinesis-key-rotation-prod-LedgerTable-ABC --region eu-west-1\n',
    );
    // The stack that is left has the packager's bucket alone.
    aws.isFailing = false;
    const again = await cli.run(deploy, { env });
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain('This is the first deployment of the stage');
  });

  it('says after Ctrl-C that CloudFormation goes on by itself', {
    timeout: TIMEOUT_MS,
  }, async ({ cli }) => {
    const { aws, env, deploy, leftOver } = await withStage();
    const updating = Promise.withResolvers<void>();
    aws.onUpdate = updating.resolve;
    const running = cli.start(deploy, {
      env: { ...env, SLS_AWS_MONITORING_FREQUENCY: '60000' },
    });
    const created = setInterval(() => {
      if (aws.actions.includes('ExecuteChangeSet')) updating.resolve();
    }, 20);
    onTestFinished(() => clearInterval(created));
    await updating.promise;
    running.kill('SIGINT');
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain(
      'SIGINT: the stack kinesis-key-rotation-prod is CREATE_COMPLETE. CloudFormation completes or rolls back by itself what it has begun.',
    );
    expect(stderr).not.toContain('nothing was started');
    expect(await leftOver()).toEqual([]);
  });

  it('refuses in one line what is missing, before it changes anything', {
    timeout: TIMEOUT_MS,
  }, async ({ cli }) => {
    const { aws, env, deploy, write } = await withStage();
    const without = (...flags: string[]) =>
      deploy.filter((each) => !flags.includes(each));
    const refusal = async (
      args: readonly string[],
      variables: Record<string, string> = {},
    ) => {
      const how = { env: { ...env, ...variables } };
      const { exitCode, stdout, stderr } = await cli.run(args, how);
      return [exitCode, stdout + stderr];
    };
    expect(
      await Promise.all([
        refusal(without('--yes')),
        refusal(without('--region', 'eu-west-1')),
        refusal(deploy, { AWS_ACCESS_KEY_ID: '' }),
        refusal([...deploy, '--param', 'typo=1']),
      ]),
    ).toEqual([
      [
        2,
        'InvalidRequest: deploy asks before it changes anything, and there is no terminal; give --yes\n',
      ],
      [
        3,
        'No Region is given for deploy; give --region, AWS_REGION, or a profile with a region\n',
      ],
      [
        3,
        expect.stringMatching(
          /^The account is unknown, so deploy changes nothing: No AWS credentials were found.*\n$/,
        ),
      ],
      [
        2,
        expect.stringMatching(
          /^InvalidRequest: --param "typo=1" is not a parameter.*\n$/,
        ),
      ],
    ]);
    await write(
      rotations('alias/a, "arn:aws:kms:us-east-1:111122223333:alias/b"'),
    );
    expect(await refusal(deploy)).toEqual([
      2,
      expect.stringMatching(
        /^InvalidRequest: \S*\/rotations\.yml: Streams\[0\]: KeyIds .* is in Region us-east-1.*\n$/,
      ),
    ]);
    expect(changesOf(aws)).toEqual([]);
  });
});

describe('a stack that allows no update', () => {
  it.each([
    ['UPDATE_IN_PROGRESS', 'Wait until that has ended'],
    ['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'Wait until that has ended'],
    [
      'ROLLBACK_COMPLETE',
      'Look at its events in CloudFormation, and continue its rollback or remove it first',
    ],
    [
      'REVIEW_IN_PROGRESS',
      'Look at its events in CloudFormation, and continue its rollback or remove it first',
    ],
  ])('is refused before it is packaged: %s', async (status, advice) => {
    const { aws, env, deploy } = await withStage();
    aws.template = '{"Resources":{"LedgerTable":{}}}';
    aws.status = status;
    const { exitCode, stderr } = await runInProcess(deploy, env);
    expect([exitCode, stderr]).toEqual([
      3,
      `The stack kinesis-key-rotation-prod is ${status}, and CloudFormation does not update it then. ${advice}\n`,
    ]);
  });
});

describe('the question', () => {
  it.each(['n\n', '\n', null])(
    'deploys nothing on %j',
    {
      timeout: TIMEOUT_MS,
    },
    async () => {
      const { aws, env, deploy, leftOver } = await withStage();
      const args = deploy.filter((each) => each !== '--yes');
      const { exitCode, stdout, stderr } = await atTerminal('n\n', () =>
        runInProcess(args, { ...env, ...QUIET }),
      );
      expect(exitCode).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toMatch(
        /\nDeploy stage prod of account 111122223333 in eu-west-1\? \(y\/N\) Nothing was deployed\n$/,
      );
      expect(changesOf(aws)).toEqual([]);
      expect(await leftOver()).toEqual([]);
    },
  );

  it('removes the stack on yes', { timeout: TIMEOUT_MS }, async () => {
    const { aws, env, remove } = await withStage();
    aws.template = '{"Resources":{}}';
    const args = remove.filter((each) => each !== '--yes');
    const { exitCode } = await atTerminal('y\n', () =>
      runInProcess(args, { ...env, ...QUIET }),
    );
    expect(exitCode).toBe(0);
    expect(changesOf(aws)).toEqual(['DeleteStack']);
  });

  it('removes nothing on no, and nothing on Ctrl-C', async () => {
    const { aws, env, remove } = await withStage();
    aws.template = '{"Resources":{}}';
    const args = remove.filter((each) => each !== '--yes');
    const no = await atTerminal('n\n', () => runInProcess(args, env));
    expect(no.exitCode).toBe(1);
    expect(no.stderr).toMatch(
      /\nRemove stage prod of account 111122223333 in eu-west-1\? \(y\/N\) Nothing was removed\n$/,
    );
    const first = new AbortController();
    const running = atTerminal('', () =>
      runInProcess(args, env, {
        signal: first.signal,
        exitCode: () => (first.signal.aborted ? 130 : undefined),
      }),
    );
    first.abort('SIGINT');
    expect((await running).exitCode).toBe(130);
    expect((await running).stderr).toMatch(/SIGINT: nothing was started\n$/);
    expect(changesOf(aws)).toEqual([]);
  });
});

describe('remove', () => {
  it('shows what goes and stays, and removes the stack', {
    timeout: TIMEOUT_MS,
  }, async ({ cli }) => {
    const { aws, env, remove } = await withStage();
    aws.template = '{"Resources":{}}';
    const { exitCode, stderr, stdout } = await cli.run(remove, { env });
    expect(exitCode).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/AWS::CloudWatch::Alarm +2\n/);
    expect(stderr).not.toMatch(/AWS::DynamoDB::Table/);
    expect(stderr).toContain(
      `Stays: the ledger table ${OUTPUTS.LedgerTableName}.`,
    );
    expect(stderr).toContain(
      `aws dynamodb update-table --no-deletion-protection-enabled --table-name ${OUTPUTS.LedgerTableName} --region eu-west-1\n`,
    );
    expect(stderr).toContain('Running executions: 0\n');
    expect(changesOf(aws)).toEqual(['DeleteStack']);
  });

  it('refuses while a rotation runs, with --yes too', async ({ cli }) => {
    const { aws, env, remove } = await withStage();
    aws.template = '{"Resources":{}}';
    const arn =
      'arn:aws:states:eu-west-1:111122223333:execution:kinesis-key-rotation-prod-rotate-stream:one';
    aws.running = [arn];
    const { exitCode, stderr } = await cli.run(remove, { env });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /Running executions: 1\n {2}arn:aws:states:.*:one\nA rotation that runs cannot settle without its functions, so nothing was removed\. Wait until it has ended, or stop it: aws stepfunctions stop-execution --execution-arn \S+:one --region eu-west-1\n$/,
    );
    expect(changesOf(aws)).toEqual([]);
  });

  it('shows its calls with --debug, those to STS and CloudFormation too', async ({
    cli,
  }) => {
    const { aws, env, remove } = await withStage();
    aws.template = '{"Resources":{}}';
    aws.running = [
      'arn:aws:states:eu-west-1:111122223333:execution:kinesis-key-rotation-prod-rotate-fleet:one',
    ];
    const { stderr } = await cli.run(['--debug', ...remove], { env });
    const calls = [
      'GetCallerIdentity',
      'DescribeStacks',
      'ListStackResources',
      'ListExecutions',
    ];
    for (const call of calls) expect(stderr).toContain(call);
  });

  it('says that there is no stack', async ({ cli }) => {
    const { env, remove } = await withStage();
    const { exitCode, stderr } = await cli.run(remove, { env });
    expect(exitCode).toBe(3);
    expect(stderr).toBe(
      'There is no stack kinesis-key-rotation-prod in Region eu-west-1, so there is nothing to remove; give another --stage or --region\n',
    );
  });
});
