import type { DeploymentSettings } from '../shared/config/deployment-settings.ts';
import type { RotationsStream } from '../shared/config/rotations-stream.ts';
import { type KeyIdParts, parseKeyId } from '../shared/identifiers/key-id.ts';
import { serviceName } from '../shared/identifiers/service-names.ts';
import { ledgerArn } from './organization/ledger-table.ts';
import { type RightsSettings, settingRights } from './organization/rights.ts';
import { packPolicies, type Statement } from './policies.ts';
import { arnOf, ownArn, type Resources, ref, sub } from './template.ts';

/**
 * What a function may do besides writing its log and its traces, as
 * `custom.rights` of serverless.yml has it. Lists are IAM actions.
 */
interface FunctionRights {
  /** On the streams of rotations.yml. */
  kinesis?: string[];
  /** On the keys of the account, and on those of other accounts in rings. */
  kms?: string[];
  /** Actions that Kinesis authorizes on the streams and on the keys. */
  kinesisWithKeys?: string[];
  /** On the ledger. */
  dynamodb?: string[];
  /** On the bake alarms of rotations.yml. */
  alarms?: string[];
  /** On the executions of rotate-stream. */
  executions?: string[];
  /** Whether it starts rotations. */
  starts?: boolean;
  /** Whether it publishes outcomes on the default event bus. */
  publishes?: boolean;
  /** Whether it publishes to the topics. */
  notifies?: boolean;
  /** Whether it is invoked asynchronously, with a dead-letter queue. */
  isAsync?: boolean;
}

/** By the name of the function. */
export type Rights = Record<string, FunctionRights>;

/**
 * A role for every function that names the streams, the keys and the table that it
 * may use.
 *
 * @param settings on which rights depend, without any by default
 * @throws {Error} where IAM has no room for the streams
 */
export function roles(
  rights: Rights,
  entries: readonly RotationsStream[],
  stage: string,
  settings: RightsSettings & Pick<DeploymentSettings, 'LedgerTableName'> = {},
): Resources {
  const resources: Resources = {};
  for (const [name, actions] of Object.entries(rights)) {
    const own = statements(name, actions, entries, stage, ledgerArn(settings));
    const { inline, managed } = packPolicies([
      ...own,
      ...settingRights(settings, own),
    ]);
    const attached = managed.map((document, at) => {
      const id = `${name}Policy${at + 1}`;
      resources[id] = {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: {
          Description: `Further rights of ${name}`,
          PolicyDocument: document,
        },
      };
      return { Ref: id };
    });
    resources[`${name}Role`] = {
      Type: 'AWS::IAM::Role',
      Properties: {
        Description: `Rights of the function ${name} of ${serviceName(stage)}`,
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'lambda.amazonaws.com' },
              Action: 'sts:AssumeRole',
            },
          ],
        },
        Policies: [{ PolicyName: 'Calls', PolicyDocument: inline }],
        ...(attached.length > 0 && { ManagedPolicyArns: attached }),
      },
    };
  }
  return resources;
}

function statements(
  name: string,
  {
    kinesis,
    kinesisWithKeys,
    kms,
    dynamodb,
    executions,
    alarms,
    ...rights
  }: FunctionRights,
  entries: readonly RotationsStream[],
  stage: string,
  ledger: object | string,
): Statement[] {
  const log = `log-group:/aws/lambda/${serviceName(stage)}-${name}`;
  const all: (Statement | false | undefined)[] = [
    {
      Sid: 'Log',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: [arn('logs', `${log}:*`)],
    },
    {
      Sid: 'Trace',
      Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
      // X-Ray offers no resource for these.
      Resource: ['*'],
    },
    kinesis && {
      Sid: 'Streams',
      Action: kinesis,
      Resource: entries.map((entry) =>
        arn('kinesis', `stream/${entry.StreamName}`),
      ),
    },
    kinesisWithKeys && withKeys(kinesisWithKeys, entries),
    ...(kms ? keyStatements(kms, entries) : []),
    dynamodb && { Sid: 'Ledger', Action: dynamodb, Resource: [ledger] },
    alarms && alarmStatement(alarms, entries),
    executions && {
      Sid: 'Rotations',
      Action: executions,
      Resource: [
        arn('states', `execution:${serviceName(stage)}-rotate-stream:*`),
      ],
    },
    rights.starts && {
      Sid: 'Restore',
      Action: ['states:StartExecution'],
      Resource: [ref('RotateStreamStateMachine')],
    },
    rights.publishes && {
      Sid: 'Notify',
      Action: ['events:PutEvents'],
      Resource: [arn('events', 'event-bus/default')],
      // The service reference has the key as a list: one PutEvents has many
      // events. Without a set operator, such a condition may never hold.
      Condition: {
        'ForAllValues:StringEquals': {
          'events:source': 'kinesis-key-rotation',
        },
        Null: { 'events:source': 'false' },
      },
    },
    rights.notifies && {
      Sid: 'Publish',
      Action: ['sns:Publish'],
      Resource: [ref('NotificationTopic'), ref('FailureTopic')],
    },
    rights.isAsync && {
      Sid: 'DeadLetters',
      Action: ['sqs:SendMessage'],
      Resource: [arnOf('DeadLetterQueue')],
    },
  ];
  return all.filter(
    (statement) => statement !== undefined && statement !== false,
  );
}

