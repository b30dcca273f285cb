import { matchesAction, type Statement, statementsOf } from './key-policy.ts';

/** What writers and readers ask of a key. */
const KEY_ACTIONS = ['kms:GenerateDataKey', 'kms:Decrypt'] as const;

/** Two policies as CheckNoNewAccess compares them. */
export interface PolicyPair {
  /** Of the new key: the reference. */
  existing: string;
  /** Of the old key: what it allows of the actions of writers and readers. */
  candidate: string;
  /** By the index of a candidate's statement, that of the old key's policy. */
  indexes: number[];
  /** Whether a policy named its own key by ARN, and is compared with `*` instead. */
  isOwnArnReplaced: boolean;
}

/**
 * Prepares the policies of two keys for CheckNoNewAccess. A key policy is about its own
 * key, so an ARN of this key and `*` say the same; the ARN would differ between the
 * keys. Rights to administer the old key are left out.
 *
 * @returns undefined for a text that is not a policy; no indexes where the old key's
 *   policy allows none of the actions
 */
export function pairPolicies(
  oldKey: { arn: string; policy: string },
  newKey: { arn: string; policy: string },
): PolicyPair | undefined {
  const olds = statementsOf(oldKey.policy);
  const news = statementsOf(newKey.policy);
  if (olds === undefined || news === undefined) return undefined;
  const kept = olds.flatMap((statement, index) => {
    const narrow = narrowed(ofAnyKey(statement, oldKey.arn));
    return narrow === undefined ? [] : [{ statement: narrow, index }];
  });
  const existing = news.map((statement) => ofAnyKey(statement, newKey.arn));
  const isAllowing = kept.some(({ statement }) => statement.Effect === 'Allow');
  return {
    existing: policyOf(existing),
    candidate: policyOf(kept.map(({ statement }) => statement)),
    indexes: isAllowing ? kept.map(({ index }) => index) : [],
    isOwnArnReplaced: names(olds, oldKey.arn) || names(news, newKey.arn),
  };
}

const policyOf = (Statement: readonly Statement[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement });

/** Without the actions of an Allow that no writer or reader needs. */
function narrowed(statement: Statement): Statement | undefined {
  if (statement.Effect !== 'Allow') return statement;
  const { Action: _, NotAction: __, ...rest } = statement;
  const Action = KEY_ACTIONS.filter((each) => matchesAction(statement, each));
  return Action.length > 0 ? { ...rest, Action } : undefined;
}

const FIELDS = ['Resource', 'NotResource'] as const;

function ofAnyKey(statement: Statement, arn: string): Statement {
  const replaced = FIELDS.flatMap((field) => {
    const value = statement[field];
    return value === undefined ? [] : [[field, replaceArn(value, arn)]];
  });
  return { ...statement, ...Object.fromEntries(replaced) };
}

function replaceArn(value: unknown, arn: string): unknown {
  if (!Array.isArray(value)) return value === arn ? '*' : value;
  return value.map((each) => (each === arn ? '*' : each));
}

const names = (statements: readonly Statement[], arn: string) =>
  statements.some((statement) =>
    FIELDS.some((field) => [statement[field]].flat().includes(arn)),
  );
