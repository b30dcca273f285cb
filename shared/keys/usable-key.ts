import type { KeyMetadata } from '@aws-sdk/client-kms';
import { parseArn } from '../identifiers/arn.ts';

/**
 * Why Kinesis cannot encrypt a stream in this Region with this key, for people;
 * undefined for a usable key.
 *
 * @param key answer of kms:DescribeKey
 * @param region the stream's Region
 * @see https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
 */
export function unusableReason(
  key: KeyMetadata,
  region: string,
): string | undefined {
  const keyRegion = key.Arn && parseArn(key.Arn)?.region;
  if (keyRegion !== region) {
    return `is in Region ${keyRegion}, the stream is in ${region}; use a key of the stream's Region`;
  }
  if (key.KeyState === 'PendingDeletion') {
    const on = key.DeletionDate
      ? ` and will be deleted at ${key.DeletionDate.toISOString()}`
      : '';
    return `has KeyState PendingDeletion${on}; use another key or cancel its deletion`;
  }
  if (key.KeyState !== 'Enabled') {
    return `has KeyState ${key.KeyState}; use an Enabled key`;
  }
  // KMS always returns these two. Some emulators omit CreateKey's defaults.
  const { KeyUsage = 'ENCRYPT_DECRYPT', KeySpec = 'SYMMETRIC_DEFAULT' } = key;
  if (KeyUsage !== 'ENCRYPT_DECRYPT') {
    return `has KeyUsage ${KeyUsage}; Kinesis needs ENCRYPT_DECRYPT`;
  }
  if (KeySpec !== 'SYMMETRIC_DEFAULT') {
    return `has KeySpec ${KeySpec}; Kinesis needs SYMMETRIC_DEFAULT`;
  }
  return undefined;
}