/** Keys that rings and FormerKeyIds name with their account, as IAM can match them. */
function foreignKeysOf(entries: readonly RotationsStream[]): {
  keys: Set<string>;
  /** By the ARN of all keys that can have them. */
  aliases: Map<string, Set<string>>;
} {
  const keys = new Set<string>();
  const aliases = new Map<string, Set<string>>();
  for (const keyId of namedKeys(entries)) {
    const { resource, partition, region, account } = parseKeyId(
      keyId,
    ) as KeyIdParts;
    if (!account) continue;
    const prefix = `arn:${partition}:kms:${region}:${account}:`;
    if (resource.startsWith('key/')) keys.add(prefix + resource);
    else {
      const all = `${prefix}key/*`;
      aliases.set(all, (aliases.get(all) ?? new Set()).add(resource));
    }
  }
  return { keys, aliases };
}

/**
 * CloudWatch shows composite alarms only to principals with this right on all alarms.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
 */
function alarmStatement(
  Action: string[],
  entries: readonly RotationsStream[],
): Statement | undefined {
  const names = new Set(entries.flatMap(({ BakeAlarms = [] }) => BakeAlarms));
  if (names.size === 0) return undefined;
  const Resource = [...names].map((name) => arn('cloudwatch', `alarm:${name}`));
  return { Sid: 'Alarms', Action, Resource };
}

const namedKeys = (entries: readonly RotationsStream[]) =>
  entries.flatMap(({ KeyIds, FormerKeyIds = [] }) => [
    ...KeyIds,
    ...FormerKeyIds,
  ]);

/**
 * StartStreamEncryption is authorized on the key as well as on the stream. No page
 * says whether on the alias or on its key, so both are named. A rollback returns a
 * stream to its previous key, which may be any key of the account. The ring limits
 * the key of a rotation: PlanRotation and StartEncryption check it.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html
 */
function withKeys(
  Action: string[],
  entries: readonly RotationsStream[],
): Statement {
  const { keys, aliases } = foreignKeysOf(entries);
  const aliasArns = [...aliases].flatMap(([all, names]) =>
    [...names].map((name) => all.replace(/key\/\*$/, name)),
  );
  return {
    Sid: 'StartWithKeys',
    Action,
    Resource: [
      ownArn('kms', 'key/*'),
      ownArn('kms', 'alias/*'),
      ...keys,
      ...aliases.keys(),
      ...aliasArns,
    ].map(sub),
  };
}

/**
 * All keys of the account, since a stream may come from any of them. Keys of other
 * accounts by their ARN, else by their alias. A data key is only for Kinesis, and
 * only for a stream of rotations.yml.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/services-kinesis.html
 */
function keyStatements(
  Action: string[],
  entries: readonly RotationsStream[],
): Statement[] {
  const { keys, aliases } = foreignKeysOf(entries);
  const Condition = isForKinesis(Action) ? forStreams(entries) : undefined;
  const own: Statement = {
    Sid: 'Keys',
    Action,
    Resource: [ownArn('kms', 'key/*'), ...keys].map(sub),
    ...(Condition && { Condition }),
  };
  const byAlias = [...aliases].map(
    ([all, names]): Statement => ({
      Sid: 'KeysByAlias',
      Action,
      Resource: [sub(all)],
      Condition: {
        ...Condition,
        'ForAnyValue:StringEquals': { 'kms:ResourceAliases': [...names] },
      },
    }),
  );
  return [own, ...byAlias];
}

/** Whether Kinesis makes the call on the function's behalf. */
const isForKinesis = (actions: string[]) =>
  actions.includes('kms:GenerateDataKey');

const forStreams = (
  entries: readonly RotationsStream[],
): Record<string, Record<string, unknown>> => ({
  // In China the name goes on with .cn.
  StringLike: {
    'kms:ViaService': sub('kinesis.${AWS::Region}.amazonaws.com*'),
  },
  StringEquals: {
    'kms:EncryptionContext:aws:kinesis:arn': entries.map(({ StreamName }) =>
      arn('kinesis', `stream/${StreamName}`),
    ),
  },
});

const arn = (service: string, resource: string) =>
  sub(ownArn(service, resource));
