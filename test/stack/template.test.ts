import { globSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  CreateStreamCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAMBDA_MEGABYTES } from '../../cli/preview/rotation-cost.ts';
import { matchesPattern } from '../../local/events/event-pattern.ts';
import {
  type TargetInput,
  targetInput,
} from '../../local/events/input-transformer.ts';
import type { EventBridgeEvent } from '../../local/events/triggers.ts';
import type { TaskHandlers } from '../../local/runner/state-machine.ts';
import { readDeploymentSettings } from '../../shared/config/deployment-settings.ts';
import { parseRotations } from '../../shared/config/rotations-file.ts';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import {
  WATCHED_METRICS,
  watchAlarmName,
} from '../../shared/config/watch-alarms.ts';
import { parseRequest } from '../../shared/contract/request.ts';
import { kinesisClient } from '../../shared/lambda/clients.ts';
import { RUNBOOK } from '../../shared/notification/runbook.ts';
import { alarms } from '../../stack/alarms.ts';
import { bundlesIn } from '../../stack/bundling/archives.ts';
import { BUNDLE_BYTES } from '../../stack/bundling/function-build.ts';
import { MAX_RESOURCES } from '../../stack/limits.ts';
import { sourceFile } from '../../stack/names.ts';
import { roles } from '../../stack/roles.ts';
import { schedules } from '../../stack/schedules.ts';
import type { Resource, Template } from '../../stack/template.ts';
import { sampleEvent } from '../support/aws/sample-event.ts';
import { anchorsOf } from '../support/docs/anchors.ts';
import { functionRights } from '../support/iam/role-policies.ts';
import { type Packaged, packaged } from '../support/stack/packaged.ts';
import { sdkCalls } from '../support/stack/sdk-calls.ts';
import { openLocalRotations } from '../support/workflow/local-rotations.ts';

const DEFAULTS = readDeploymentSettings({});

/** What IAM calls a list and CloudFormation may write as a single value. */
const list = <T>(value: T | T[]): T[] =>
  Array.isArray(value) ? value : [value];

