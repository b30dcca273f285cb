import type { AccessSettings } from '../../shared/config/access-settings.ts';
import { type AccessReport, NOT_COVERED } from './access-report.ts';
import { compareKeyGrants, comparePolicies } from './check-keys.ts';
import { checkPrincipals } from './check-principals.ts';
import type { Move } from './move.ts';
import type { AccessSource } from './sources/access-source.ts';

/**
 * Looks at who would lose access by a move. Changes nothing. A call that fails leaves
 * what it would have shown as not checked.
 */
export async function checkAccess(
  move: Move,
  source: AccessSource,
): Promise<AccessReport> {
  const { oldKeyArn, newKeyArn, settings } = move;
  const { iam } = source;
  if ('why' in iam) return checkGrants(move, source, iam.why);
  const [policy, grants, principals] = await Promise.all([
    oldKeyArn === null
      ? undefined
      : comparePolicies(oldKeyArn, move, source, iam.value),
    oldKeyArn === null ? undefined : compareKeyGrants(oldKeyArn, move, source),
    checkPrincipals(move, source, iam.value),
  ]);
  return {
    ...emptyReport(settings),
    OldKeyArn: oldKeyArn,
    NewKeyArn: newKeyArn,
    ...(policy && { Policy: policy }),
    ...(grants && { Grants: grants }),
    Principals: principals.Principals,
    NotChecked: [...withoutOldKey(move), ...principals.NotChecked],
  };
}

/** What can be said where IAM cannot be asked. */
async function checkGrants(
  move: Move,
  source: AccessSource,
  why: string,
): Promise<AccessReport> {
  const { oldKeyArn, newKeyArn, settings } = move;
  const report = {
    ...emptyReport(settings),
    OldKeyArn: oldKeyArn,
    NewKeyArn: newKeyArn,
    NotChecked: [why],
  };
  return oldKeyArn === null
    ? report
    : { ...report, Grants: await compareKeyGrants(oldKeyArn, move, source) };
}

/** A report without a check. */
export function emptyReport({ AccessCheck }: AccessSettings): AccessReport {
  return {
    AccessCheck: AccessCheck === 'FAIL' ? 'FAIL' : 'WARN',
    OldKeyArn: null,
    NewKeyArn: null,
    Principals: [],
    NotChecked: [],
    NotCovered: NOT_COVERED,
  };
}

function withoutOldKey({ oldKeyArn, oldKeyId }: Move): string[] {
  if (oldKeyArn !== null) return [];
  return [
    oldKeyId === null
      ? 'key policies and grants: the stream is not encrypted, so every writer and reader needs rights on the new key'
      : `key policies and grants: the present key ${oldKeyId} does not resolve to a key ARN`,
  ];
}
