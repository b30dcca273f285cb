import type { RotationsStream } from '../shared/config/rotations-file.ts';
import { type KeyIdParts, parseKeyId } from '../shared/identifiers/key-id.ts';
import { serviceName } from './names.ts';
import { packPolicies, type Statement } from './policies.ts';
import { arnOf, type Resources, sub } from './template.ts';

/** What a function may do, besides writing its log and its traces. */
interface Rights {
  /** On the streams of rotations.yml. */
  kinesis?: string[];
  /** On the keys of their rings. */
  kms?: string[];
  /** What Kinesis asks for on the streams and on the keys, too. */
  kinesisWithKeys?: string[];
  /** On the ledger. */
  dynamodb?: string[];
  /** Tell the default event bus how a rotation ended. */
  notify?: true;
  /** Called without waiting: what it cannot do goes to the dead-letter queue. */
  async?: true;
}

const READ = ['dynamodb:GetItem'];
const READ_AND_WRITE = ['dynamodb:GetItem', 'dynamodb:PutItem'];

const FUNCTIONS: Record<string, Rights> = {
  PlanRotation: {
    kinesis: ['kinesis:DescribeStreamSummary'],
    kms: ['kms:DescribeKey'],
    dynamodb: READ,
  },
  ReserveQuota: { dynamodb: READ_AND_WRITE },
  StartEncryption: {
    kinesis: ['kinesis:StartStreamEncryption'],
    kinesisWithKeys: ['kinesis:StartStreamEncryption'],
    kms: ['kms:DescribeKey'],
    dynamodb: READ_AND_WRITE,
  },
  DescribeStream: {
    kinesis: ['kinesis:DescribeStreamSummary'],
    kms: ['kms:DescribeKey'],
  },
  VerifyEncryption: {
    kinesis: ['kinesis:PutRecord'],
    // What Kinesis asks KMS for on behalf of whoever writes.
    kms: ['kms:GenerateDataKey'],
  },
  PlanRollback: {
    kinesis: ['kinesis:DescribeStreamSummary'],
    kms: ['kms:DescribeKey'],
    dynamodb: READ,
  },
  CompleteRotation: { dynamodb: READ_AND_WRITE, notify: true },
  SettleFailure: { dynamodb: READ_AND_WRITE, notify: true, async: true },
  RecordExternalStart: { dynamodb: READ_AND_WRITE, async: true },
  // These call nothing.
  PlanFleet: {},
  ReadOutcome: {},
  SummarizeFleet: {},
  SweepDrift: {
    kinesis: ['kinesis:DescribeStreamSummary'],
    kms: ['kms:DescribeKey'],
    dynamodb: READ,
    async: true,
  },
};

/** The deployed functions, by name. */
export const FUNCTION_NAMES = Object.keys(FUNCTIONS);

/**
 * A role for every function, which names the streams, the keys and the table
 * that it may touch.
 *
 * @throws {Error} where IAM has no room for the streams
 */