interface Statement {
  Sid: string;
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

interface Target {
  Arn: object;
  DeadLetterConfig?: { Arn: object };
}

/** Rights that are no SDK call of the function's own. */
const OF_LAMBDA = [
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'xray:PutTelemetryRecords',
  'xray:PutTraceSegments',
];
const ON_BEHALF: Record<string, string[]> = {
  VerifyEncryption: ['kms:GenerateDataKey'],
  PublishOutcome: ['kms:Decrypt', 'kms:GenerateDataKey'],
};
/** Functions that call nobody. */
const PURE = ['PlanFleet', 'ReadOutcome', 'SummarizeFleet'];
const ASYNCHRONOUS = [
  'PublishOutcome',
  'RecordExternalStart',
  'SettleFailure',
  'SweepDrift',
];

const TOPICS = [{ Ref: 'NotificationTopic' }, { Ref: 'FailureTopic' }];

/** The statement that refuses what comes without TLS. */
const withoutTls = (Action: string, resource: object) => ({
  Effect: 'Deny',
  Principal: '*',
  Action,
  Resource: resource,
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});

const DEAD_LETTERS = { 'Fn::GetAtt': ['DeadLetterQueue', 'Arn'] };

const ROTATIONS = `Streams:
  - StreamName: orders.v2
    KeyIds: [alias/orders-a, alias/orders-b]
    Schedule: cron(0 3 1 * ? *)
    Timezone: Europe/Berlin
    MaximumWindowInMinutes: 60
    Alarms: ['orders "p99"', orders-kms]
    OnQuotaExhausted: WAIT
    BakeMinutes: 10
    BakeAlarms: ['errors "p99"']
    WatchStream: true
    Probe: {PartitionKey: 'probe <alarm>', Data: e30=}
  - StreamName: payments
    KeyIds:
      - 12345678-1234-1234-1234-123456789012
      - mrk-1234567890abcdef1234567890abcdef
      - arn:aws:kms:eu-west-1:999999999999:key/12345678-1234-1234-1234-123456789012
      - arn:aws:kms:eu-west-1:999999999999:alias/shared
`;

const WATCHED = WATCHED_METRICS.map((metric) =>
  watchAlarmName('prod', 'orders.v2', metric),
);

let run: Packaged;
let template: Template;
let asl: {
  States: Record<
    string,
    { Type: string; Resource?: string; TimeoutSeconds: number }
  >;
};

beforeAll(async () => {
  run = await packaged(ROTATIONS, ['--stage', 'prod', '--region', 'eu-west-1']);
  expect(run.output, run.output).toContain('Service packaged');
  template = await run.template();
  asl = JSON.parse(
    await readFile('statemachines/rotate-stream.asl.json', 'utf8'),
  );
});

afterAll(() => run.remove());

function get(logicalId: string): Resource {
  const resource = template.Resources[logicalId];
  if (resource === undefined) throw new Error(`There is no ${logicalId}`);
  return resource;
}

const ofType = (type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

function statementsOf({ Properties }: Resource): Statement[] {
  const policies = Properties.Policies as {
    PolicyDocument: { Statement: Statement[] };
  }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

const tasks = () =>
  Object.entries(asl.States).filter(([, { Type }]) => Type === 'Task');

describe('the state machine', () => {
  it('is a Standard one with the very definition that is in the repository', () => {
    const { Properties } = get('RotateStreamStateMachine');
    expect(Properties).toMatchObject({
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
    expect(JSON.parse(Properties.DefinitionString as string)).toEqual(asl);
  });

  it('calls the published version of a function for every Task', () => {
    const { DefinitionSubstitutions } = get('RotateStreamStateMachine')
      .Properties as {
      DefinitionSubstitutions: Record<string, { Ref: string }>;
    };
    for (const [name, { Resource: resource }] of tasks()) {
      expect(resource).toBe(`\${${name}FunctionArn}`);
      const version = get(
        DefinitionSubstitutions[`${name}FunctionArn`]?.Ref ?? '',
      );
      expect(version).toMatchObject({
        Type: 'AWS::Lambda::Version',
        // Executions that wait go on with the version that they started with.
        DeletionPolicy: 'Retain',
        Properties: { FunctionName: { Ref: `${name}LambdaFunction` } },
      });
    }
    expect(Object.keys(DefinitionSubstitutions)).toHaveLength(tasks().length);
  });

  it('may call every version of its functions, and nothing else', () => {
    const [functions, ...rest] = statementsOf(get('StateMachineRole'));
    expect(functions).toMatchObject({ Action: 'lambda:InvokeFunction' });
    const versions = list(functions?.Resource).map((one) =>
      JSON.stringify(one),
    );
    expect(versions.toSorted()).toEqual(
      tasks()
        .map(([name]) => ({ 'Fn::Sub': `\${${name}LambdaFunction.Arn}:*` }))
        .map((one) => JSON.stringify(one))
        .toSorted(),
    );
    expect(rest.map(({ Sid }) => Sid)).toEqual(['Log', 'Trace']);
  });

  it('waits longer for a Task than its function may run', () => {
    for (const [name, { TimeoutSeconds }] of tasks()) {
      const { Timeout } = get(`${name}LambdaFunction`).Properties;
      expect(Timeout).toBeLessThan(TimeoutSeconds);
    }
  });
});

describe("the fleet's state machine", () => {
  let fleet: typeof asl & {
    States: { RotateStreams: { ItemProcessor: typeof asl } };
  };
  beforeAll(async () => {
    fleet = JSON.parse(
      await readFile('statemachines/rotate-fleet.asl.json', 'utf8'),
    );
  });

  it('is a Standard one with the very definition that is in the repository', () => {
    const { Properties } = get('RotateFleetStateMachine');
    expect(Properties).toMatchObject({
      StateMachineName: 'kinesis-key-rotation-prod-rotate-fleet',
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
    const text = Properties.DefinitionString as string;
    const here = text.replace('arn:${Partition}:', 'arn:aws:');
    expect(JSON.parse(here)).toEqual(fleet);
    expect(template.Outputs).toMatchObject({
      FleetStateMachineArn: { Value: { Ref: 'RotateFleetStateMachine' } },
    });
  });

  it('starts rotate-stream, and calls published versions of its functions', () => {
    const { DefinitionSubstitutions } = get('RotateFleetStateMachine')
      .Properties as {
      DefinitionSubstitutions: Record<string, { Ref: string }>;
    };
    const { RotateStreamStateMachineArn, Partition, ...functions } =
      DefinitionSubstitutions;
    expect(Partition).toEqual({ Ref: 'AWS::Partition' });
    expect(RotateStreamStateMachineArn).toEqual({
      Ref: 'RotateStreamStateMachine',
    });
    expect(Object.keys(functions).sort()).toEqual(
      PURE.map((name) => `${name}FunctionArn`),
    );
    for (const name of PURE) {
      const { Ref = '' } = functions[`${name}FunctionArn`] ?? {};
      expect(get(Ref)).toMatchObject({
        Type: 'AWS::Lambda::Version',
        Properties: { FunctionName: { Ref: `${name}LambdaFunction` } },
      });
    }
  });

  it('may call its functions, start rotations, watch and stop them', () => {
    const [functions, rotate, watch, hear, ...rest] = statementsOf(
      get('FleetStateMachineRole'),
    );
    expect(functions).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Resource: PURE.map((name) => ({
        'Fn::Sub': `\${${name}LambdaFunction.Arn}:*`,
      })),
    });
    expect(rotate).toMatchObject({
      Action: 'states:StartExecution',
      Resource: { Ref: 'RotateStreamStateMachine' },
    });
    const { StateMachineName } = get('RotateStreamStateMachine').Properties;
    const here = '${AWS::Region}:${AWS::AccountId}';
    expect(watch).toMatchObject({
      Action: ['states:DescribeExecution', 'states:StopExecution'],
      Resource: {
        'Fn::Sub': `arn:\${AWS::Partition}:states:${here}:execution:${StateMachineName}:*`,
      },
    });
    expect(hear).toMatchObject({
      Action: ['events:DescribeRule', 'events:PutRule', 'events:PutTargets'],
      Resource: {
        'Fn::Sub': `arn:\${AWS::Partition}:events:${here}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule`,
      },
    });
    expect(rest.map(({ Sid }) => Sid)).toEqual(['Log', 'Trace']);
  });

  it('waits longer for a Task than its function may run', () => {
    const { RotateStreams, ...States } = fleet.States;
    const all = { ...States, ...RotateStreams.ItemProcessor.States };
    for (const name of PURE) {
      const { Timeout } = get(`${name}LambdaFunction`).Properties;
      expect(Timeout).toBeLessThan(all[name]?.TimeoutSeconds ?? 0);
    }
  });
});

/** A function is a file, named as its state. */
const FUNCTION_NAMES = globSync('functions/**/*.ts').map((file) =>
  basename(file, '.ts').replace(/(?:^|-)(\w)/g, (_, first: string) =>
    first.toUpperCase(),
  ),
);

describe('a function', () => {
  it('is there for every file of functions/', () => {
    expect(
      ofType('AWS::Lambda::Function')
        .map(([id]) => id)
        .sort(),
    ).toEqual(FUNCTION_NAMES.map((name) => `${name}LambdaFunction`).sort());
  });

  it.each(FUNCTION_NAMES)(
    '%s may do what its code calls, no more',
    async (name) => {
      const { Properties } = get(`${name}LambdaFunction`);
      expect(Properties.Role).toEqual({ 'Fn::Sub': `\${${name}Role.Arn}` });
      const calls = await sdkCalls(sourceFile(String(Properties.Handler)));
      const actions = statementsOf(get(`${name}Role`)).flatMap(({ Action }) =>
        list(Action),
      );
      const async = ASYNCHRONOUS.includes(name) ? ['sqs:SendMessage'] : [];
      expect([...new Set(actions)].sort()).toEqual(
        [...calls, ...OF_LAMBDA, ...(ON_BEHALF[name] ?? []), ...async].sort(),
      );
      expect(calls.length === 0).toBe(PURE.includes(name));
    },
  );

  it('knows the ledger, and those that end a rotation the event bus', () => {
    const telling: string[] = [];
    for (const [id, { Properties }] of ofType('AWS::Lambda::Function')) {
      const { Variables } = Properties.Environment as {
        Variables: Record<string, unknown>;
      };
      expect(Variables).toMatchObject({
        STAGE: 'prod',
        LEDGER_TABLE_NAME: { Ref: 'LedgerTable' },
      });
      if (Variables.EVENT_BUS_NAME === 'default') telling.push(id);
    }
    expect(telling.sort()).toEqual([
      'CompleteRotationLambdaFunction',
      'SettleFailureLambdaFunction',
      'SweepDriftLambdaFunction',
    ]);
    expect(
      get('RecordExternalStartLambdaFunction').Properties.Environment,
    ).toMatchObject({ Variables: { PARTITION: { Ref: 'AWS::Partition' } } });
  });

  it('ends before its Task does, after 50 s; the sweep after four minutes', () => {
    for (const [id, { Properties }] of ofType('AWS::Lambda::Function')) {
      const seconds = id === 'SweepDriftLambdaFunction' ? 240 : 50;
      expect(Properties.Timeout, id).toBe(seconds);
    }
  });

  it('has the memory that the cost of a rotation counts; the sweep less', () => {
    for (const [id, { Properties }] of ofType('AWS::Lambda::Function')) {
      const megabytes =
        id === 'SweepDriftLambdaFunction' ? 256 : LAMBDA_MEGABYTES;
      expect(Properties.MemorySize, id).toBe(megabytes);
    }
  });

  it('has a role that no other has', () => {
    const roles = ofType('AWS::Lambda::Function').map(([, { Properties }]) =>
      JSON.stringify(Properties.Role),
    );
    expect(new Set(roles).size).toBe(roles.length);
  });

  it('carries the rings only where it checks them or sweeps by them', async () => {
    const bundles = await bundlesIn(run.directory);
    const carriers = bundles
      .filter(({ code }) => Buffer.from(code).includes('alias/orders-a'))
      .map(({ name }) => name);
    expect(carriers.sort()).toEqual([
      'PlanRotation',
      'StartEncryption',
      'SweepDrift',
    ]);
  });

  it('is small, since its bundle is minified with the SDK inside', async () => {
    const bundles = await bundlesIn(run.directory);
    expect(bundles.map(({ name }) => name).sort()).toEqual(
      [...FUNCTION_NAMES].sort(),
    );
    for (const { name, code } of bundles) {
      expect(code.length, name).toBeLessThanOrEqual(BUNDLE_BYTES);
      const text = Buffer.from(code).toString();
      expect(text).not.toMatch(/[=(]require\("@(aws-sdk|smithy)/);
    }
  });
});

describe('the key of the topics', () => {
  it('encrypts both', () => {
    const topics = ofType('AWS::SNS::Topic');
    expect(topics).toHaveLength(2);
    for (const [, { Properties }] of topics) {
      expect(Properties.KmsMasterKeyId).toEqual({ Ref: 'TopicKey' });
    }
  });

  it('is for the alarms of the stage, and whom IAM allows', () => {
    const { KeyPolicy } = get('TopicKey').Properties as {
      KeyPolicy: { Statement: { Principal: object; Condition?: object }[] };
    };
    const arn = (rest: string) => ({
      'Fn::Sub': expect.stringMatching(`^arn:\\$\\{AWS::Partition\\}:${rest}$`),
    });
    expect(KeyPolicy.Statement).toMatchObject([
      {
        Principal: { AWS: arn('iam::\\$\\{AWS::AccountId\\}:root') },
        Action: 'kms:*',
      },
      {
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        Condition: {
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
          ArnLike: {
            'aws:SourceArn': arn(
              'cloudwatch:.*:alarm:kinesis-key-rotation-prod-\\*',
            ),
          },
        },
      },
    ]);
    expect(KeyPolicy.Statement).toHaveLength(2);
  });
});

describe('rights', () => {
  const all = () =>
    ofType('AWS::IAM::Role').flatMap(([id, role]) =>
      statementsOf(role).map((statement) => ({ id, ...statement })),
    );

  it('have no action with a wildcard', () => {
    for (const { Action } of all()) {
      for (const action of list(Action)) expect(action).not.toContain('*');
    }
  });

  it('have every resource only where AWS offers no other', () => {
    const everywhere = all().filter(({ Resource: resource }) =>
      list(resource).includes('*'),
    );
    const actions = new Set(everywhere.flatMap(({ Action }) => list(Action)));
    for (const action of actions) {
      expect(action).toMatch(
        /^xray:(Put(TraceSegments|TelemetryRecords)|GetSampling(Rules|Targets))$|^logs:(Create|Delete|Get|List|Update)LogDeliver(y|ies)$|^logs:(Describe|Put)(LogGroups|ResourcePolic(y|ies))$/,
      );
    }
  });

  it('to streams name the streams of rotations.yml', () => {
    const onStreams = all().filter(({ Sid }) => Sid === 'Streams');
    expect(onStreams.map(({ id }) => id)).toEqual([
      'DescribeStreamRole',
      'PlanRollbackRole',
      'PlanRotationRole',
      'StartEncryptionRole',
      'SweepDriftRole',
      'VerifyEncryptionRole',
    ]);
    for (const { Resource: resource } of onStreams) {
      expect(resource).toEqual(
        ['orders.v2', 'payments'].map((name) => ({
          'Fn::Sub': `arn:\${AWS::Partition}:kinesis:\${AWS::Region}:\${AWS::AccountId}:stream/${name}`,
        })),
      );
    }
  });

  it('to keys take those of the account, for Kinesis and the listed streams, and name those of others', () => {
    const onKeys = statementsOf(get('VerifyEncryptionRole')).filter(({ Sid }) =>
      Sid.startsWith('Keys'),
    );
    const here = 'arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:';
    const there = 'arn:aws:kms:eu-west-1:999999999999:';
    const Condition = {
      StringLike: {
        'kms:ViaService': {
          'Fn::Sub': 'kinesis.${AWS::Region}.amazonaws.com*',
        },
      },
      StringEquals: {
        'kms:EncryptionContext:aws:kinesis:arn': ['orders.v2', 'payments'].map(
          (name) => ({
            'Fn::Sub': `arn:\${AWS::Partition}:kinesis:\${AWS::Region}:\${AWS::AccountId}:stream/${name}`,
          }),
        ),
      },
    };
    const allow = { Effect: 'Allow', Action: ['kms:GenerateDataKey'] };
    expect(onKeys).toEqual([
      {
        Sid: 'Keys',
        ...allow,
        Resource: [
          { 'Fn::Sub': `${here}key/*` },
          `${there}key/12345678-1234-1234-1234-123456789012`,
        ],
        Condition,
      },
      {
        Sid: 'KeysByAlias',
        ...allow,
        Resource: [`${there}key/*`],
        Condition: {
          ...Condition,
          'ForAnyValue:StringEquals': {
            'kms:ResourceAliases': ['alias/shared'],
          },
        },
      },
    ]);
  });
});

describe('what ends and settles an execution', () => {
  it('lets outcomes be published under our source alone', () => {
    for (const name of ['CompleteRotation', 'SettleFailure']) {
      const [notify] = statementsOf(get(`${name}Role`)).filter(
        ({ Sid }) => Sid === 'Notify',
      );
      expect(notify?.Condition).toEqual({
        'ForAllValues:StringEquals': {
          'events:source': 'kinesis-key-rotation',
        },
        Null: { 'events:source': 'false' },
      });
    }
  });

  it('lets only its rule call SettleFailure, which is retried twice', () => {
    expect(get('SettlePermission').Properties).toMatchObject({
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': ['SettleRule', 'Arn'] },
    });
    expect(get('SettleInvocations').Properties).toMatchObject({
      FunctionName: { Ref: 'SettleFailureLambdaFunction' },
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: DEAD_LETTERS } },
    });
    expect(get('SweepDriftInvocations').Properties).toMatchObject({
      MaximumRetryAttempts: 0,
    });
  });

  it('alarms of executions that failed, timed out or were aborted', () => {
    const text = JSON.stringify(ofType('AWS::CloudWatch::Alarm'));
    for (const metric of ['Failed', 'TimedOut', 'Aborted']) {
      expect(text).toContain(`"MetricName":"Executions${metric}"`);
    }
  });
});

describe('the right to start encryption', () => {
  it('is there on the keys, too, which Kinesis asks for', () => {
    const [statement] = statementsOf(get('StartEncryptionRole')).filter(
      ({ Sid }) => Sid === 'StartWithKeys',
    );
    expect(statement?.Action).toEqual(['kinesis:StartStreamEncryption']);
    const here = 'arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:';
    expect(statement?.Resource).toEqual([
      { 'Fn::Sub': `${here}key/*` },
      { 'Fn::Sub': `${here}alias/*` },
      'arn:aws:kms:eu-west-1:999999999999:key/12345678-1234-1234-1234-123456789012',
      'arn:aws:kms:eu-west-1:999999999999:key/*',
      'arn:aws:kms:eu-west-1:999999999999:alias/shared',
    ]);
  });
});

describe('the ledger', () => {
  it('outlives the stack, is backed up, and expires only records', () => {
    expect(get('LedgerTable')).toMatchObject({
      // A first deployment that fails leaves none.
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        SSESpecification: { SSEEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'ExpiresAt', Enabled: true },
      },
    });
  });
});

describe('every target', () => {
  const targets = (): Target[] => [
    ...ofType('AWS::Events::Rule').flatMap(
      ([, { Properties }]) => Properties.Targets as Target[],
    ),
    ...ofType('AWS::Scheduler::Schedule').map(
      ([, { Properties }]) => Properties.Target as Target,
    ),
  ];

  it('has a dead-letter queue', () => {
    expect(targets()).toHaveLength(2 + 3 + 1 + 1 + 1 + 2);
    for (const { DeadLetterConfig } of targets()) {
      expect(DeadLetterConfig).toEqual({ Arn: DEAD_LETTERS });
    }
  });

  it('that is a function has one for what it fails at, too', () => {
    const functions = targets().flatMap(({ Arn }) => {
      const [id = '', attribute] = (Arn as { 'Fn::GetAtt'?: string[] })[
        'Fn::GetAtt'
      ] ?? [''];
      return attribute === 'Arn' ? [id] : [];
    });
    const invoked = [...new Set(functions)].sort();
    expect(invoked).toEqual(
      ASYNCHRONOUS.map((name) => `${name}LambdaFunction`),
    );
    const configured = ofType('AWS::Lambda::EventInvokeConfig').map(
      ([, { Properties }]) => {
        expect(Properties.DestinationConfig).toEqual({
          OnFailure: { Destination: DEAD_LETTERS },
        });
        return (Properties.FunctionName as { Ref: string }).Ref;
      },
    );
    expect(configured.sort()).toEqual(invoked);
  });

  it('can be reached by rules whose names the queue lets in', () => {
    const { PolicyDocument } = get('DeadLetterQueuePolicy').Properties as {
      PolicyDocument: {
        Statement: {
          Condition: { ArnLike: Record<string, { 'Fn::Sub': string }[]> };
        }[];
      };
    };
    const [statement] = PolicyDocument.Statement;
    const allowed = (statement?.Condition.ArnLike['aws:SourceArn'] ?? []).map(
      ({ 'Fn::Sub': arn }) => {
        const [, name = ''] = arn.split(':rule/');
        return new RegExp(`^${name.replace('*', '.*')}$`);
      },
    );
    for (const [, { Properties }] of ofType('AWS::Events::Rule')) {
      const name = String(Properties.Name);
      expect(allowed.filter((pattern) => pattern.test(name))).toHaveLength(1);
      const other = name.replace('-prod-', '-prod-b-');
      expect(allowed.some((pattern) => pattern.test(other))).toBe(false);
    }
  });

  it('takes nothing without TLS', () => {
    const { PolicyDocument } = get('DeadLetterQueuePolicy').Properties as {
      PolicyDocument: { Statement: object[] };
    };
    expect(PolicyDocument.Statement[1]).toMatchObject(
      withoutTls('sqs:*', DEAD_LETTERS),
    );
  });

  it('raises an alarm when it was not reached', () => {
    expect(get('DeadLettersAlarm').Properties).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      AlarmActions: TOPICS,
    });
  });
});

describe('the schedules', () => {
  it('are one for each stream that has one, and the sweep', () => {
    const schedules = ofType('AWS::Scheduler::Schedule').map(
      ([, { Properties }]) => Properties,
    );
    expect(schedules.map(({ Name }) => Name)).toEqual([
      'rotate-orders.v2',
      'sweep-drift',
    ]);
    const [rotate] = schedules;
    expect(rotate).toMatchObject({
      GroupName: { Ref: 'ScheduleGroup' },
      ScheduleExpression: 'cron(0 3 1 * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 60 },
      Target: {
        Arn: { Ref: 'RotateStreamStateMachine' },
        RetryPolicy: { MaximumRetryAttempts: 60 },
      },
    });
    const { Input } = (rotate?.Target ?? {}) as { Input: string };
    expect(JSON.parse(Input)).toEqual({
      StreamName: 'orders.v2',
      KeyIds: ['alias/orders-a', 'alias/orders-b'],
      OnQuotaExhausted: 'WAIT',
      BakeMinutes: 10,
      BakeAlarms: ['errors "p99"', ...WATCHED],
      Probe: { PartitionKey: 'probe <alarm>', Data: 'e30=' },
      Mode: 'ROTATE',
      UnlessAppliedSince: '<aws.scheduler.scheduled-time>',
      Trigger: {
        Source: 'schedule',
        ScheduleArn: '<aws.scheduler.schedule-arn>',
        ScheduledTime: '<aws.scheduler.scheduled-time>',
      },
    });
  });
});

describe('the topics', () => {
  it('take messages from PublishOutcome and the alarms of the stack alone', () => {
    const publishers = ofType('AWS::IAM::Role').filter(([, role]) =>
      statementsOf(role).some(({ Action }) =>
        list(Action).includes('sns:Publish'),
      ),
    );
    expect(publishers.map(([id]) => id)).toEqual(['PublishOutcomeRole']);
    const [, role] = publishers[0] ?? [];
    expect(role && statementsOf(role)).toContainEqual({
      Sid: 'Publish',
      Effect: 'Allow',
      Action: ['sns:Publish'],
      Resource: TOPICS,
    });
    for (const topic of TOPICS) {
      const { Topics, PolicyDocument } = get(`${topic.Ref}Policy`)
        .Properties as {
        Topics: object[];
        PolicyDocument: { Statement: (Statement & { Principal: object })[] };
      };
      expect(Topics).toEqual([topic]);
      expect(PolicyDocument.Statement).toMatchObject([
        {
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Action: 'sns:Publish',
          Resource: topic,
          Condition: { ArnLike: { 'aws:SourceArn': expect.any(Array) } },
        },
        withoutTls('sns:Publish', topic),
      ]);
    }
  });

  it('receive every alarm, of which the policy has the name', () => {
    const { PolicyDocument } = get('FailureTopicPolicy').Properties as {
      PolicyDocument: {
        Statement: {
          Condition: { ArnLike: Record<string, { 'Fn::Sub': string }[]> };
        }[];
      };
    };
    const [statement] = PolicyDocument.Statement;
    const allowed = (statement?.Condition.ArnLike['aws:SourceArn'] ?? []).map(
      ({ 'Fn::Sub': arn }) =>
        new RegExp(`^${arn.split(':alarm:')[1]?.replace('*', '.*')}$`),
    );
    const found = ofType('AWS::CloudWatch::Alarm').filter(
      ([, { Properties }]) => !WATCHED.includes(String(Properties.AlarmName)),
    );
    expect(found).toHaveLength(5);
    for (const [id, { Properties }] of found) {
      const name = String(Properties.AlarmName);
      expect(allowed.filter((pattern) => pattern.test(name))).toHaveLength(1);
      for (const [field, actions] of Object.entries(Properties)) {
        if (/^(Alarm|OK|InsufficientData)Actions$/.test(field)) {
          expect(actions, `${id} ${field}`).toEqual(TOPICS);
        }
      }
      expect(Properties, id).toHaveProperty('AlarmActions');
    }
  });

  it('are outputs of the stack', () => {
    expect(template.Outputs).toMatchObject({
      NotificationTopicArn: { Value: { Ref: 'NotificationTopic' } },
      FailureTopicArn: { Value: { Ref: 'FailureTopic' } },
    });
  });

  it('are those that PublishOutcome knows, with the runbook', () => {
    const { Environment } = get('PublishOutcomeLambdaFunction').Properties;
    expect(Environment).toMatchObject({
      Variables: {
        TOPIC_ARN: { Ref: 'NotificationTopic' },
        FAILURE_TOPIC_ARN: { Ref: 'FailureTopic' },
        RUNBOOK,
      },
    });
  });
});

describe('the description of an alarm', () => {
  const descriptions = () =>
    ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => ({
      name: String(Properties.AlarmName),
      text: String(Properties.AlarmDescription),
    }));

  it('links to the runbook, to a heading that is there', async () => {
    const page = await readFile(RUNBOOK, 'utf8');
    for (const { name, text } of descriptions()) {
      const [, anchor] =
        / Runbook: docs\/operations\.md#(\S+)$/.exec(text) ?? [];
      expect(anchor, name).toBeDefined();
      expect(anchorsOf(page), name).toContain(anchor);
    }
  });

  it('names the stream of a drift alarm, and what the others need', () => {
    const texts = new Map(descriptions().map(({ name, text }) => [name, text]));
    const stage = 'kinesis-key-rotation-prod';
    expect(texts.get(`${stage}-drift-orders.v2`)).toMatch(
      /^ALARM: stream orders\.v2 is .* INSUFFICIENT_DATA: no sweep /,
    );
    expect(texts.get(`${stage}-failed-rotations`)).toContain(
      'npx kinesis-key-rotation history --stage prod --status FAILED',
    );
    expect(texts.get(`${stage}-dead-letters`)).toContain(
      'kinesis-key-rotation-prod-dead-letters',
    );
  });

  it('fits CloudWatch, with the longest name and a long link', () => {
    const runbook = `https://wiki.example.com/${'x'.repeat(400)}`;
    const longest = { StreamName: 'x'.repeat(128), KeyIds: ['a', 'b'] };
    const [alarm] = Object.values(alarms([longest], 'prod', DEFAULTS, runbook));
    const text = String(alarm?.Properties.AlarmDescription);
    expect(text).toContain(`Runbook: ${runbook}#alarm-drift`);
    expect(text.length).toBeLessThanOrEqual(1024);
    for (const one of descriptions()) {
      expect(one.text.length + 400).toBeLessThanOrEqual(1024);
    }
  });
});

describe('the rule of the topic', () => {
  it.each([
    [undefined, true],
    [{ Source: 'alarm' }, true],
    [{ Source: 'alarm', Attempt: 2 }, false],
  ])('takes an outcome with Trigger %j: %s', (Trigger, expected) => {
    const { detail } = get('NotifyRule').Properties.EventPattern as {
      detail: { Trigger: object };
    };
    const pattern = { detail: { Trigger: detail.Trigger } };
    const event = { detail: { RotationId: 'x', ...(Trigger && { Trigger }) } };
    expect(matchesPattern(pattern, event)).toBe(expected);
  });
});

it('sweeps, and looks at the drift of a sweep, as often as Deployment says', () => {
  const entry = { StreamName: 'orders', KeyIds: ['a', 'b'] };
  const deployment = { SweepMinutes: 15 };
  const { SweepSchedule } = schedules([entry], deployment);
  const [alarm] = Object.values(alarms([entry], 'prod', deployment));
  expect(SweepSchedule?.Properties.ScheduleExpression).toBe('rate(15 minutes)');
  expect(alarm?.Properties.Period).toBe(900);
});

describe('a stream with OnDrift ALERT', () => {
  const entry = { StreamName: 'orders', KeyIds: ['a', 'b'] };
  const rulesOf = (fields: Partial<RotationsStream>) =>
    Object.values(alarms([{ ...entry, ...fields }], 'prod', DEFAULTS))
      .filter(({ Type }) => Type === 'AWS::Events::Rule')
      .map(({ Properties }) => Properties.EventPattern);

  it('has a drift alarm, and no rule that restores for it', () => {
    const drift = 'kinesis-key-rotation-prod-drift-orders';
    expect(rulesOf({})).toMatchObject([{ detail: { alarmName: [drift] } }]);
    expect(rulesOf({ OnDrift: 'ALERT' })).toEqual([]);
    expect(rulesOf({ OnDrift: 'ALERT', Alarms: ['mine'] })).toMatchObject([
      { detail: { alarmName: ['mine'] } },
    ]);
    const [alarm] = Object.values(
      alarms([{ ...entry, OnDrift: 'ALERT' }], 'prod', DEFAULTS),
    );
    expect(alarm?.Properties.AlarmName).toBe(drift);
    expect(alarm?.DependsOn).toEqual([
      'NotificationTopicPolicy',
      'FailureTopicPolicy',
    ]);
  });

  it('reaches the sweep', () => {
    const { SweepSchedule } = schedules(
      [{ ...entry, OnDrift: 'ALERT' }],
      DEFAULTS,
    );
    const { Target } = (SweepSchedule as Resource).Properties;
    const { Input } = Target as { Input: string };
    expect(JSON.parse(Input)).toMatchObject({
      ScheduledTime: '<aws.scheduler.scheduled-time>',
      Streams: [{ StreamName: 'orders', OnDrift: 'ALERT' }],
    });
  });
});

describe('a schedule', () => {
  it.each([
    [['alias/a', 'alias/b'], 'Moves orders to the next key of its ring'],
    [
      ['alias/a'],
      'Applies the alias of orders again if it resolves to another key',
    ],
  ])('with the ring %j says what it does', (KeyIds, description) => {
    const entry = { StreamName: 'orders', KeyIds, Schedule: 'rate(90 days)' };
    const made = Object.values(schedules([entry], DEFAULTS)).flatMap(
      ({ Properties }) => Properties.Description ?? [],
    );
    expect(made).toContain(description);
  });
});

describe('every rule', () => {
  it('takes events of its own account only', () => {
    const rules = ofType('AWS::Events::Rule');
    expect(rules.length).toBeGreaterThan(4);
    for (const [id, { Properties }] of rules) {
      const { account } = Properties.EventPattern as { account: unknown };
      expect(account, id).toEqual([{ Ref: 'AWS::AccountId' }]);
    }
  });
});

describe('the alarm rules', () => {
  const rules = () =>
    ofType('AWS::Events::Rule')
      .filter(([id]) => id.startsWith('AlarmRule'))
      .map(([, { Properties }]) => Properties);

  it('are one for each stream, for its drift alarm and its own', () => {
    const alarms = ofType('AWS::CloudWatch::Alarm')
      .filter(([id]) => id.startsWith('DriftAlarm'))
      .map(([, { Properties }]) => Properties.AlarmName);
    expect(alarms).toEqual([
      'kinesis-key-rotation-prod-drift-orders.v2',
      'kinesis-key-rotation-prod-drift-payments',
    ]);
    expect(rules().map(({ EventPattern }) => EventPattern)).toEqual([
      pattern(alarms[0], 'orders "p99"', 'orders-kms'),
      pattern(alarms[1]),
    ]);
  });

  const pattern = (...alarmName: unknown[]) => ({
    source: ['aws.cloudwatch'],
    account: [{ Ref: 'AWS::AccountId' }],
    'detail-type': ['CloudWatch Alarm State Change'],
    detail: { alarmName, state: { value: ['ALARM'] } },
  });

  it('ask for a RESTORE, with the whole event and no single value of it', () => {
    const [first] = rules();
    const [{ InputTransformer }] = (first?.Targets ?? []) as [
      { InputTransformer: { InputTemplate: string } },
    ];
    const { InputTemplate, ...others } = InputTransformer;
    expect(others).toEqual({});
    const placeholders = InputTemplate.match(/<[\w.-]+>/g);
    expect(placeholders).toEqual(['<aws.events.event.json>']);
    expect(JSON.parse(InputTemplate.replace(/<[\w.-]+>/, '{}'))).toEqual({
      StreamName: 'orders.v2',
      KeyIds: ['alias/orders-a', 'alias/orders-b'],
      OnQuotaExhausted: 'WAIT',
      Probe: { PartitionKey: 'probe <alarm>', Data: 'e30=' },
      Mode: 'RESTORE',
      Trigger: { Source: 'alarm', Event: {} },
    });
  });

  it('are two where alarms ask for the key before, each with its mode', () => {
    const entry: RotationsStream = {
      StreamName: 'orders',
      KeyIds: ['alias/a', 'alias/b'],
      Alarms: ['mine', { Name: 'kms', Mode: 'REVERT' }],
      RevertWithinMinutes: 60,
      BakeMinutes: 5,
      BakeAlarms: ['errors'],
    };
    const made = Object.values(alarms([entry], 'prod', DEFAULTS))
      .filter(({ Type }) => Type === 'AWS::Events::Rule')
      .map(({ Properties }) => {
        const { Name, EventPattern, Targets } = Properties;
        const [{ InputTransformer }] = Targets as [
          { InputTransformer: { InputTemplate: string } },
        ];
        const { detail } = EventPattern as { detail: { alarmName: string[] } };
        const { Trigger: _, ...request } = JSON.parse(
          InputTransformer.InputTemplate.replace(/<[\w.-]+>/, '{}'),
        );
        return { Name, alarms: detail.alarmName, request };
      });
    const { StreamName, KeyIds } = entry;
    const common = { StreamName, KeyIds, OnQuotaExhausted: 'WAIT' };
    expect(made).toEqual([
      {
        Name: 'kinesis-key-rotation-prod-alarm-orders',
        alarms: ['kinesis-key-rotation-prod-drift-orders', 'mine'],
        request: { ...common, Mode: 'RESTORE' },
      },
      {
        Name: 'kinesis-key-rotation-prod-revert-orders',
        alarms: ['kms'],
        request: { ...common, RevertWithinMinutes: 60, Mode: 'REVERT' },
      },
    ]);
  });

  it('make a valid request of every alarm, whatever its name and reason', async () => {
    const [id = ''] = ofType('AWS::Events::Rule').find(([id]) =>
      id.startsWith('AlarmRuleOrdersV2'),
    ) as [string, unknown];
    const [Target] = get(id).Properties.Targets as [TargetInput];
    const sample = (await sampleEvent('drift-alarm')) as EventBridgeEvent;
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 1100 }),
      fc.string({
        unit: fc.constantFrom(
          '"',
          '\\',
          '\n',
          '\u0000',
          '<',
          '>',
          '}',
          '😀',
          'a',
        ),
      }),
      fc.constant('","KeyId":"alias/evil","x":"'),
    );
    fc.assert(
      fc.property(text, text, (alarmName, reason) => {
        const { detail } = sample as { detail: { state: object } };
        const state = { ...detail.state, reason };
        const event = { ...sample, detail: { ...detail, alarmName, state } };
        const input = targetInput(Target, event, {
          name: 'rule',
          arn: 'arn',
          ingestionTime: '2026-01-01T00:00:00Z',
        });
        const { Trigger, ...request } = parseRequest(input);
        expect(request).toEqual(EXPECTED_REQUEST);
        expect(Trigger).toEqual({
          Source: 'alarm',
          AlarmName: kept(alarmName),
          Reason: kept(reason),
          Time: expect.any(String),
        });
      }),
      { numRuns: 20_000 },
    );
  });

