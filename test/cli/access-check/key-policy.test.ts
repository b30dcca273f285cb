import { runSimulation } from '@cloud-copilot/iam-simulate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  evaluateKeyPolicy,
  type KeyUse,
  type Statement,
  statementsOf,
} from '../../../cli/access-check/key-policy.ts';

const ACCOUNT = '111122223333';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/team/orders-writer`;
const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/12345678-1234-1234-1234-123456789012`;
const VIA = 'kinesis.us-east-1.amazonaws.com';

const USE: KeyUse = {
  roleArn: ROLE,
  action: 'kms:GenerateDataKey',
  keyArn: KEY,
  context: { 'kms:ViaService': VIA, 'kms:CallerAccount': ACCOUNT },
};

const allow = (fields: Statement): Statement => ({
  Effect: 'Allow',
  Principal: { AWS: ROLE },
  Action: 'kms:GenerateDataKey',
  Resource: '*',
  ...fields,
});

const NEITHER = { denies: false, allowsRole: false, letsIamDecide: false };
const evaluate = (...statements: Statement[]) =>
  evaluateKeyPolicy(statements, USE);

describe('a key policy', () => {
  it.each([
    ['its own statement', {}],
    ['every principal', { Principal: '*' }],
    ['every AWS principal', { Principal: { AWS: ['*'] } }],
    ['a wildcard in the action', { Action: ['KMS:generate*'] }],
    ['NotAction of another action', { NotAction: 'kms:Decrypt' }],
    ['its key by ARN', { Resource: KEY }],
    [
      'a condition that the call meets',
      {
        Condition: {
          StringEquals: { 'KMS:ViaService': [VIA, 'sqs.amazonaws.com'] },
        },
      },
    ],
  ])('allows the role by %s', (_, fields) => {
    expect(evaluate(allow(fields))).toEqual({ ...NEITHER, allowsRole: true });
  });

  it.each([
    ['another role', { Principal: { AWS: `${ROLE}-2` } }],
    ['a service', { Principal: { Service: 'kinesis.amazonaws.com' } }],
    ['another action', { Action: 'kms:Decrypt' }],
    ['a longer action', { Action: 'kms:GenerateDataKeyPair' }],
    ['NotAction of it', { NotAction: 'kms:GenerateDataKey' }],
    ['another key', { Resource: KEY.replace('1234', '4321') }],
    ['no Resource', { Resource: undefined }],
    [
      'a condition that the call does not meet',
      { Condition: { StringLike: { 'kms:ViaService': 's3.*' } } },
    ],
    [
      'one of two conditions that the call does not meet',
      {
        Condition: {
          StringEquals: { 'kms:ViaService': VIA, 'kms:CallerAccount': '1' },
        },
      },
    ],
  ])('does not allow it by a statement for %s', (_, fields) => {
    expect(evaluate(allow(fields))).toEqual(NEITHER);
  });

  it.each([
    ['its root', { AWS: `arn:aws:iam::${ACCOUNT}:root` }],
    ['its number', { AWS: [ACCOUNT] }],
  ])('lets IAM decide by a statement for the account: %s', (_, Principal) => {
    expect(evaluate(allow({ Principal, Action: 'kms:*' }))).toEqual({
      ...NEITHER,
      letsIamDecide: true,
    });
  });

  it('denies by a statement for the account', () => {
    const Principal = { AWS: `arn:aws:iam::${ACCOUNT}:root` };
    const denial = allow({ Effect: 'Deny', Principal });
    expect(evaluate(allow({}), denial).denies).toBe(true);
  });

  it.each([
    ['another condition key', { StringEquals: { 'aws:SourceVpce': 'vpce-1' } }],
    ['another operator', { NumericLessThan: { 'kms:ViaService': '1' } }],
    ['a variable', { StringEquals: { 'kms:ViaService': '${aws:x}' } }],
  ])('is unknown by %s', (_, Condition) => {
    expect(evaluate(allow({ Condition })).allowsRole).toBeUndefined();
  });

  it('is unknown for a statement that names a session of the role', () => {
    const AWS = `arn:aws:sts::${ACCOUNT}:assumed-role/orders-writer/one`;
    expect(evaluate(allow({ Principal: { AWS } })).allowsRole).toBeUndefined();
  });
});

