import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Template } from '../../stack/template.ts';
import {
  emptyWorld,
  startAccessServices,
} from '../support/cli/access-services.ts';
import { startCloudFormation } from '../support/cli/cloudformation.ts';
import {
  ANY_PORTS,
  commandLine,
  exportedVariables,
} from '../support/cli/command-line.ts';
import {
  type RecordedCall,
  recordCalls,
} from '../support/cli/recorded-calls.ts';
import { startSts } from '../support/cli/sts.ts';
import { isAllowed } from '../support/iam/authorize.ts';
import {
  actionsOf,
  arn,
  bucket,
  MANAGED,
  role,
  STACK,
} from '../support/iam/managed-resources.ts';
import { type Policy, rolePolicies } from '../support/iam/role-policies.ts';
import { packaged } from '../support/stack/packaged.ts';

const TABLE = 'kinesis-key-rotation-ledger';
const KEY = 'key/12345678-1234-1234-1234-123456789012';

/** A policy whose account and Region are replaced, as docs/life.md says. */
function readPolicy(name: string): Policy {
  const text = readFileSync(`examples/iam/${name}.json`, 'utf8')
    .replaceAll('111122223333', '000000000000')
    .replaceAll('eu-west-1', 'us-east-1');
  return { name, policy: JSON.parse(text) };
}

const OPERATOR = [readPolicy('operator')];
const AUDITOR = [readPolicy('auditor')];
const DEPLOYER = ['deployer-stack', 'deployer-resources'].map(readPolicy);

const ROLE = 'arn:aws:iam::000000000000:role/producer';
const STREAM = arn('kinesis', 'stream/orders');
const FUNCTION = arn('lambda', 'function:reader');

/** A writer, a function and a delivery stream of the stream. */
const ACCESS_WORLD = {
  ...emptyWorld(),
  roles: { [ROLE]: { policies: [] } },
  mappings: { [STREAM]: [FUNCTION] },
  functions: { [FUNCTION]: ROLE },
  deliveryStreams: { archive: { KinesisStreamARN: STREAM, RoleARN: ROLE } },
};

/** The calls of the access check, which auditors make without a right. */
const ACCESS_CHECK = [
  'access-analyzer:CheckNoNewAccess',
  'firehose:DescribeDeliveryStream',
  'firehose:ListDeliveryStreams',
  'iam:SimulatePrincipalPolicy',
  'kinesis:ListStreamConsumers',
  'kms:GetKeyPolicy',
  'kms:ListGrants',
  'lambda:GetFunctionConfiguration',
  'lambda:ListEventSourceMappings',
];

const may = (
  policies: readonly Policy[],
  action: string,
  resource: string,
  context?: Record<string, string>,
) =>
  isAllowed(
    { role: 'person', action, resource, ...(context && { context }) },
    policies,
  );

/** The actions that the policies deny. */
async function denied(
  policies: readonly Policy[],
  actions: readonly string[],
  resource: string,
  context?: Record<string, string>,
): Promise<string[]> {
  const answers = await Promise.all(
    actions.map(async (action) => ({
      action,
      allowed: await may(policies, action, resource, context),
    })),
  );
  return answers.flatMap(({ action, allowed }) => (allowed ? [] : [action]));
}

/** The calls that docs/cli.md lists for a command with --stage, by the command. */
const LISTED = new Map(
  [
    ...readFileSync('docs/cli.md', 'utf8').matchAll(
      /^\| `([\w-]+)` \| [^|]+ \| (\S[^|]+)\|$/gm,
    ),
  ].map(([, name = '', calls = '']) => [name, calls]),
);

/** Deploying is of the deployer. */
const COMMANDS = [...LISTED.keys()].filter(
  (name) => name !== 'deploy' && name !== 'remove',
);

