import { expect, it } from 'vitest';
import { pairPolicies } from '../../../cli/access-check/policy-comparison.ts';

const OLD = 'arn:aws:kms:us-east-1:111122223333:key/old';
const NEW = 'arn:aws:kms:us-east-1:111122223333:key/new';

const pair = (old: object[], next: object[]) =>
  pairPolicies(
    { arn: OLD, policy: JSON.stringify({ Statement: old }) },
    { arn: NEW, policy: JSON.stringify({ Statement: next }) },
  );

const candidate = (...statements: object[]) =>
  JSON.parse(pair(statements, [])?.candidate ?? '').Statement;

it('compares what writers and readers need, and keeps where it stood', () => {
  const statements = [
    { Sid: 'Admin', Effect: 'Allow', Action: ['kms:Put*', 'kms:Create*'] },
    { Sid: 'All', Effect: 'Allow', Action: 'kms:*' },
    { Sid: 'Read', Effect: 'Allow', Action: ['kms:Decrypt', 'kms:Describe*'] },
    { Sid: 'Not', Effect: 'Allow', NotAction: 'kms:Decrypt' },
    { Sid: 'Never', Effect: 'Deny', Action: 'kms:Delete*' },
  ];
  expect(candidate(...statements)).toEqual([
    {
      Sid: 'All',
      Effect: 'Allow',
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    },
    { Sid: 'Read', Effect: 'Allow', Action: ['kms:Decrypt'] },
    { Sid: 'Not', Effect: 'Allow', Action: ['kms:GenerateDataKey'] },
    { Sid: 'Never', Effect: 'Deny', Action: 'kms:Delete*' },
  ]);
  expect(pair(statements, [])?.indexes).toEqual([1, 2, 3, 4]);
});

it('compares the ARN of a key in its own policy as *', () => {
  const allow = (Resource: string | string[]) => ({
    Effect: 'Allow',
    Action: ['kms:Decrypt'],
    Resource,
  });
  const other = 'arn:aws:kms:us-east-1:111122223333:key/other';
  const named = pair([allow([OLD, other])], [allow(NEW)]);
  expect(JSON.parse(named?.candidate ?? '').Statement).toEqual([
    allow(['*', other]),
  ]);
  expect(JSON.parse(named?.existing ?? '').Statement).toEqual([allow('*')]);
  expect(named?.isOwnArnReplaced).toBe(true);
  expect(pair([allow('*')], [allow('*')])?.isOwnArnReplaced).toBe(false);
});

it('has nothing to compare where the old key allows no writer and reader', () => {
  const deny = { Effect: 'Deny', Action: 'kms:Decrypt' };
  expect(pair([deny], [])?.indexes).toEqual([]);
});

it('refuses a text that is not a policy', () => {
  const policy = JSON.stringify({ Statement: [] });
  const broken = { arn: OLD, policy: '{"Statement": 1}' };
  expect(pairPolicies(broken, { arn: NEW, policy })).toBeUndefined();
});