  const kept = (text: string) => text.slice(0, 1024).toWellFormed();
  const EXPECTED_REQUEST = {
    StreamName: 'orders.v2',
    EncryptionType: 'KMS',
    KeyIds: ['alias/orders-a', 'alias/orders-b'],
    Mode: 'RESTORE',
    OnQuotaExhausted: 'WAIT',
    OnVerificationFailed: 'ROLL_BACK',
    KeepSlotForRollback: false,
    Force: false,
    Probe: { PartitionKey: 'probe <alarm>', Data: 'e30=' },
  };
});

describe('the rule of calls that CloudTrail reports', () => {
  it('records them, and looks at the stream at once', () => {
    const { EventPattern, Targets } = get('RecordExternalStartRule').Properties;
    expect(EventPattern).toMatchObject({
      detail: {
        eventName: ['StartStreamEncryption', 'StopStreamEncryption'],
        errorCode: [{ exists: false }],
      },
    });
    const targets = ['RecordExternalStart', 'SweepDrift'].map((Id) => ({
      Id,
      Arn: { 'Fn::GetAtt': [`${Id}LambdaFunction`, 'Arn'] },
      DeadLetterConfig: { Arn: DEAD_LETTERS },
    }));
    expect(Targets).toEqual(targets);
    const permitted = ofType('AWS::Lambda::Permission')
      .map(([, { Properties }]) => Properties)
      .filter(({ SourceArn }) =>
        JSON.stringify(SourceArn).includes('RecordExternalStartRule'),
      );
    expect(permitted.map(({ FunctionName }) => FunctionName)).toEqual(
      expect.arrayContaining(
        targets.map(({ Id }) => ({ Ref: `${Id}LambdaFunction` })),
      ),
    );
  });
});