/** Further flags that a command is run with. */
const RUNS: Record<string, string[][]> = {
  plan: [[], ['--all'], ['--stream-name', 'orders']],
  rotate: [['--yes'], ['--all', '--yes']],
  quota: [[], ['--stream-name', 'orders']],
  history: [[], ['--stream-name', 'orders']],
  report: [['--output', 'json']],
  init: [['--from-account', '--rotations', 'drafted.yml']],
};

/** Commands that work without a stage. */
const WITHOUT_STAGE = ['init'];

describe('the calls of a command', () => {
  const undone: (() => void | Promise<void>)[] = [];
  /** By the command. */
  const recorded = new Map<string, RecordedCall[]>();

  beforeAll(async () => {
    const atEnd = (undo: () => void | Promise<void>) => undone.unshift(undo);
    const cli = await commandLine(atEnd);
    const Streams = [
      {
        StreamName: 'orders',
        KeyIds: ['alias/orders-a', 'alias/orders-b'],
        Writers: [ROLE],
      },
    ];
    await writeFile(
      join(cli.home, 'rotations.yml'),
      JSON.stringify({ Streams }),
    );
    const cwd = cli.home;
    const { said } = cli.start(['local', ...ANY_PORTS], { cwd });
    const variables = exportedVariables(
      await said('export AWS_SECRET_ACCESS_KEY=local\n'),
    );
    const outputs = {
      StateMachineArn: arn('states', 'stateMachine:rotate-stream'),
      FleetStateMachineArn: arn('states', 'stateMachine:rotate-fleet'),
      LedgerTableName: TABLE,
    };
    const cloudformation = await startCloudFormation(
      { [STACK]: outputs },
      atEnd,
    );
    const sts = await startSts(
      'arn:aws:iam::000000000000:role/person/ann',
      atEnd,
    );
    const access = await startAccessServices(ACCESS_WORLD, atEnd);
    const { endpoint, calls } = await recordCalls(
      { ...variables, ...access.variables, cloudformation, sts },
      atEnd,
    );
    const env = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    };
    const run = async (name: string, args: string[]) => {
      const ended = await cli.run([name, ...args], { cwd, env });
      expect(ended.exitCode, ended.stderr).toBe(0);
      const before = recorded.get(name) ?? [];
      recorded.set(name, [...before, ...calls.splice(0)]);
      return ended;
    };
    let execution = '';
    for (const name of COMMANDS.filter((each) => each !== 'follow')) {
      for (const flags of RUNS[name] ?? [[]]) {
        const stage = WITHOUT_STAGE.includes(name) ? [] : ['--stage', 'prod'];
        const { stderr } = await run(name, [...stage, ...flags]);
        [, execution = execution] = /^Started (\S+)$/m.exec(stderr) ?? [];
      }
    }
    await run('follow', [execution]);
  }, 180_000);

  afterAll(async () => {
    for (const undo of undone) await undo();
  });

  it('are recorded for every command that docs/cli.md says calls AWS', () => {
    expect(COMMANDS).toEqual(
      expect.arrayContaining(['plan', 'rotate', 'follow', 'quota', 'report']),
    );
    expect([...recorded.keys()].sort()).toEqual([...COMMANDS].sort());
    const actions = [...recorded.values()].flat().map(({ action }) => action);
    expect([...new Set(actions)].sort()).toEqual(
      expect.arrayContaining([
        'cloudformation:DescribeStacks',
        'cloudformation:GetTemplate',
        'dynamodb:GetItem',
        'dynamodb:Query',
        'kinesis:DescribeStreamSummary',
        'kinesis:ListStreams',
        'kms:DescribeKey',
        'kms:GetKeyRotationStatus',
        'states:GetExecutionHistory',
        'states:StartExecution',
        'sts:GetCallerIdentity',
        ...ACCESS_CHECK,
      ]),
    );
  });

  it.each(COMMANDS)('are those that docs/cli.md lists: %s', (name) => {
    const operations = (recorded.get(name) ?? [])
      .map(({ action }) => action)
      // Of every command with --stage.
      .filter((action) => !action.startsWith('cloudformation:'))
      .map((action) => action.split(':')[1] ?? '');
    expect(operations).not.toEqual([]);
    for (const operation of operations) {
      expect(listedFor(name)).toContain(operation);
    }
  });

  it.each(COMMANDS)('are allowed to the operator: %s', async (name) => {
    expect(await refusals(OPERATOR, recorded.get(name))).toEqual([]);
  });

  it.each(COMMANDS.filter((name) => name !== 'rotate'))(
    'are allowed to the auditor, but for the access check: %s',
    async (name) => {
      const calls = await refusals(AUDITOR, recorded.get(name));
      expect(calls.filter((call) => !isOfAccessCheck(call))).toEqual([]);
    },
  );

  it('start a rotation, which the auditor may not', async () => {
    const all = await refusals(AUDITOR, recorded.get('rotate'));
    const calls = all.filter((call) => !isOfAccessCheck(call));
    expect([...new Set(calls)]).toEqual([
      `states:StartExecution ${arn('states', `stateMachine:${STACK}-rotate-stream`)}`,
      `states:StartExecution ${arn('states', `stateMachine:${STACK}-rotate-fleet`)}`,
    ]);
  });
});

