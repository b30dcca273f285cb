import type { GrantListEntry } from '@aws-sdk/client-kms';
import { readArn } from '../../shared/identifiers/arn.ts';
import type { AccessReport, PrincipalFinding } from './access-report.ts';
import { policyOf } from './check-keys.ts';
import { isGranted } from './compare-grants.ts';
import {
  evaluateKeyPolicy,
  type KeyPolicyAnswer,
  type KeyUse,
  statementsOf,
} from './key-policy.ts';
import type { Move } from './move.ts';
import { decidePrincipal, type IdentityAnswer } from './principal-verdict.ts';
import type {
  AccessSource,
  FoundReader,
  IamSource,
} from './sources/access-source.ts';
import type { Answer } from './sources/answer.ts';

interface Role extends FoundReader {
  role: PrincipalFinding['Role'];
}

/** Checks the listed writers and readers, and the readers that are found. */
export async function checkPrincipals(
  move: Move,
  source: AccessSource,
  iam: IamSource,
): Promise<Pick<AccessReport, 'Principals' | 'NotChecked'>> {
  const { Writers = [], Readers = [] } = move.settings;
  const listed = [
    ...Writers.map((roleArn) => ({ role: 'Writer' as const, roleArn })),
    ...Readers.map((roleArn) => ({ role: 'Reader' as const, roleArn })),
  ].map((one): Role => ({ ...one, source: 'rotations.yml' }));
  const { readers, notChecked } = await iam.findReaders(move.streamArn);
  const found = readers
    .filter(
      ({ roleArn }, at) =>
        !Readers.includes(roleArn) &&
        readers.findIndex((one) => one.roleArn === roleArn) === at,
    )
    .map((one): Role => ({ ...one, role: 'Reader' }));
  const Principals = await Promise.all(
    [...listed, ...found].map((one) => checkPrincipal(one, move, source, iam)),
  );
  const NotChecked = [
    ...notChecked,
    ...(Writers.length === 0
      ? ['writers: rotations.yml lists no Writers of the stream']
      : []),
  ];
  return { Principals, NotChecked };
}

async function checkPrincipal(
  { role, roleArn, source: Source }: Role,
  { streamArn, newKeyArn }: Move,
  source: AccessSource,
  iam: IamSource,
): Promise<PrincipalFinding> {
  const action = role === 'Writer' ? 'kms:GenerateDataKey' : 'kms:Decrypt';
  const context = contextOf(streamArn, roleArn);
  const use = { roleArn, action, keyArn: newKeyArn, context };
  const { account } = readArn(roleArn);
  const [policy, grants, identity] = await Promise.all([
    policyOf(newKeyArn, streamArn, source),
    source.grantsOf(newKeyArn),
    account === readArn(streamArn).account
      ? iam.simulate(roleArn, action, newKeyArn, context)
      : {
          why: `iam:SimulatePrincipalPolicy answers account ${account} alone, of which ${roleArn} is`,
        },
  ]);
  const verdict = decidePrincipal({
    action,
    keyPolicy: policyAnswer(policy, use),
    identity,
    grant: grantAnswer(grants, use, streamArn),
    isOwnAccount: account === readArn(newKeyArn).account,
  });
  return {
    Role: role,
    RoleArn: roleArn,
    Action: action,
    Source,
    ...verdict,
    Covered: coveredBy(policy, grants, identity),
  };
}

/**
 * What Kinesis tells KMS of a call.
 *
 * @see https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
 */
function contextOf(
  streamArn: string,
  roleArn: string,
): Readonly<Record<string, string>> {
  const { partition, region } = readArn(streamArn);
  const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const { account } = readArn(roleArn);
  return {
    'kms:ViaService': `kinesis.${region}.${suffix}`,
    'kms:CallerAccount': account,
    'kms:EncryptionContext:aws:kinesis:arn': streamArn,
    'aws:PrincipalArn': roleArn,
    'aws:PrincipalAccount': account,
  };
}

function policyAnswer(
  policy: Answer<string>,
  use: KeyUse,
): Answer<KeyPolicyAnswer> {
  if ('why' in policy) return policy;
  const statements = statementsOf(policy.value);
  return statements === undefined
    ? { why: `the policy of ${use.keyArn} is not the JSON of a policy` }
    : { value: evaluateKeyPolicy(statements, use) };
}

function grantAnswer(
  grants: Answer<GrantListEntry[]>,
  { roleArn, action }: KeyUse,
  streamArn: string,
): Answer<boolean> {
  if ('why' in grants) return grants;
  return { value: isGranted(grants.value, roleArn, action, streamArn) };
}

function coveredBy(
  policy: Answer<string>,
  grants: Answer<unknown>,
  identity: Answer<IdentityAnswer>,
): string[] {
  const known = 'value' in identity ? identity.value : undefined;
  return [
    ...('value' in policy ? ["the new key's policy"] : []),
    ...('value' in grants ? ['grants of the new key'] : []),
    ...(known ? ['identity policies'] : []),
    ...(known?.allowedByBoundary === undefined ? [] : ['permissions boundary']),
    ...(known?.allowedByOrganizations === undefined
      ? []
      : ['service control policies']),
  ];
}
