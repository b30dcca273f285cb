import * as v from 'valibot';
import { quote } from '../errors/text.ts';
import { parseKeyId } from '../identifiers/key-id.ts';
import { tagProblem } from './tag-limits.ts';

const SWEEP_MINUTES = { least: 5, most: 60 };

const POLICY_ARN = /^arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy\/[\w+=,.@/-]+$/;
/** Of a policy, with its path but without the first slash. */
const POLICY_NAME = /^(?:[\w+=,.@-]+\/)*[\w+=,.@-]+$/;
/** @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
const PATH = /^\/(?:[!-z|~]+\/)?$/;
const NAME = /^[\w+=,.@-]+$/;
const SUBNET = /^subnet-[0-9a-f]{8,17}$/;
const SECURITY_GROUP = /^sg-[0-9a-f]{8,17}$/;

/** @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827,
  2192, 2557, 2922, 3288, 3653,
];

const VPC = v.strictObject(
  {
    SubnetIds: ids('SubnetIds', SUBNET, 16, 'subnet-0123456789abcdef0'),
    SecurityGroupIds: ids(
      'SecurityGroupIds',
      SECURITY_GROUP,
      5,
      'sg-0123456789abcdef0',
    ),
  },
  ({ expected, path }) =>
    expected === 'never'
      ? `Vpc: ${quote(path?.at(-1)?.key)} is not known; known are SubnetIds and SecurityGroupIds`
      : 'Vpc needs SubnetIds and SecurityGroupIds, both of them lists',
);
/** @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
const TABLE_NAME = /^[a-zA-Z0-9_.-]{3,255}$/;

const SETTINGS = v.strictObject(
  {
    /** Whether the stage has a dashboard. */
    Dashboard: v.optional(
      v.boolean(
        ({ input }) => `Dashboard ${quote(input)} is not true or false`,
      ),
      true,
    ),
    /** Between two drift sweeps, which is also the period of the metric Drift. */
    SweepMinutes: v.optional(
      v.custom<number>(
        isSweepMinutes,
        ({ input }) =>
          `SweepMinutes ${quote(input)} is not a whole number from ${SWEEP_MINUTES.least} to ${SWEEP_MINUTES.most}`,
      ),
      5,
    ),
    /** The ARN of a policy, or the path and name of a policy of the account. */
    PermissionsBoundary: text(
      'PermissionsBoundary',
      (value) => POLICY_ARN.test(value) || POLICY_NAME.test(value),
      'the ARN of a policy, such as arn:aws:iam::111122223333:policy/boundary, or its name',
    ),
    RolePath: text(
      'RolePath',
      (value) => PATH.test(value) && value.length <= 512,
      'a path of IAM, which begins and ends with a slash, such as /platform/',
    ),
    RoleNamePrefix: text(
      'RoleNamePrefix',
      (value) => NAME.test(value),
      'the beginning of a role name: letters, digits and + = , . @ _ -',
    ),
    Tags: v.optional(
      v.pipe(
        v.custom<Record<string, string>>(
          isMap,
          ({ input }) => `Tags ${quote(input)} is not a map of keys and values`,
        ),
        v.check(
          (tags) => tagProblem(tags) === undefined,
          ({ input }) => `Tags: ${tagProblem(input)}`,
        ),
      ),
    ),
    /** A key ARN, or the ID of a key of the account. */
    KmsKeyId: text(
      'KmsKeyId',
      (value) => parseKeyId(value)?.resource.startsWith('key/') === true,
      'a key ARN or a key ID; CloudWatch Logs takes no alias',
    ),
    LogRetentionInDays: v.optional(
      v.picklist(
        RETENTION_DAYS,
        ({ input }) =>
          `LogRetentionInDays ${quote(input)} is not a number of days that CloudWatch Logs takes: ${RETENTION_DAYS.join(', ')}`,
      ),
    ),
    Vpc: v.optional(VPC),
    Architecture: v.optional(
      v.picklist(
        ['arm64', 'x86_64'],
        ({ input }) => `Architecture ${quote(input)} is not arm64 or x86_64`,
      ),
    ),
    /** An existing table, in the place of one that the stack makes. */
    LedgerTableName: v.optional(
      v.custom<string>(
        (value) => typeof value === 'string' && TABLE_NAME.test(value),
        ({ input }) =>
          `LedgerTableName ${quote(input)} is not the name of a table; expected 3 to 255 of a-z, A-Z, 0-9, _, . and -`,
      ),
    ),
  },
  ({ path }) =>
    `${quote(path?.[0]?.key)} is not a setting of a deployment; known are ${SETTING_NAMES.join(', ')}`,
);

/** Every setting of `Deployment`, as docs show them. */
export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS.entries);

/** How a stage is deployed, as `Deployment` of rotations.yml says. */
export type DeploymentSettings = v.InferOutput<typeof SETTINGS>;

/**
 * Checks `Deployment` of rotations.yml.
 *
 * @throws {Error} naming the setting and the value
 */
export function readDeploymentSettings(value: unknown): DeploymentSettings {
  const settings = v.safeParse(SETTINGS, value);
  if (settings.success) return settings.output;
  throw new Error(settings.issues[0].message);
}

function text(
  name: string,
  accepts: (value: string) => boolean,
  expected: string,
) {
  return v.optional(
    v.custom<string>(
      (value) => typeof value === 'string' && accepts(value),
      ({ input }) => `${name} ${quote(input)} is not ${expected}`,
    ),
  );
}

function ids(name: string, form: RegExp, most: number, example: string) {
  return v.custom<string[]>(
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.length <= most &&
      value.every((id) => typeof id === 'string' && form.test(id)),
    ({ input }) =>
      `Vpc: ${name} ${quote(input)} is not a list of 1 to ${most} such as ${example}`,
  );
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSweepMinutes(value: unknown): boolean {
  return (
    Number.isInteger(value) &&
    Number(value) >= SWEEP_MINUTES.least &&
    Number(value) <= SWEEP_MINUTES.most
  );
}