const isOfAccessCheck = (call: string) =>
  ACCESS_CHECK.some((action) => call.startsWith(`${action} `));

/** A command may list the calls of plan by its name. */
const listedFor = (name: string) => {
  const listed = LISTED.get(name) ?? '';
  return listed.includes('those of `plan`')
    ? `${listed} ${LISTED.get('plan')}`
    : listed;
};

/** The calls that the policies deny. */
async function refusals(
  policies: readonly Policy[],
  calls: readonly RecordedCall[] = [],
): Promise<string[]> {
  expect(calls).not.toEqual([]);
  const judged = calls
    // Needs no right.
    .filter(({ action }) => action !== 'sts:GetCallerIdentity')
    .map(async ({ action, input }) => {
      const resource = resourceOf(action, input);
      const allowed = await may(policies, action, resource);
      return allowed ? [] : [`${action} ${resource}`];
    });
  return (await Promise.all(judged)).flat();
}

/** What IAM evaluates, with the names that a stage has. */
function resourceOf(action: string, input: Record<string, string>): string {
  const [service] = action.split(':');
  switch (service) {
    case 'cloudformation':
      return arn('cloudformation', `stack/${STACK}/7f3c`);
    case 'dynamodb':
      expect(input.TableName).toBe(TABLE);
      return arn('dynamodb', `table/${STACK}-LedgerTable-1A2B`);
    case 'kinesis':
      if (action === 'kinesis:ListStreams') return '*';
      return input.StreamARN ?? arn('kinesis', `stream/${input.StreamName}`);
    case 'kms':
      if (action === 'kms:ListAliases') return '*';
      return arn('kms', KEY);
    case 'iam':
      return String(input.PolicySourceArn);
    case 'access-analyzer':
      return '*';
    case 'lambda':
      return action === 'lambda:ListEventSourceMappings'
        ? '*'
        : String(input.FunctionName);
    case 'firehose':
      return action === 'firehose:ListDeliveryStreams'
        ? '*'
        : arn('firehose', `deliverystream/${input.DeliveryStreamName}`);
    case 'states':
      return String(input.stateMachineArn ?? input.executionArn).replace(
        ':rotate-',
        `:${STACK}-rotate-`,
      );
    default:
      throw new Error(`${action} is not judged here`);
  }
}