export function roles(
  entries: readonly RotationsStream[],
  stage: string,
): Resources {
  const resources: Resources = {};
  for (const [name, rights] of Object.entries(FUNCTIONS)) {
    const { inline, managed } = packPolicies(
      statements(name, rights, entries, stage),
    );
    const attached = managed.map((document, at) => {
      const id = `${name}Policy${at + 1}`;
      resources[id] = {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: {
          Description: `More of what ${name} may do`,
          PolicyDocument: document,
        },
      };
      return { Ref: id };
    });
    resources[`${name}Role`] = {
      Type: 'AWS::IAM::Role',
      Properties: {
        Description: `What the function ${name} of ${serviceName(stage)} may do`,
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
  { kinesis, kinesisWithKeys, kms, dynamodb, notify, async }: Rights,
  entries: readonly RotationsStream[],
  stage: string,
): Statement[] {
  const log = `log-group:/aws/lambda/${serviceName(stage)}-${name}`;
  return [
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
    ...(kinesis
      ? [
          {
            Sid: 'Streams',
            Action: kinesis,
            Resource: entries.map((entry) =>
              arn('kinesis', `stream/${entry.StreamName}`),
            ),
          },
        ]
      : []),
    ...(kinesisWithKeys ? [withKeys(kinesisWithKeys, entries)] : []),
    ...(kms ? keyStatements(kms, entries) : []),
    ...(dynamodb
      ? [
          {
            Sid: 'Ledger',
            Action: dynamodb,
            Resource: [arnOf('LedgerTable')],
          },
        ]
      : []),
    ...(notify
      ? [
          {
            Sid: 'Notify',
            Action: ['events:PutEvents'],
            Resource: [arn('events', 'event-bus/default')],
            Condition: {
              StringEquals: { 'events:source': 'kinesis-key-rotation' },
            },
          },
        ]
      : []),
    ...(async
      ? [
          {
            Sid: 'DeadLetters',
            Action: ['sqs:SendMessage'],
            Resource: [arnOf('DeadLetterQueue')],
          },
        ]
      : []),
  ];
}

/** The keys that rings name by ARN or id, and those that they name by alias. */
function ringsOf(entries: readonly RotationsStream[]): {
  keys: Set<string>;
  /** By the ARN of all keys that can have them. */
  aliases: Map<string, Set<string>>;
} {
  const keys = new Set<string>();
  const aliases = new Map<string, Set<string>>();
  for (const keyId of entries.flatMap((entry) => entry.KeyIds)) {
    const { Resource, Partition, Region, Account } = parseKeyId(
      keyId,
    ) as KeyIdParts;
    const prefix = Account
      ? `arn:${Partition}:kms:${Region}:${Account}:`
      : ARN('kms');
    if (Resource.startsWith('key/')) keys.add(prefix + Resource);
    else {
      const all = `${prefix}key/*`;
      aliases.set(all, (aliases.get(all) ?? new Set()).add(Resource));
    }
  }
  return { keys, aliases };
}

/**
 * StartStreamEncryption is authorized on the key as well as on the stream, and
 * Kinesis has no condition on a key's alias: a ring of aliases takes all keys
 * of its account, of which KMS itself lets the function use only those.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html
 */
function withKeys(
  Action: string[],
  entries: readonly RotationsStream[],
): Statement {
  const { keys, aliases } = ringsOf(entries);
  return {
    Sid: 'StartWithKeys',
    Action,
    Resource: [...keys, ...aliases.keys()].map(sub),
  };
}

/**
 * Keys by ARN where the ring says which, else by their alias: whatever key has
 * it at the time.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
function keyStatements(
  Action: string[],
  entries: readonly RotationsStream[],
): Statement[] {
  const { keys, aliases } = ringsOf(entries);
  const byArn: Statement = {
    Sid: 'Keys',
    Action,
    Resource: [...keys].map(sub),
    ...(isForKinesis(Action) && { Condition: VIA_KINESIS }),
  };
  const byAlias = [...aliases].map(
    ([all, names]): Statement => ({
      Sid: 'KeysByAlias',
      Action,
      Resource: [sub(all)],
      Condition: {
        ...(isForKinesis(Action) ? VIA_KINESIS : {}),
        'ForAnyValue:StringEquals': { 'kms:ResourceAliases': [...names] },
      },
    }),
  );
  return keys.size > 0 ? [byArn, ...byAlias] : byAlias;
}

/** Whether Kinesis makes the call on the function's behalf. */
const isForKinesis = (actions: string[]) =>
  actions.includes('kms:GenerateDataKey');

/** In China the name goes on with .cn. */
const VIA_KINESIS: Record<string, Record<string, unknown>> = {
  StringLike: {
    'kms:ViaService': sub('kinesis.${AWS::Region}.amazonaws.com*'),
  },
};

const ARN = (service: string) =>
  `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:`;

const arn = (service: string, resource: string) =>
  sub(`${ARN(service)}${resource}`);
