import { readArn } from '../../shared/identifiers/arn.ts';
import type { GrantFinding, PolicyFinding } from './access-report.ts';
import { compareGrants } from './compare-grants.ts';
import type { Move } from './move.ts';
import { pairPolicies } from './policy-comparison.ts';
import type { AccessSource, IamSource } from './sources/access-source.ts';
import type { Answer } from './sources/answer.ts';

const unchecked = (Why: string) => ({ Status: 'NOT_CHECKED' as const, Why });

/** Compares what the policies of the two keys allow writers and readers. */
export async function comparePolicies(
  oldKeyArn: string,
  { oldKeyId, newKeyArn, streamArn }: Move,
  source: AccessSource,
  iam: IamSource,
): Promise<PolicyFinding> {
  const Reasons: PolicyFinding['Reasons'] = [];
  if (oldKeyId?.endsWith('alias/aws/kinesis')) {
    return {
      ...unchecked(
        'alias/aws/kinesis allows every principal of the account through Kinesis, and each needs rights of its own on the new key',
      ),
      Reasons,
    };
  }
  const [old, next] = await Promise.all(
    [oldKeyArn, newKeyArn].map((arn) => policyOf(arn, streamArn, source)),
  );
  if (old === undefined || next === undefined) throw new Error('Two policies');
  const why = [old, next].flatMap((one) => ('why' in one ? [one.why] : []));
  if ('why' in old || 'why' in next) {
    return { ...unchecked(why.join('; ')), Reasons };
  }
  const pair = pairPolicies(
    { arn: oldKeyArn, policy: old.value },
    { arn: newKeyArn, policy: next.value },
  );
  if (pair === undefined) {
    return {
      ...unchecked('a key policy is not the JSON of a policy'),
      Reasons,
    };
  }
  if (pair.indexes.length === 0) {
    const Why =
      "the old key's policy allows neither kms:GenerateDataKey nor kms:Decrypt";
    return { Status: 'OK', Why, Reasons };
  }
  const { existing, candidate, indexes } = pair;
  const compared = await iam.comparePolicies(existing, candidate);
  if ('why' in compared) return { ...unchecked(compared.why), Reasons };
  const note = pair.isOwnArnReplaced
    ? '; the ARN of a key in its own policy is compared as *'
    : '';
  if (compared.value.isSame) {
    const Why = `the new key's policy allows all that the old key's policy allows of kms:GenerateDataKey and kms:Decrypt${note}`;
    return { Status: 'OK', Why, Reasons };
  }
  return {
    Status: 'WOULD_LOSE',
    Why: `the old key's policy allows what the new key's policy does not${note}: ${compared.value.message}`,
    Reasons: compared.value.reasons.map((reason) => {
      const { StatementIndex: at } = reason;
      const index = at === undefined ? undefined : (indexes[at] ?? at);
      return {
        ...reason,
        ...(index !== undefined && { StatementIndex: index }),
      };
    }),
  };
}

/** Reads the policy of a key of the stream's account: kms:GetKeyPolicy reads no other. */
export async function policyOf(
  keyArn: string,
  streamArn: string,
  source: AccessSource,
): Promise<Answer<string>> {
  const { account } = readArn(keyArn);
  return account === readArn(streamArn).account
    ? source.policyOf(keyArn)
    : {
        why: `kms:GetKeyPolicy answers account ${account} alone, of which ${keyArn} is`,
      };
}

/** Compares the grants of the two keys. */
export async function compareKeyGrants(
  oldKeyArn: string,
  { newKeyArn, streamArn }: Move,
  source: AccessSource,
): Promise<GrantFinding> {
  const [old, next] = await Promise.all([
    source.grantsOf(oldKeyArn),
    source.grantsOf(newKeyArn),
  ]);
  if ('why' in old || 'why' in next) {
    const whys = [old, next].flatMap((one) => ('why' in one ? [one.why] : []));
    return { ...unchecked(whys.join('; ')), Missing: [] };
  }
  const Missing = compareGrants(old.value, next.value, streamArn);
  return Missing.length === 0
    ? {
        Status: 'OK',
        Why: `every grant of the old key for this stream has one of the new key (${old.value.length} of the old key)`,
        Missing,
      }
    : {
        Status: 'WOULD_LOSE',
        Why: 'principals have grants of the old key, and none of the new key',
        Missing,
      };
}
