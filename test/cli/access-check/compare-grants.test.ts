import type { GrantListEntry } from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareGrants,
  isGranted,
} from '../../../cli/access-check/compare-grants.ts';

const STREAM = 'arn:aws:kinesis:us-east-1:111122223333:stream/orders';
const WRITER = 'arn:aws:iam::111122223333:role/writer';

const grant = (
  Operations: string[],
  EncryptionContextSubset?: Record<string, string>,
): GrantListEntry => ({
  GranteePrincipal: WRITER,
  Operations: Operations as GrantListEntry['Operations'],
  ...(EncryptionContextSubset && { Constraints: { EncryptionContextSubset } }),
});

describe('compareGrants', () => {
  it('names the principal and the operations that stay behind', () => {
    expect(
      compareGrants(
        [grant(['Decrypt', 'GenerateDataKey', 'DescribeKey'])],
        [grant(['Decrypt'])],
        STREAM,
      ),
    ).toEqual([{ GranteePrincipal: WRITER, Operations: ['GenerateDataKey'] }]);
  });

  it('adds up the grants of a principal', () => {
    const each = [grant(['Decrypt']), grant(['GenerateDataKey'])];
    expect(compareGrants(each, [...each].reverse(), STREAM)).toEqual([]);
  });

  it.each([
    ['this stream', { 'aws:kinesis:arn': STREAM }, 1],
    ['another stream', { 'aws:kinesis:arn': `${STREAM}-2` }, 0],
    ['another service', { 'aws:s3:arn': 'x' }, 0],
  ])('looks at grants that are limited to %s', (_, context, count) => {
    const old = [grant(['Decrypt'], context)];
    expect(compareGrants(old, [], STREAM)).toHaveLength(count);
  });

  it('does not take a grant of another stream for one of this stream', () => {
    const other = grant(['Decrypt'], { 'aws:kinesis:arn': `${STREAM}-2` });
    expect(compareGrants([grant(['Decrypt'])], [other], STREAM)).toHaveLength(
      1,
    );
    expect(isGranted([other], WRITER, 'kms:Decrypt', STREAM)).toBe(false);
  });

  it('does not take an empty context for that of Kinesis', () => {
    const none = {
      ...grant(['Decrypt']),
      Constraints: { EncryptionContextEquals: {} },
    };
    expect(isGranted([none], WRITER, 'kms:Decrypt', STREAM)).toBe(false);
  });
});

const anyGrant = fc.record({
  GranteePrincipal: fc.constantFrom('a', 'b', 'c'),
  Operations: fc.subarray([
    'Decrypt' as const,
    'GenerateDataKey' as const,
    'DescribeKey' as const,
  ]),
});

it('misses exactly what is granted on the old key alone', () => {
  const grants = fc.array(anyGrant, { maxLength: 6 });
  const compared = fc.property(grants, grants, (old, next) => {
    const missing = compareGrants(old, next, STREAM);
    for (const principal of ['a', 'b', 'c']) {
      for (const operation of ['Decrypt', 'GenerateDataKey']) {
        const action = `kms:${operation}`;
        const isLost =
          isGranted(old, principal, action, STREAM) &&
          !isGranted(next, principal, action, STREAM);
        const isMissing = missing.some(
          ({ GranteePrincipal, Operations }) =>
            GranteePrincipal === principal && Operations.includes(operation),
        );
        expect(isMissing).toBe(isLost);
      }
    }
  });
  fc.assert(compared);
});
