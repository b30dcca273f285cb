import type { AccessFinding } from './access-report.ts';
import { and, type KeyPolicyAnswer, or, type Truth } from './key-policy.ts';
import type { Answer } from './sources/answer.ts';

/** What SimulatePrincipalPolicy says of one action on one key. */
export interface IdentityAnswer {
  decision: 'allowed' | 'explicitDeny' | 'implicitDeny';
  /** Undefined where the account is in no organization, or IAM does not say. */
  allowedByOrganizations?: boolean | undefined;
  /** Undefined for a role without a boundary. */
  allowedByBoundary?: boolean | undefined;
  /** Condition keys of its policies that have no value in the simulation. */
  missingContext: string[];
}

/** All that is known of a role's right to use the new key. */
export interface Evidence {
  /** As `kms:Decrypt`. */
  action: string;
  keyPolicy: Answer<KeyPolicyAnswer>;
  identity: Answer<IdentityAnswer>;
  /** Whether a grant of the new key allows it. */
  grant: Answer<boolean>;
  /** Whether the role is of the account of the key. Else it needs rights of both. */
  isOwnAccount: boolean;
}

/**
 * Decides whether a role may use the key. Every part that is not known, and that the
 * answer depends on, makes it `NOT_CHECKED`.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
 */
export function decidePrincipal(evidence: Evidence): AccessFinding {
  const { action } = evidence;
  const policy = answered(evidence.keyPolicy);
  const identity = answered(evidence.identity);
  const grant = answered(evidence.grant);
  const mayByIdentity = identity && allowsOf(identity);
  const denies = or(policy?.denies, denialOf(evidence.identity, grant));
  const byKey = or(policy?.allowsRole, grant);
  if (denies === true) {
    return { Status: 'WOULD_LOSE', Why: deniedText(action, policy, identity) };
  }
  const allows = evidence.isOwnAccount
    ? or(byKey, and(policy?.letsIamDecide, mayByIdentity))
    : and(or(byKey, policy?.letsIamDecide), mayByIdentity);
  if (allows === false) {
    const Why =
      policy?.letsIamDecide === false && byKey === false
        ? `the new key's policy neither allows ${action} to it nor lets IAM decide`
        : `its policies do not allow ${action} on the new key, and neither does the key's policy or a grant`;
    return { Status: 'WOULD_LOSE', Why };
  }
  if (allows === true && denies === false) {
    const means =
      (policy?.allowsRole && "the new key's policy allows") ||
      (grant && 'a grant of the new key allows') ||
      'its own policies allow';
    return { Status: 'OK', Why: `${means} ${action} on the new key` };
  }
  return { Status: 'NOT_CHECKED', Why: unknownText(evidence) };
}

function allowsOf({ decision, missingContext }: IdentityAnswer): Truth {
  if (decision === 'allowed') return true;
  return missingContext.length > 0 ? undefined : false;
}

/** Whether the role's own policies deny it, whatever the key allows. */
function denialOf(identity: Answer<IdentityAnswer>, grant: Truth): Truth {
  const known = answered(identity);
  if (known === undefined) return undefined;
  const { decision, missingContext } = known;
  const isUncertain = missingContext.length > 0;
  if (known.allowedByOrganizations === false) return true;
  if (decision === 'explicitDeny') return isUncertain ? undefined : true;
  if (known.allowedByBoundary !== false) return false;
  // A boundary limits what a key policy gives; of grants it is not documented.
  return grant === false && !isUncertain ? true : undefined;
}

function deniedText(
  action: string,
  policy: KeyPolicyAnswer | undefined,
  identity: IdentityAnswer | undefined,
): string {
  if (policy?.denies) return `the new key's policy denies ${action}`;
  if (identity?.allowedByOrganizations === false) {
    return `a service control policy does not allow ${action} on the new key`;
  }
  if (identity?.decision === 'explicitDeny') {
    return `its policies deny ${action} on the new key`;
  }
  return `its permissions boundary does not allow ${action} on the new key`;
}

function unknownText({ keyPolicy, identity, grant }: Evidence): string {
  const missing = answered(identity)?.missingContext ?? [];
  const policy = answered(keyPolicy);
  const isPolicyUnclear =
    policy !== undefined && Object.values(policy).includes(undefined);
  const whys = [
    ...[keyPolicy, identity, grant].flatMap((answer) =>
      'why' in answer ? [answer.why] : [],
    ),
    ...(missing.length > 0
      ? [`its policies depend on ${missing.join(', ')}`]
      : []),
    ...(isPolicyUnclear
      ? ["the new key's policy has conditions that are not evaluated here"]
      : []),
  ];
  return (
    [...new Set(whys)].join('; ') ||
    'its permissions boundary does not allow it, and a grant may'
  );
}

const answered = <T>(answer: Answer<T>): T | undefined =>
  'value' in answer ? answer.value : undefined;