describe('the alarms of WatchStream', () => {
  const watched = () =>
    ofType('AWS::CloudWatch::Alarm').filter(([id]) => id.startsWith('Watch'));

  it("are on the stream's own metrics, and notify no topic", () => {
    const byName = new Map(
      watched().map(([, { Properties }]) => [Properties.AlarmName, Properties]),
    );
    expect(byName.size).toBe(WATCHED.length);
    for (const [at, AlarmName] of WATCHED.entries()) {
      expect(byName.get(AlarmName)).toMatchObject({
        Namespace: 'AWS/Kinesis',
        MetricName: WATCHED_METRICS[at]?.MetricName,
        Dimensions: [{ Name: 'StreamName', Value: 'orders.v2' }],
        Period: 60,
        TreatMissingData: 'notBreaching',
      });
    }
    for (const [, { Properties }] of watched()) {
      expect(Properties).not.toHaveProperty('AlarmActions');
    }
  });

  it('are what WatchAlarms may describe, beside those of BakeAlarms', () => {
    const { Policies } = get('WatchAlarmsRole').Properties as {
      Policies: { PolicyDocument: { Statement: Statement[] } }[];
    };
    const statements = Policies.flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    );
    const statement = statements.find(({ Sid }) => Sid === 'Alarms');
    expect(
      list(statement?.Resource).map(
        (arn) => JSON.stringify(arn).split(':alarm:')[1],
      ),
    ).toEqual(
      ['errors "p99"', ...WATCHED].map((name) =>
        expect.stringContaining(JSON.stringify(name).slice(1, -1)),
      ),
    );
  });

  it('are there before the schedule that needs them', () => {
    const schedule = ofType('AWS::Scheduler::Schedule').find(([id]) =>
      id.startsWith('RotateScheduleOrdersV2'),
    );
    expect(list(schedule?.[1].DependsOn).toSorted()).toEqual(
      watched()
        .map(([id]) => id)
        .toSorted(),
    );
  });
});

