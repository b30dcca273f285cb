import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import {
  findDeployment,
  setAwsVariables,
} from '../../../cli/environment/deployment.ts';
import {
  stackId,
  startCloudFormation,
} from '../../support/cli/cloudformation.ts';

const OUTPUTS = { StateMachineArn: 'arn:machine', LedgerTableName: 'ledger' };

const VARIABLES = [
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_PROFILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
];

beforeEach(() => {
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const variables = () =>
  Object.fromEntries(
    VARIABLES.filter((name) => process.env[name] !== undefined).map((name) => [
      name,
      process.env[name],
    ]),
  );

describe('setAwsVariables', () => {
  it('puts flags before variables', () => {
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_PROFILE', 'dev');
    setAwsVariables({ region: 'eu-west-1', profile: 'prod' });
    expect(variables()).toEqual({
      AWS_REGION: 'eu-west-1',
      AWS_PROFILE: 'prod',
    });
  });

  it('does not let keys outvote the profile that was asked for', () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'token');
    setAwsVariables({ profile: 'prod' });
    expect(variables()).toEqual({ AWS_PROFILE: 'prod' });
  });

  it('knows the variable of the AWS CLI, and leaves the rest as it is', () => {
    vi.stubEnv('AWS_DEFAULT_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    setAwsVariables({});
    expect(variables()).toEqual({
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'key',
    });
  });

  it('leaves it to the profile to say the Region', () => {
    setAwsVariables({});
    expect(variables()).toEqual({});
  });
});

describe('findDeployment', () => {
  beforeEach(async () => {
    const endpoint = await startCloudFormation(
      {
        'kinesis-key-rotation-prod': OUTPUTS,
        'kinesis-key-rotation-fleet': {
          ...OUTPUTS,
          FleetStateMachineArn: 'arn:fleet',
        },
        'kinesis-key-rotation-half': { StateMachineArn: 'arn:machine' },
      },
      onTestFinished,
    );
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_REGION', 'eu-west-1');
  });

  it.each([
    ['prod', OUTPUTS],
    ['fleet', { ...OUTPUTS, FleetStateMachineArn: 'arn:fleet' }],
  ])('reads what the stack of %s says', async (stage, outputs) => {
    expect(await findDeployment(stage)).toEqual({
      Stage: stage,
      StackId: stackId(`kinesis-key-rotation-${stage}`),
      UpdatedAt: '2026-01-01T00:00:00.000Z',
      ...outputs,
    });
  });

  it('says where there is no stack, and how to make one', async () => {
    await expect(findDeployment('dev')).rejects.toMatchObject({
      name: 'CouldNotAskError',
      message:
        'There is no stack kinesis-key-rotation-dev in Region eu-west-1. Deploy it (npx kinesis-key-rotation deploy --stage dev --region eu-west-1), or give another --stage or --region',
    });
  });

  it('says what a stack has not said', async () => {
    await expect(findDeployment('half')).rejects.toMatchObject({
      name: 'CouldNotAskError',
      message: expect.stringMatching(
        /kinesis-key-rotation-half has no output LedgerTableName.*CREATE_IN_PROGRESS/,
      ),
    });
  });

  it('leaves a refusal as AWS says it', async () => {
    await expect(findDeployment('denied')).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringContaining('cloudformation:DescribeStacks'),
    });
  });

  it('does not wait when it is interrupted', async () => {
    const controller = new AbortController();
    const finding = findDeployment('silent', controller.signal);
    setImmediate(() => controller.abort('SIGINT'));
    await expect(finding).rejects.toBe('SIGINT');
  });
});