describe('operator.json', () => {
  const executions = arn('states', `execution:${STACK}-rotate-stream:one`);

  it('ends executions of its stage alone', async () => {
    const actions = ['states:StopExecution', 'states:RedriveExecution'];
    expect(await denied(OPERATOR, actions, executions)).toEqual([]);
    const other = executions.replace('-prod-', '-stg-');
    expect(await denied(OPERATOR, actions, other)).toEqual(actions);
  });

  it('reads alarms, logs and dead letters', async () => {
    const log = `log-group:/aws/lambda/${STACK}-SweepDrift`;
    for (const [action, resource] of [
      ['cloudwatch:DescribeAlarms', '*'],
      ['logs:FilterLogEvents', arn('logs', log)],
      ['sqs:ReceiveMessage', arn('sqs', `${STACK}-dead-letters`)],
    ] as const) {
      expect(await denied(OPERATOR, [action], resource)).toEqual([]);
    }
  });
});

/** What neither the operator nor the auditor may do. */
const FORBIDDEN: [action: string, resource: string][] = [
  ...['CreateChangeSet', 'ExecuteChangeSet', 'UpdateStack', 'DeleteStack'].map(
    (name): [string, string] => [
      `cloudformation:${name}`,
      arn('cloudformation', `stack/${STACK}/7f3c`),
    ],
  ),
  ...['PutItem', 'UpdateItem', 'DeleteItem', 'DeleteTable'].map(
    (name): [string, string] => [
      `dynamodb:${name}`,
      arn('dynamodb', `table/${STACK}-LedgerTable-1A2B`),
    ],
  ),
  ...['InvokeFunction', 'UpdateFunctionCode'].map((name): [string, string] => [
    `lambda:${name}`,
    arn('lambda', `function:${STACK}-RecordExternalStart`),
  ]),
  ['states:UpdateStateMachine', arn('states', `stateMachine:${STACK}-rotate`)],
  ['kinesis:StartStreamEncryption', arn('kinesis', 'stream/orders')],
  ['kinesis:GetRecords', arn('kinesis', 'stream/orders')],
  ['kms:Decrypt', arn('kms', KEY)],
  ['iam:PassRole', `arn:aws:iam::000000000000:role/${STACK}-ReserveQuotaRole`],
];

it.each(FORBIDDEN)(
  'neither operator nor auditor may %s',
  async (action, resource) => {
    expect(await may(OPERATOR, action, resource)).toBe(false);
    expect(await may(AUDITOR, action, resource)).toBe(false);
  },
);

it('the auditor starts, stops and redrives nothing', async () => {
  const machine = arn('states', `stateMachine:${STACK}-rotate-stream`);
  const execution = arn('states', `execution:${STACK}-rotate-stream:one`);
  expect(await may(AUDITOR, 'states:StartExecution', machine)).toBe(false);
  const ends = ['states:StopExecution', 'states:RedriveExecution'];
  expect(await denied(AUDITOR, ends, execution)).toEqual(ends);
});

/** Evaluated on every resource of the account. */
const ON_ALL = ['cloudwatch:DescribeAlarms', 'logs:DescribeLogGroups'];

/** The calls of the packager itself, recorded during deploy, update and remove. */
const PACKAGER: [resource: string, actions: string[]][] = [
  [
    arn('cloudformation', `stack/${STACK}/7f3c`),
    actionsOf(
      'cloudformation',
      'CreateChangeSet DescribeChangeSet ExecuteChangeSet DeleteChangeSet DescribeStacks DescribeStackEvents DescribeStackResource ListStackResources DeleteStack',
    ),
  ],
  ['*', ['cloudformation:ValidateTemplate']],
  [bucket, ['s3:ListBucket']],
  [
    `${bucket}/serverless/kinesis-key-rotation/prod/1/SweepDrift.zip`,
    actionsOf('s3', 'PutObject GetObject DeleteObject'),
  ],
  [arn('lambda', `function:${STACK}-SweepDrift`), ['lambda:GetFunction']],
];

