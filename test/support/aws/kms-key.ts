import type { KeyMetadata } from '@aws-sdk/client-kms';
import fc from 'fast-check';

export const REGION = 'us-east-1';
export const ACCOUNT = '123456789012';

/** The GUID of the nth key of these tests. */
export function keyGuid(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

export function keyArn(n: number, region = REGION): string {
  return `arn:aws:kms:${region}:${ACCOUNT}:key/${keyGuid(n)}`;
}

/** What kms:DescribeKey answers for the nth key: usable unless told otherwise. */
export function kmsKey(
  n: number,
  differing: Partial<KeyMetadata> = {},
): KeyMetadata {
  return {
    KeyId: keyGuid(n),
    Arn: keyArn(n),
    KeyState: 'Enabled',
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    ...differing,
  };
}

const bareKeyId = fc.oneof(
  fc.uuid(),
  fc.stringMatching(/^mrk-[0-9a-f]{32}$/),
  fc.uuid().map((id) => id.toUpperCase()),
);
const aliasName = fc.oneof(
  fc.stringMatching(/^alias\/[a-zA-Z0-9/_-]{1,250}$/),
  fc.constant('alias/aws/kinesis'),
);

/** Any ARN of a key or of an alias, with its parts. */
export const anyKeyArn = fc
  .record({
    partition: fc.constantFrom('aws', 'aws-cn', 'aws-us-gov'),
    service: fc.constant('kms'),
    region: fc.constantFrom(
      'us-east-1',
      'eu-central-1',
      'cn-northwest-1',
      'us-gov-west-1',
    ),
    account: fc.stringMatching(/^[0-9]{12}$/),
    resource: fc.oneof(
      bareKeyId.map((id) => `key/${id}`),
      aliasName,
    ),
  })
  .map((parts) => ({
    text: `arn:${parts.partition}:kms:${parts.region}:${parts.account}:${parts.resource}`,
    parts,
  }));

/** A KeyId that says nothing of its Region, with its parts. */
export const anyLocalKeyId = fc.oneof(
  bareKeyId.map((text) => ({ text, parts: { resource: `key/${text}` } })),
  aliasName.map((text) => ({ text, parts: { resource: text } })),
);

/** All five forms of StartStreamEncryption's KeyId. */
export const anyKeyId = fc.oneof(anyKeyArn, anyLocalKeyId);
