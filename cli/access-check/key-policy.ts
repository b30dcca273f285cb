import { parseArn } from '../../shared/identifiers/arn.ts';
import { fieldOf, isObject, parseJson } from '../../shared/json.ts';

/** Undefined: it depends on what is not known here. */
export type Truth = boolean | undefined;

export const and = (...truths: Truth[]): Truth => {
  if (truths.includes(false)) return false;
  return truths.includes(undefined) ? undefined : true;
};

export const or = (...truths: Truth[]): Truth => {
  if (truths.includes(true)) return true;
  return truths.includes(undefined) ? undefined : false;
};

const not = (truth: Truth): Truth => (truth === undefined ? undefined : !truth);

/** A statement of a policy, as JSON has it. */
export type Statement = Record<string, unknown>;

/** What a role asks of a key, through Kinesis. */
export interface KeyUse {
  roleArn: string;
  /** As `kms:Decrypt`. */
  action: string;
  keyArn: string;
  /** Condition keys and their values. */
  context: Readonly<Record<string, string>>;
}

/** What a key policy says of one use. */
export interface KeyPolicyAnswer {
  /** Whether a statement denies it. */
  denies: Truth;
  /** Whether a statement allows it to the role itself. */
  allowsRole: Truth;
  /** Whether a statement lets the policies of IAM decide. */
  letsIamDecide: Truth;
}

/** The statements of a policy; undefined for a text that is not a policy. */
export function statementsOf(policy: string): Statement[] | undefined {
  const statements = fieldOf(parseJson(policy), 'Statement');
  const list = Array.isArray(statements) ? statements : [statements];
  return list.every(isObject) ? list : undefined;
}

/**
 * Evaluates a key policy for one use. Session policies and conditions on keys that are
 * not in the context stay unknown.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluateKeyPolicy(
  statements: readonly Statement[],
  use: KeyUse,
): KeyPolicyAnswer {
  const answer: KeyPolicyAnswer = {
    denies: false,
    allowsRole: false,
    letsIamDecide: false,
  };
  for (const statement of statements) {
    const applies = and(
      matchesAction(statement, use.action),
      matchesResource(statement, use.keyArn),
      matchesConditions(statement.Condition, use),
    );
    if (applies === false) continue;
    const named = namedPrincipals(statement, use.roleArn);
    if (statement.Effect === 'Deny') {
      answer.denies = or(
        answer.denies,
        and(applies, or(named.role, named.account)),
      );
    } else {
      answer.allowsRole = or(answer.allowsRole, and(applies, named.role));
      answer.letsIamDecide = or(
        answer.letsIamDecide,
        and(applies, named.account),
      );
    }
  }
  return answer;
}

/** Whether a statement names the role itself, or its whole account. */
function namedPrincipals(
  { Principal, NotPrincipal }: Statement,
  roleArn: string,
): { role: Truth; account: Truth } {
  if (NotPrincipal !== undefined) return { role: undefined, account: false };
  if (Principal === '*') return { role: true, account: false };
  const { partition, account } = parseArn(roleArn) ?? {};
  const named = listOf(fieldOf(Principal, 'AWS'));
  const isAccount = named.some(
    (name) =>
      name === account || name === `arn:${partition}:iam::${account}:root`,
  );
  if (named.includes('*') || named.includes(roleArn)) {
    return { role: true, account: isAccount };
  }
  // A session of the role, which of them the role's own right does not say.
  const isSession = named.some((name) => isSessionOf(name, roleArn));
  return { role: isSession ? undefined : false, account: isAccount };
}

function isSessionOf(name: string, roleArn: string): boolean {
  const session = parseArn(name);
  const role = parseArn(roleArn);
  const roleName = role?.resource.split('/').at(-1);
  return (
    session?.service === 'sts' &&
    session.account === role?.account &&
    session.resource.startsWith(`assumed-role/${roleName}/`)
  );
}

/** Whether the statement is about an action, in any case of its letters. */
export function matchesAction(
  { Action, NotAction }: Statement,
  action: string,
): boolean {
  const isAny = (patterns: unknown) =>
    listOf(patterns).some((pattern) =>
      isLike(pattern.toLowerCase(), action.toLowerCase()),
    );
  return NotAction === undefined ? isAny(Action) : !isAny(NotAction);
}

/** A statement of a key policy that has no Resource has no effect. */
function matchesResource(
  { Resource, NotResource }: Statement,
  keyArn: string,
): boolean {
  const isAny = (patterns: unknown) =>
    listOf(patterns).some((pattern) => isLike(pattern, keyArn));
  return NotResource === undefined ? isAny(Resource) : !isAny(NotResource);
}

function matchesConditions(condition: unknown, use: KeyUse): Truth {
  if (condition === undefined) return true;
  if (!isObject(condition)) return undefined;
  const known = new Map(
    Object.entries(use.context).map(([key, value]) => [
      key.toLowerCase(),
      value,
    ]),
  );
  return and(
    ...Object.entries(condition).flatMap(([operator, keys]) =>
      isObject(keys)
        ? Object.entries(keys).map(([key, values]) =>
            matchesCondition(
              operator.toLowerCase(),
              known.get(key.toLowerCase()),
              listOf(values),
            ),
          )
        : [undefined],
    ),
  );
}

/** @param actual undefined where the value of the condition key is unknown */
function matchesCondition(
  operator: string,
  actual: string | undefined,
  expected: readonly string[],
): Truth {
  if (actual === undefined) return undefined;
  // Variables of policies are not resolved here.
  if (expected.some((value) => value.includes('${'))) return undefined;
  const some = (test: (value: string) => Truth) => or(...expected.map(test));
  switch (operator.replace(/ifexists$/, '')) {
    case 'stringequals':
      return some((value) => value === actual);
    case 'stringnotequals':
      return not(some((value) => value === actual));
    case 'stringequalsignorecase':
      return some((value) => value.toLowerCase() === actual.toLowerCase());
    case 'stringnotequalsignorecase':
      return not(some((value) => value.toLowerCase() === actual.toLowerCase()));
    case 'stringlike':
      return some((value) => isLike(value, actual));
    case 'stringnotlike':
      return not(some((value) => isLike(value, actual)));
    case 'arnequals':
    case 'arnlike':
      return some((value) => isArnLike(value, actual));
    case 'arnnotequals':
    case 'arnnotlike':
      return not(some((value) => isArnLike(value, actual)));
    case 'null':
      return some((value) => value.toLowerCase() === 'false');
    default:
      return undefined;
  }
}

/** A wildcard of an ARN does not cross a colon; where it would, it is unknown. */
function isArnLike(pattern: string, arn: string): Truth {
  if (pattern === arn) return true;
  if (!isLike(pattern, arn)) return false;
  const parts = pattern.split(':');
  const isInside =
    parts.length === arn.split(':').length &&
    arn.split(':').every((part, at) => isLike(parts[at] ?? '', part));
  return isInside ? true : undefined;
}

/** Whether a text matches a pattern of `*` and `?`. */
function isLike(pattern: string, text: string): boolean {
  const parts = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const expression = parts.replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}

function listOf(value: unknown): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}