describe('deployer-stack.json and deployer-resources.json', () => {
  let template: Template;

  beforeAll(async () => {
    const Streams = Array.from({ length: 60 }, (_, i) => ({
      StreamName: `stream-${i}-with-a-name-of-some-length`,
      KeyIds: ['alias/a', 'alias/b'],
      Schedule: 'cron(0 3 1 * ? *)',
    }));
    const run = await packaged(JSON.stringify({ Streams }), [
      '--stage',
      'prod',
    ]);
    expect(run.exitCode, run.output).toBe(0);
    template = await run.template();
    await run.remove();
  });

  it('know every type of the template', () => {
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    // Of the deployment bucket, which the plain template does not have.
    types.push('AWS::S3::Bucket', 'AWS::S3::BucketPolicy');
    expect([...new Set(types)].sort()).toEqual(Object.keys(MANAGED));
  });

  it.each(Object.entries(MANAGED))(
    'allow all that CloudFormation calls for %s',
    async (_, { resources, actions, context }) => {
      for (const resource of resources) {
        const scoped = actions.filter((action) => !ON_ALL.includes(action));
        expect(await denied(DEPLOYER, scoped, resource, context)).toEqual([]);
      }
    },
  );

  it('allow what is evaluated on all resources', async () => {
    expect(await denied(DEPLOYER, ON_ALL, '*')).toEqual([]);
  });

  it('create the key of the topics of their stage alone', async () => {
    const create = (stack: string) =>
      may(DEPLOYER, 'kms:CreateKey', '*', { 'aws:RequestTag/Stack': stack });
    expect(await create(STACK)).toBe(true);
    expect(await create(STACK.replace('-prod', '-stg'))).toBe(false);
    expect(await may(DEPLOYER, 'kms:CreateKey', '*')).toBe(false);
    const key = arn('kms', KEY);
    expect(await may(DEPLOYER, 'kms:ScheduleKeyDeletion', key)).toBe(false);
  });

  it.each(PACKAGER)(
    'allow what the packager calls on %s',
    async (on, calls) => {
      expect(await denied(DEPLOYER, calls, on)).toEqual([]);
    },
  );

  it('delete a schedule group with its schedules', async () => {
    const schedules = arn('scheduler', `schedule/${STACK}/*`);
    const actions = ['scheduler:DeleteSchedule'];
    expect(await denied(DEPLOYER, actions, schedules)).toEqual([]);
  });

  it('pass roles of the stage, to the services that assume them', async () => {
    const principals = new Set(
      JSON.stringify(template)
        .match(/"Service":"([\w.]+)"/g)
        ?.map((text) => text.split('"')[3] ?? '')
        .filter((name) => !/^(cloudwatch|sns)\./.test(name)),
    );
    expect(principals.size).toBe(4);
    const pass = (to: string, on = role) =>
      may(DEPLOYER, 'iam:PassRole', on, { 'iam:PassedToService': to });
    for (const service of principals) {
      expect(await pass(service), service).toBe(true);
    }
    expect(await pass('ec2.amazonaws.com')).toBe(false);
    const other = 'arn:aws:iam::000000000000:role/admin';
    expect(await pass('lambda.amazonaws.com', other)).toBe(false);
  });

  it('create and extend roles with the boundary alone, where it is attached', async () => {
    const bounded = [...DEPLOYER, readPolicy('deployer-boundary')];
    const actions = actionsOf('iam', 'CreateRole PutRolePolicy');
    const under = (name: string) => ({
      'iam:PermissionsBoundary': `arn:aws:iam::000000000000:policy/${name}`,
    });
    expect(await denied(bounded, actions, role, under('boundary'))).toEqual([]);
    expect(await denied(bounded, actions, role, under('other'))).toEqual(
      actions,
    );
    expect(await denied(bounded, actions, role)).toEqual(actions);
    const removal = ['iam:DeleteRolePermissionsBoundary'];
    expect(await denied(bounded, removal, role)).toEqual(removal);
    expect(await denied(DEPLOYER, [...actions, ...removal], role)).toEqual([]);
  });

  it('touch no other stage', async () => {
    for (const { resources, actions } of Object.values(MANAGED)) {
      for (const resource of resources) {
        const other = resource.replaceAll('-prod', '-stg');
        if (other === resource) continue;
        expect(await may(DEPLOYER, actions[0] ?? '', other)).toBe(false);
      }
    }
  });
});

