import type { MissingGrant } from './compare-grants.ts';

/** What a check says. `NOT_CHECKED` is never good news. */
type AccessStatus = 'OK' | 'WOULD_LOSE' | 'NOT_CHECKED';

/** A check, and what was compared, what is missing, or why it is not checked. */
export interface AccessFinding {
  Status: AccessStatus;
  /** For people. */
  Why: string;
}

/** A statement that allows on the old key what the new key's policy does not. */
export interface LostStatement {
  StatementId?: string;
  /** In the old key's policy, from 0. */
  StatementIndex?: number;
  /** In the words of Access Analyzer. */
  Description?: string;
}

export interface PolicyFinding extends AccessFinding {
  Reasons: LostStatement[];
}

export interface GrantFinding extends AccessFinding {
  Missing: MissingGrant[];
}

export interface PrincipalFinding extends AccessFinding {
  RoleArn: string;
  Role: 'Writer' | 'Reader';
  /** As `kms:Decrypt`. */
  Action: string;
  /** `rotations.yml`, or the consumer that has the role. */
  Source: string;
  /** Kinds of policies that were evaluated. */
  Covered: string[];
}

/** Who would lose access to a stream by a rotation. */
export interface AccessReport {
  AccessCheck: 'WARN' | 'FAIL';
  /** Null for a stream that is not encrypted. */
  OldKeyArn: string | null;
  NewKeyArn: string | null;
  /** Absent where nothing is compared: no old key. */
  Policy?: PolicyFinding;
  Grants?: GrantFinding;
  Principals: PrincipalFinding[];
  /** What was looked for and is unknown, for people. */
  NotChecked: string[];
  /** What this check never sees. */
  NotCovered: string[];
}

export const NOT_COVERED = [
  'session policies',
  'VPC endpoint policies',
  'resource control policies',
  'principals that are neither listed nor found',
];

/** What would be lost, a line each, for people. */
export function lossesOf(report: AccessReport): string[] {
  const { Policy, Grants, Principals } = report;
  return [
    ...Principals.filter(isLoss).map(
      ({ Role, RoleArn, Source, Why }) =>
        `${Role} ${RoleArn}${Source === 'rotations.yml' ? '' : ` of ${Source}`}: ${Why}`,
    ),
    ...(Grants && isLoss(Grants)
      ? Grants.Missing.map(
          ({ GranteePrincipal, Operations }) =>
            `${GranteePrincipal}: its grant of ${Operations.join(', ')} is on the old key only`,
        )
      : []),
    ...(Policy && isLoss(Policy)
      ? [
          Policy.Why,
          ...Policy.Reasons.map(
            ({ StatementId, StatementIndex, Description }) =>
              `  ${[
                StatementIndex !== undefined && `statement ${StatementIndex}`,
                StatementId && `(${StatementId})`,
                Description,
              ]
                .filter(Boolean)
                .join(' ')}`,
          ),
        ]
      : []),
  ];
}

/** What is not checked, and why, each reason once, for people. */
export function uncheckedOf(report: AccessReport): string[] {
  const { Policy, Grants, Principals, NotChecked } = report;
  const subjects = new Map<string, string[]>();
  const add = (why: string, subject: string) =>
    subjects.set(why, [...(subjects.get(why) ?? []), subject]);
  for (const { Status, Role, RoleArn, Why } of Principals) {
    if (Status === 'NOT_CHECKED') add(Why, `${Role} ${RoleArn}`);
  }
  if (Policy?.Status === 'NOT_CHECKED') add(Policy.Why, 'key policies');
  if (Grants?.Status === 'NOT_CHECKED') add(Grants.Why, 'grants');
  return [
    ...[...subjects].map(([why, names]) => `${names.join(', ')}: ${why}`),
    ...NotChecked,
  ];
}

/**
 * Why `AccessCheck: FAIL` refuses the start: what would be lost, and the roles of
 * `Writers` and `Readers` that could not be checked.
 */
export function refusalsOf(report: AccessReport): string[] {
  if (report.AccessCheck !== 'FAIL') return [];
  const unchecked = report.Principals.filter(
    ({ Status, Source }) =>
      Status === 'NOT_CHECKED' && Source === 'rotations.yml',
  );
  return [
    ...lossesOf(report),
    ...unchecked.map(
      ({ Role, RoleArn, Why }) => `${Role} ${RoleArn}: not checked: ${Why}`,
    ),
  ];
}

const isLoss = ({ Status }: AccessFinding) => Status === 'WOULD_LOSE';
