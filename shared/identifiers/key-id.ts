import { type Arn, parseRegionalArn, readStreamArn } from './arn.ts';

const KEY =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/i;
const ALIAS = /^alias\/[a-zA-Z0-9/_-]{1,250}$/;

/**
 * What the text of a KeyId says without a call to AWS. The resource is `key/<id>`
 * or `alias/<name>`; only the two ARN forms carry the other parts.
 */
export type KeyIdParts = Pick<Arn, 'resource'> & Partial<Arn>;

/** The forms that {@link parseKeyId} accepts, for people. */
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
  if (KEY.test(keyId)) return { resource: `key/${keyId}` };
  if (ALIAS.test(keyId)) return { resource: keyId };
  const arn = parseRegionalArn(keyId, 'kms');
  if (arn === undefined) return undefined;
  const { resource } = arn;
  const isKey = resource.startsWith('key/') && KEY.test(resource.slice(4));
  return isKey || ALIAS.test(resource) ? arn : undefined;
}

/**
 * Whether an owner can point a KeyId at another key: an alias, but not one of those
 * that AWS manages, `alias/aws/...`.
 */
export function isOwnAlias(keyId: string): boolean {
  const resource = parseKeyId(keyId)?.resource;
  return /^alias\/(?!aws\/)/.test(String(resource));
}

/** The key ARN that a KeyId says without KMS: that of an ID is in the stream's account. */
export function namedArn(keyId: string, streamArn: string): string | undefined {
  const { resource, account } = parseKeyId(keyId) ?? {};
  if (!resource?.startsWith('key/')) return undefined;
  if (account !== undefined) return keyId;
  const { partition, region, account: own } = readStreamArn(streamArn);
  return `arn:${partition}:kms:${region}:${own}:${resource}`;
}
