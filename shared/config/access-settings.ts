import { quote } from '../errors/text.ts';
import { parseArn } from '../identifiers/arn.ts';

/** What rotations.yml says of the access check of a stream. */
export const ACCESS_FIELDS = ['Writers', 'Readers', 'AccessCheck'] as const;

export const ACCESS_CHECKS = ['WARN', 'FAIL', 'OFF'] as const;

/** What a loss of access does to a start: `WARN` is the default. */
export type AccessCheck = (typeof ACCESS_CHECKS)[number];

export interface AccessSettings {
  /** ARNs of the roles that put records into the stream, at most 20. */
  Writers?: string[];
  /** ARNs of the roles that get records from the stream, at most 20. */
  Readers?: string[];
  AccessCheck?: AccessCheck;
}

const MAX_ROLES = 20;

/**
 * Checks the settings in a stream of rotations.yml.
 *
 * @throws {Error} naming the field and the value
 */
export function checkAccessSettings(entry: Record<string, unknown>): void {
  checkRoles('Writers', entry.Writers);
  checkRoles('Readers', entry.Readers);
  const { AccessCheck: value } = entry;
  const known: readonly unknown[] = ACCESS_CHECKS;
  if (value === undefined || known.includes(value)) return;
  throw new Error(
    `AccessCheck ${quote(value)} is not one of ${ACCESS_CHECKS.join(', ')}`,
  );
}

function checkRoles(field: string, roles: unknown): void {
  if (roles === undefined) return;
  if (!Array.isArray(roles)) {
    throw new Error(`${field} ${quote(roles)} is not a list of role ARNs`);
  }
  if (roles.length > MAX_ROLES) {
    throw new Error(
      `${field} lists ${roles.length} roles; expected at most ${MAX_ROLES}`,
    );
  }
  const bad = roles.find((role) => !isRoleArn(role));
  if (bad !== undefined) {
    throw new Error(
      `${field} ${quote(bad)} is not the ARN of a role; expected arn:aws:iam::111122223333:role/name`,
    );
  }
  const twice = roles.find((role, at) => roles.indexOf(role) !== at);
  if (twice !== undefined) {
    throw new Error(`${field} ${quote(twice)} is listed twice`);
  }
}

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
const ROLE = /^role\/[\x21-\x7e]{1,575}$/;

/** Whether a value is the ARN of a role, as IAM has it; no session of a role. */
function isRoleArn(value: unknown): value is string {
  const arn = typeof value === 'string' ? parseArn(value) : undefined;
  return (
    arn !== undefined &&
    arn.service === 'iam' &&
    arn.region === '' &&
    arn.account !== '' &&
    ROLE.test(arn.resource)
  );
}
