import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  packPolicies,
  policySize,
  type Statement,
} from '../../stack/policies.ts';

const ARN = 'arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:';

const streams = (names: string[]): Statement => ({
  Sid: 'Streams',
  Action: ['kinesis:PutRecord'],
  Resource: names.map((name) => ({ 'Fn::Sub': `${ARN}stream/${name}` })),
});
const aliases = (names: string[]): Statement => ({
  Sid: 'KeysByAlias',
  Action: ['kms:GenerateDataKey'],
  Resource: [{ 'Fn::Sub': 'arn:aws:kms:key/*' }],
  Condition: {
    StringLike: { 'kms:ViaService': 'kinesis.*' },
    'ForAnyValue:StringEquals': { 'kms:ResourceAliases': names },
  },
});

describe('policySize', () => {
  it('counts what IAM will see, in the longest partition and Region', () => {
    expect(policySize({ 'Fn::Sub': `${ARN}stream/a` })).toBe(
      '"arn:aws-us-gov:kinesis:ap-southeast-1:000000000000:stream/a"'.length,
    );
  });
});

describe('packPolicies', () => {
  it('puts all into one inline policy where it fits', () => {
    const { inline, managed } = packPolicies([
      streams(['a', 'b']),
      aliases(['alias/a']),
    ]);
    expect(managed).toEqual([]);
    expect(inline.Statement).toEqual([
      { ...streams(['a', 'b']), Effect: 'Allow' },
      { ...aliases(['alias/a']), Effect: 'Allow' },
    ]);
  });

  it('loses nothing, repeats nothing, and stays inside the limits of IAM', () => {
    const name = fc.stringMatching(/^[a-z]{1,128}$/);
    const names = fc.uniqueArray(name, { minLength: 1, maxLength: 90 });
    fc.assert(
      fc.property(names, names, (streamNames, aliasNames) => {
        const { inline, managed } = packPolicies([
          streams(streamNames),
          aliases(aliasNames),
        ]);
        expect(policySize(inline)).toBeLessThanOrEqual(10_240);
        for (const document of managed) {
          expect(policySize(document)).toBeLessThanOrEqual(6_144);
        }
        const statements = [inline, ...managed].flatMap(
          ({ Statement }) => Statement,
        );
        const of = (prefix: string) =>
          statements.filter(({ Sid }) => Sid.startsWith(prefix));
        expect(of('Streams').flatMap(({ Resource }) => Resource)).toEqual(
          expect.arrayContaining(streams(streamNames).Resource),
        );
        expect(of('Streams').flatMap(({ Resource }) => Resource)).toHaveLength(
          streamNames.length,
        );
        const allowed = of('Keys').flatMap(
          ({ Condition }) =>
            Condition?.['ForAnyValue:StringEquals']?.['kms:ResourceAliases'],
        );
        expect(allowed.toSorted()).toEqual(aliasNames.toSorted());
        for (const { Condition } of of('Keys')) {
          expect(Condition).toHaveProperty(['StringLike', 'kms:ViaService']);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('gives every statement of a document an id of its own', () => {
    const { inline } = packPolicies([streams(['a']), streams(['b'])]);
    expect(inline.Statement.map(({ Sid }) => Sid)).toEqual([
      'Streams',
      'StreamsAnd2',
    ]);
  });

  it('says when no role can hold them', () => {
    const many = Array.from({ length: 600 }, (_, i) => `${i}`.padEnd(128, 'x'));
    expect(() => packPolicies([streams(many)])).toThrow(
      /^Streams need \d+ managed policies for one role, and IAM allows 10; divide them/,
    );
  });
});