describe('the drift alarm', () => {
  it('needs one datapoint of drift, and notifies when data is missing', () => {
    const [, alarm] =
      ofType('AWS::CloudWatch::Alarm').find(([id]) =>
        id.startsWith('DriftAlarmPayments'),
      ) ?? [];
    expect(alarm?.Properties).toMatchObject({
      Namespace: 'KinesisKeyRotation',
      MetricName: 'Drift',
      Period: 300,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 1,
      TreatMissingData: 'missing',
      InsufficientDataActions: TOPICS,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
    });
  });

  it('comes after all that its first ALARM needs', () => {
    for (const stream of ['OrdersV2', 'Payments']) {
      const named = (prefix: string) =>
        Object.keys(template.Resources).find((id) =>
          id.startsWith(`${prefix}${stream}`),
        ) ?? '';
      expect(get(named('DriftAlarm')).DependsOn).toEqual([
        'NotificationTopicPolicy',
        'FailureTopicPolicy',
        named('AlarmRule'),
      ]);
    }
  });

  it('is fed by a sweep that knows every stream and its ring', () => {
    const { Properties } = get('SweepSchedule');
    expect(Properties.ScheduleExpression).toBe('rate(5 minutes)');
    const { Input } = Properties.Target as { Input: string };
    const { Streams } = JSON.parse(Input) as {
      Streams: { StreamName: string }[];
    };
    expect(Streams.map(({ StreamName }) => StreamName)).toEqual([
      'orders.v2',
      'payments',
    ]);
  });
});