describe('key-policy.json', () => {
  const entries = [{ StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] }];
  const functions = rolePolicies(entries);
  const { policy: keyPolicy } = readPolicy('key-policy');
  const viaKinesis = (stream = 'orders') => ({
    'kms:ViaService': 'kinesis.us-east-1.amazonaws.com',
    'kms:EncryptionContext:aws:kinesis:arn': arn('kinesis', `stream/${stream}`),
  });
  const ask = (
    name: string,
    action: string,
    context: Record<string, string>,
    policies: readonly Policy[] = [
      {
        name: 'own',
        policy: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }],
        },
      },
    ],
  ) =>
    isAllowed(
      { role: name, action, resource: arn('kms', KEY), context, keyPolicy },
      policies,
    );

  it('lets the functions describe the key and write the probe', async () => {
    const verify = `${STACK}-VerifyEncryptionRole-1A2B`;
    const plan = `${STACK}-PlanRotationRole-1A2B`;
    const of = (name: string) => functions.get(name) ?? [];
    expect(await ask(plan, 'kms:DescribeKey', {}, of('PlanRotation'))).toBe(
      true,
    );
    expect(
      await ask(
        verify,
        'kms:GenerateDataKey',
        viaKinesis(),
        of('VerifyEncryption'),
      ),
    ).toBe(true);
  });

  it.each([
    ['orders-writer', 'kms:GenerateDataKey', viaKinesis(), true],
    ['orders-writer', 'kms:GenerateDataKey', {}, false],
    ['orders-writer', 'kms:GenerateDataKey', viaKinesis('payments'), false],
    ['orders-writer', 'kms:Decrypt', viaKinesis(), false],
    ['orders-reader', 'kms:Decrypt', viaKinesis(), true],
    ['orders-reader', 'kms:GenerateDataKey', viaKinesis(), false],
    ['key-administrator', 'kms:PutKeyPolicy', {}, true],
    ['key-administrator', 'kms:Decrypt', viaKinesis(), false],
    ['person', 'kms:DescribeKey', {}, true],
    ['person', 'kms:PutKeyPolicy', {}, false],
    ['person', 'kms:Decrypt', viaKinesis(), false],
  ])('decides of %s %s %j: %s', async (name, action, context, expected) => {
    expect(await ask(name, action, context)).toBe(expected);
  });
});

describe('key-used-lately.json', () => {
  const statements = (name: string) =>
    (readPolicy(name).policy as { Statement: object[] }).Statement;
  const Statement = ['key-policy', 'key-used-lately'].flatMap(statements);
  const keyPolicy = { Version: '2012-10-17', Statement };
  const all = {
    name: 'own',
    policy: {
      Version: '2012-10-17' as const,
      Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }],
    },
  };

  it.each([
    ['kms:ScheduleKeyDeletion', '29', false],
    ['kms:ScheduleKeyDeletion', '30', true],
    ['kms:DisableKey', '0', true],
  ])(
    'decides of %s after %s days without a use: %s',
    async (action, days, may) => {
      const request = {
        role: 'key-administrator',
        action,
        resource: arn('kms', KEY),
        context: { 'kms:TrailingDaysWithoutKeyUsage': days },
        keyPolicy,
      };
      expect(await isAllowed(request, [all])).toBe(may);
    },
  );
});

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
it.each(
  readdirSync('examples/iam').filter((name) => name !== 'key-policy.json'),
)('%s fits into a managed policy', (name) => {
  const text = readFileSync(`examples/iam/${name}`, 'utf8');
  expect(JSON.stringify(JSON.parse(text)).length).toBeLessThan(6_144);
});
