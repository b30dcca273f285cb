import { isDeepStrictEqual } from 'node:util';
import { fieldOf, isObject } from '../../shared/json.ts';

/** A resource of a template, as CloudFormation or the packager has it. */
interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
}

type Action = 'ADD' | 'CHANGE' | 'REPLACE' | 'DELETE';

interface ResourceChange {
  /** The logical ID. */
  id: string;
  type: string;
  action: Action;
}

/** How a template differs from the deployed one; every list is sorted by logical IDs. */
export interface TemplateChanges {
  /** Without the versions of functions. */
  resources: ResourceChange[];
  /** Roles that exist and are given other rights, or another principal. */
  rights: string[];
  /** Functions that exist and whose code is another. */
  code: string[];
}

const VERSION = 'AWS::Lambda::Version';
const FUNCTION = 'AWS::Lambda::Function';
const ROLE = 'AWS::IAM::Role';

/**
 * The properties whose change replaces a resource (`createOnlyProperties`), for the types
 * of our templates.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
 */
const REPLACING: Record<string, readonly string[]> = {
  'AWS::CloudWatch::Alarm': ['AlarmName'],
  'AWS::CloudWatch::Dashboard': ['DashboardName'],
  'AWS::DynamoDB::Table': ['TableName', 'KeySchema'],
  'AWS::Events::Rule': ['Name', 'EventBusName'],
  'AWS::IAM::Role': ['Path', 'RoleName'],
  'AWS::Lambda::EventInvokeConfig': ['FunctionName', 'Qualifier'],
  'AWS::Lambda::Function': ['FunctionName', 'PackageType'],
  'AWS::Lambda::Permission': [
    'FunctionName',
    'SourceAccount',
    'SourceArn',
    'Principal',
    'Action',
  ],
  'AWS::Logs::LogGroup': ['LogGroupName'],
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::S3::BucketPolicy': ['Bucket'],
  'AWS::SNS::Topic': ['TopicName', 'FifoTopic'],
  'AWS::SQS::Queue': ['QueueName', 'FifoQueue'],
  'AWS::Scheduler::Schedule': ['Name'],
  'AWS::Scheduler::ScheduleGroup': ['Name'],
  'AWS::StepFunctions::StateMachine': ['StateMachineName', 'StateMachineType'],
};

/** Properties of a role that decide what it may do, and who may assume it. */
const RIGHTS = [
  'AssumeRolePolicyDocument',
  'ManagedPolicyArns',
  'PermissionsBoundary',
  'Policies',
];

/**
 * Compares the template of a stack with the one to deploy. Every packaging uploads the
 * functions to another place and names their versions by their hashes, so code counts by
 * its hash alone.
 *
 * @param before the deployed template, of any type; undefined for a first deployment
 */
export function compareTemplates(
  before: unknown,
  after: unknown,
): TemplateChanges {
  const [old, next] = [readTemplate(before), readTemplate(after)];
  const ids = [...new Set([...old.resources.keys(), ...next.resources.keys()])];
  const resources: ResourceChange[] = [];
  for (const id of ids.sort()) {
    const change = compare(old.resources.get(id), next.resources.get(id));
    if (change !== undefined) resources.push({ id, ...change });
  }
  const changed = resources.filter(({ action }) => action === 'CHANGE');
  return {
    resources,
    rights: changed
      .filter(({ id, type }) => {
        const [from, to] = [old.resources.get(id), next.resources.get(id)];
        return (
          type === ROLE &&
          RIGHTS.some((name) => !isSame(from, to, ['Properties', name]))
        );
      })
      .map(({ id }) => id),
    code: [...next.code]
      .filter(([id, hash]) => old.code.has(id) && old.code.get(id) !== hash)
      .map(([id]) => id)
      .sort(),
  };
}

/** Whether nothing would change. */
export function isUnchanged({ resources, code }: TemplateChanges): boolean {
  return resources.length === 0 && code.length === 0;
}

function compare(
  before: Resource | undefined,
  after: Resource | undefined,
): Omit<ResourceChange, 'id'> | undefined {
  if (after === undefined) {
    return before && { type: before.Type, action: 'DELETE' };
  }
  const { Type: type } = after;
  if (before === undefined) return { type, action: 'ADD' };
  if (isDeepStrictEqual(before, after)) return undefined;
  const isReplaced =
    before.Type !== type ||
    (REPLACING[type] ?? []).some(
      (name) => !isSame(before, after, ['Properties', name]),
    );
  return { type, action: isReplaced ? 'REPLACE' : 'CHANGE' };
}

function isSame(
  before: unknown,
  after: unknown,
  path: readonly string[],
): boolean {
  const [from, to] = [before, after].map((value) =>
    path.reduce(fieldOf, value),
  );
  return isDeepStrictEqual(from, to);
}

interface ReadTemplate {
  /** By their logical IDs, without the versions and the places of code. */
  resources: Map<string, Resource>;
  /** The hash of the code, by the logical ID of the function. */
  code: Map<string, string>;
}

function readTemplate(template: unknown): ReadTemplate {
  const resources = new Map<string, Resource>();
  const code = new Map<string, string>();
  const versions = new Map<string, string>();
  const listed = fieldOf(template, 'Resources');
  const entries = Object.entries(isObject(listed) ? listed : {});
  for (const [id, resource] of entries) {
    if (fieldOf(resource, 'Type') !== VERSION) continue;
    const properties = fieldOf(resource, 'Properties');
    const owner = String(fieldOf(fieldOf(properties, 'FunctionName'), 'Ref'));
    code.set(owner, String(fieldOf(properties, 'CodeSha256')));
    versions.set(id, `version of ${owner}`);
  }
  for (const [id, resource] of entries) {
    const Type = String(fieldOf(resource, 'Type'));
    if (Type === VERSION) continue;
    const named = rename(resource, versions) as Resource;
    if (Type === FUNCTION && isObject(named.Properties)) {
      const { Code: _, ...Properties } = named.Properties;
      resources.set(id, { ...named, Properties });
    } else resources.set(id, named);
  }
  return { resources, code };
}

/** Replaces texts in a JSON value, wherever they are. */
function rename(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return names.get(value) ?? value;
  if (Array.isArray(value)) return value.map((each) => rename(each, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, rename(each, names)]),
  );
}