describe('the alarm on needed keys', () => {
  it('is one for all streams, and OK without a datapoint', () => {
    expect(get('NeededKeysAlarm').Properties).toMatchObject({
      AlarmName: 'kinesis-key-rotation-prod-needed-keys',
      Namespace: 'KinesisKeyRotation',
      MetricName: 'NeededKeyAtRisk',
      Dimensions: [
        { Name: 'service', Value: 'kinesis-key-rotation' },
        { Name: 'Stage', Value: 'prod' },
      ],
      Statistic: 'Maximum',
      Period: 300,
      DatapointsToAlarm: 1,
      Threshold: 1,
      TreatMissingData: 'notBreaching',
      AlarmActions: TOPICS,
      OKActions: TOPICS,
    });
  });

  it('comes with the message of its stage alone', async () => {
    const { EventPattern, Targets } = get('NotifyRiskRule').Properties;
    const pattern = resolved(EventPattern);
    const event = (await sampleEvent('key-at-risk')) as { detail: object };
    const of = (Stage: string) =>
      matchesPattern(pattern, {
        ...event,
        detail: { ...event.detail, Stage },
      } as EventBridgeEvent);
    expect([of('prod'), of('dev')]).toEqual([true, false]);
    expect(Targets).toMatchObject([
      { Arn: { 'Fn::GetAtt': ['PublishOutcomeLambdaFunction', 'Arn'] } },
    ]);
  });
});

