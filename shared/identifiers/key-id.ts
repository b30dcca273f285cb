import type { KeyMetadata } from '@aws-sdk/client-kms';

const ARN =
  /^arn:(?<Partition>aws[a-z-]{0,20}):kms:(?<Region>[a-z0-9-]{1,30}):(?<Account>\d{12}):(?<Resource>.{1,300})$/;
const KEY =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;
const ALIAS = /^alias\/[a-zA-Z0-9/_-]{1,250}$/;

/** What the text of a KeyId tells without asking AWS. */
export interface KeyIdParts {
  /** `key/<id>` or `alias/<name>`. */
  Resource: string;
  /** Only the two ARN forms carry these. */
  Partition?: string;
  Region?: string;
  Account?: string;
}

/** For people: the forms that {@link parseKeyId} takes. */
export const KEY_ID_FORMS =
  'a key ARN, an alias ARN, a key id (GUID or mrk-...) or an alias name (alias/...)';

/**
 * Splits a KeyId in one of the five forms of StartStreamEncryption: key ARN,
 * alias ARN, GUID (or multi-Region `mrk-` id), alias name, `alias/aws/kinesis`.
 * Undefined for anything else.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html
 */
export function parseKeyId(keyId: string): KeyIdParts | undefined {
  if (KEY.test(keyId)) return { Resource: `key/${keyId}` };
  if (ALIAS.test(keyId)) return { Resource: keyId };
  const parts = ARN.exec(keyId)?.groups as Required<KeyIdParts> | undefined;
  if (parts === undefined) return undefined;
  const { Resource } = parts;
  const isKey = Resource.startsWith('key/') && KEY.test(Resource.slice(4));
  return isKey || ALIAS.test(Resource) ? { ...parts } : undefined;
}

/**
 * Why Kinesis could not encrypt a stream of this Region with this key, in
 * words; undefined for a usable key.
 *
 * @param key answer of kms:DescribeKey
 * @param region the stream's Region
 * @see https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
 */
export function unusableReason(
  key: KeyMetadata,
  region: string,
): string | undefined {
  const keyRegion = parseKeyId(key.Arn ?? '')?.Region;
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
  // KMS always says these two; some emulators leave CreateKey's defaults out.
  const { KeyUsage = 'ENCRYPT_DECRYPT', KeySpec = 'SYMMETRIC_DEFAULT' } = key;
  if (KeyUsage !== 'ENCRYPT_DECRYPT') {
    return `has KeyUsage ${KeyUsage}; Kinesis needs ENCRYPT_DECRYPT`;
  }
  if (KeySpec !== 'SYMMETRIC_DEFAULT') {
    return `has KeySpec ${KeySpec}; Kinesis needs SYMMETRIC_DEFAULT`;
  }
  return undefined;
}