it('reads one statement and many, and no other text', () => {
  expect(statementsOf('{"Statement": {"Sid": "a"}}')).toEqual([{ Sid: 'a' }]);
  expect(statementsOf('{"Statement": [{}, {}]}')).toEqual([{}, {}]);
  expect(statementsOf('{"Statement": "x"}')).toBeUndefined();
  expect(statementsOf('no JSON')).toBeUndefined();
});

const PRINCIPALS = [
  '*',
  { AWS: '*' },
  { AWS: ROLE },
  { AWS: [`${ROLE}-2`, ROLE] },
  { AWS: `${ROLE}-2` },
  { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  { AWS: ACCOUNT },
  { AWS: 'arn:aws:iam::999999999999:root' },
];
const CONDITIONS = [
  undefined,
  { StringEquals: { 'kms:ViaService': VIA } },
  { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
  { StringLike: { 'kms:ViaService': ['s3.*', 'kinesis.*.amazonaws.com'] } },
  { StringNotEquals: { 'kms:CallerAccount': ACCOUNT } },
  { StringNotLike: { 'kms:ViaService': 's3.*' } },
  { StringEqualsIfExists: { 'kms:CallerAccount': ACCOUNT } },
  { StringEquals: { 'aws:SourceVpce': 'vpce-1' } },
  { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } },
];

const anyStatement = fc
  .record({
    Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
    Principal: fc.constantFrom(...PRINCIPALS),
    Action: fc.constantFrom(
      'kms:*',
      'kms:GenerateDataKey',
      'kms:generate*',
      'kms:Decrypt',
      ['kms:Decrypt', 'kms:GenerateDataKey'],
    ),
    Resource: fc.constantFrom('*', KEY),
    Condition: fc.constantFrom(...CONDITIONS),
  })
  .map(({ Condition, ...rest }) => ({
    ...rest,
    ...(Condition && { Condition }),
  }));

/** What an independent evaluator says of a role without policies of its own. */
async function reference(
  statements: readonly Statement[],
  more: Record<string, string>,
): Promise<string | undefined> {
  const answered = await runSimulation(
    {
      request: {
        principal: ROLE,
        action: USE.action,
        resource: { resource: KEY, accountId: ACCOUNT },
        contextVariables: {
          'aws:PrincipalArn': ROLE,
          'aws:PrincipalAccount': ACCOUNT,
          ...USE.context,
          ...more,
        },
      },
      identityPolicies: [],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: { Version: '2012-10-17', Statement: statements },
    },
    {},
  );
  if (answered.resultType !== 'single') throw new Error('Not evaluated');
  return answered.result.analysis.resourceAnalysis?.result;
}

it('agrees with another evaluator, and knows what it does not know', async () => {
  const evaluated = fc.asyncProperty(
    fc.array(anyStatement, { minLength: 1, maxLength: 4 }),
    async (statements) => {
      const { denies, allowsRole, letsIamDecide } = evaluate(...statements);
      const endpoints: Record<string, string>[] = [
        { 'aws:SourceVpce': 'vpce-1' },
        { 'aws:SourceVpce': 'vpce-2' },
        {},
      ];
      for (const more of endpoints) {
        const said = await reference(statements, more);
        const isDenied = /^(ExplicitlyDenied|DeniedForAccount)$/.test(
          `${said}`,
        );
        if (denies !== undefined) expect(isDenied).toBe(denies);
        if (denies !== false) continue;
        if (allowsRole === true) expect(said).toBe('Allowed');
        if (allowsRole !== false) continue;
        expect(said).not.toBe('Allowed');
        if (letsIamDecide === true) expect(said).toBe('AllowedForAccount');
        if (letsIamDecide === false) expect(said).toBe('ImplicitlyDenied');
      }
    },
  );
  await fc.assert(evaluated, { numRuns: 300 });
});