describe('the rule of key states', () => {
  const matches = async (name: string, detail: object = {}) => {
    const { EventPattern } = get('KeyStateRule').Properties;
    const event = (await sampleEvent(name)) as { detail: object };
    return matchesPattern(resolved(EventPattern), {
      ...event,
      detail: { ...event.detail, ...detail },
    } as EventBridgeEvent);
  };

  it.each([
    'DisableKey',
    'ScheduleKeyDeletion',
    'DeleteImportedKeyMaterial',
    'EnableKey',
    'CancelKeyDeletion',
    'ImportKeyMaterial',
  ])('takes the call %s, unless it failed', async (eventName) => {
    expect(await matches('kms-disable-key', { eventName })).toBe(true);
    const refused = { eventName, errorCode: 'AccessDeniedException' };
    expect(await matches('kms-disable-key', refused)).toBe(false);
  });

  it("takes KMS's own events, and no other calls", async () => {
    expect(await matches('kms-key-deletion')).toBe(true);
    const Decrypt = { eventName: 'Decrypt' };
    expect(await matches('kms-disable-key', Decrypt)).toBe(false);
    expect(await matches('start-stream-encryption')).toBe(false);
  });

  it('invokes the sweep, which it may', () => {
    expect(get('KeyStateRule').Properties.Targets).toMatchObject([
      { Arn: { 'Fn::GetAtt': ['SweepDriftLambdaFunction', 'Arn'] } },
    ]);
    expect(get('KeyStatePermission').Properties).toMatchObject({
      FunctionName: { Ref: 'SweepDriftLambdaFunction' },
      SourceArn: { 'Fn::GetAtt': ['KeyStateRule', 'Arn'] },
    });
  });
});

