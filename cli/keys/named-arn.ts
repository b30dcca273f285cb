import { readStreamArn } from '../../shared/identifiers/arn.ts';
import { parseKeyId } from '../../shared/identifiers/key-id.ts';

/** The key ARN that a KeyId says without KMS: that of an ID is in the stream's account. */
export function namedArn(keyId: string, streamArn: string): string | undefined {
  const { resource, account } = parseKeyId(keyId) ?? {};
  if (!resource?.startsWith('key/')) return undefined;
  if (account !== undefined) return keyId;
  const { partition, region, account: own } = readStreamArn(streamArn);
  return `arn:${partition}:kms:${region}:${own}:${resource}`;
}