/** A pattern in the account of the sample events. */
const resolved = (pattern: unknown): unknown =>
  JSON.parse(
    JSON.stringify(pattern).replaceAll(
      '{"Ref":"AWS::AccountId"}',
      '"000000000000"',
    ),
  );

describe('what starts rotations', () => {
  const SAFETY_NET = [
    'SettleRule',
    'SettlePermission',
    'SettleInvocations',
    'RecordExternalStartRule',
    'RecordExternalStartPermission',
    'SweepReportedPermission',
    'NotifyRule',
    'NotifyPermission',
    'NotifyInvocations',
    'NotifyRiskRule',
    'NotifyRiskPermission',
    'NotificationTopicPolicy',
    'FailureTopicPolicy',
    'DeadLetterQueuePolicy',
    'DeadLettersAlarm',
    'FailedRotationsAlarm',
  ];

  /** What CloudFormation creates before a resource, whatever the order of the rest. */
  function createdBefore(id: string, seen = new Set<string>()): Set<string> {
    const { DependsOn = [], Properties } = get(id);
    const text = JSON.stringify(Properties);
    const named = Object.keys(template.Resources).filter((other) =>
      [`"Ref":"${other}"`, `["${other}",`, `\${${other}.`, `\${${other}}`].some(
        (reference) => text.includes(reference),
      ),
    );
    for (const other of [...list(DependsOn), ...named]) {
      if (seen.has(other) || other === id) continue;
      seen.add(other);
      createdBefore(other, seen);
    }
    return seen;
  }

  it('is created after its safety net', () => {
    const starters = [
      ...ofType('AWS::Scheduler::Schedule'),
      ...ofType('AWS::Events::Rule').filter(([, { Properties }]) =>
        JSON.stringify(Properties.Targets).includes('RotateStreamStateMachine'),
      ),
    ].map(([id]) => id);
    expect(starters).toHaveLength(4);
    for (const id of starters) {
      const before = createdBefore(id);
      expect(SAFETY_NET.filter((needed) => !before.has(needed))).toEqual([]);
      // And what the net itself consists of.
      expect([...before]).toEqual(
        expect.arrayContaining([
          'SettleFailureLambdaFunction',
          'SettleFailureRole',
          'DeadLetterQueue',
          'NotificationTopic',
          'FailureTopic',
          'PublishOutcomeLambdaFunction',
          'PublishOutcomeRole',
        ]),
      );
    }
  });
});

describe('the number of streams in a stack', () => {
  /** Of `deploy`, and its policy. */
  const DEPLOYMENT_BUCKET = 2;

  /** The most that fit, all with names of this length. */
  function most(length: number, Schedule?: string): number {
    const entriesOf = (count: number) =>
      Array.from({ length: count }, (_, nth) => ({
        StreamName: `s${nth}`.padEnd(length, 'x'),
        KeyIds: ['alias/a', 'alias/b'],
        ...(Schedule && { Schedule }),
      }));
    const resourcesOf = (entries: RotationsStream[]) =>
      Object.keys({
        ...roles(functionRights(), entries, 'prod'),
        ...schedules(entries, DEFAULTS),
        ...alarms(entries, 'prod', DEFAULTS),
      }).length;
    const fixed =
      DEPLOYMENT_BUCKET +
      Object.keys(template.Resources).length -
      resourcesOf(parseRotations(ROTATIONS).Streams);
    const fits = (count: number) => {
      try {
        return fixed + resourcesOf(entriesOf(count)) <= MAX_RESOURCES;
      } catch {
        return false;
      }
    };
    let [count, tooMany] = [100, 300];
    while (count + 1 < tooMany) {
      const middle = Math.floor((count + tooMany) / 2);
      if (fits(middle)) count = middle;
      else tooMany = middle;
    }
    return count;
  }

  it('is what docs/rotations.md says', async () => {
    const text = await readFile('docs/rotations.md', 'utf8');
    const [few, many] = [128, 8].map((length) => most(length, 'rate(9 days)'));
    const [fewer, more] = [128, 8].map((length) => most(length));
    expect(text.replaceAll('\n', ' ')).toContain(
      `takes ${few} to ${many} streams with schedules, and ${fewer} to ${more} without`,
    );
  });
});

describe('the dashboard', () => {
  it('shows rotations, failures, quota, drift and duration', () => {
    const { DashboardBody } = get('Dashboard').Properties as {
      DashboardBody: { 'Fn::Sub': string };
    };
    const { widgets } = JSON.parse(DashboardBody['Fn::Sub']) as {
      widgets: { properties: { title: string; metrics?: unknown[][] } }[];
    };
    expect(widgets.map(({ properties }) => properties.title)).toEqual([
      'Alarms',
      'Rotations',
      'Failures',
      'Keys applied',
      'Quota used of 25 in 24 hours',
      'Drift',
      'Duration of a rotation',
    ]);
    const metricsOf = (title: string) =>
      widgets.find(({ properties }) => properties.title === title)?.properties
        .metrics;
    // A search would forget these two weeks after a rotation.
    for (const [title, name, stat] of [
      ['Keys applied', 'Rotated', 'Sum'],
      ['Duration of a rotation', 'RotationTime', 'Maximum'],
    ] as const) {
      expect(metricsOf(title)).toEqual(
        ['orders.v2', 'payments'].map((stream) => [
          'KinesisKeyRotation',
          name,
          'service',
          'kinesis-key-rotation',
          'Stage',
          'prod',
          'StreamName',
          stream,
          { stat, label: stream },
        ]),
      );
    }
  });
});

describe('the bundles', () => {
  it('rotate a stream, as the sources do, and hold a listed one to its ring', async () => {
    const aws = await openLocalRotations(0.1);
    try {
      await mkdir(join(run.directory, 'bundles'));
      const loaded = await Promise.all(
        (await bundlesIn(run.directory)).map(async ({ name, code }) => {
          const path = join(run.directory, 'bundles', `${name}.cjs`);
          await writeFile(path, code);
          const { handler } = await import(/* @vite-ignore */ path);
          return [name, handler];
        }),
      );
      const handlers: TaskHandlers = Object.fromEntries(loaded);
      const request = aws.nextStream();
      const rotated = await aws.rotate(request, { handlers });
      expect(rotated).toMatchObject({ Outcome: 'ROTATED' });
      const failed = await aws.rotate(
        { ...request, KeyIds: ['alias/none', 'alias/nowhere'] },
        { handlers },
      );
      expect(failed).toMatchObject({ Error: 'NotFoundException' });
      const StreamName = 'payments';
      const kinesis = kinesisClient();
      await kinesis.send(
        new CreateStreamCommand({ StreamName, ShardCount: 1 }),
      );
      await waitUntilStreamExists(
        { client: kinesis, maxWaitTime: 60 },
        { StreamName },
      );
      kinesis.destroy();
      const [KeyId] = request.KeyIds;
      const outside = await aws.rotate({ StreamName, KeyId }, { handlers });
      expect(outside).toMatchObject({ Error: 'KeyNotInRing' });
    } finally {
      await aws.close();
    }
  });
});
