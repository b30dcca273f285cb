import type { StreamDescriptionSummary } from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { RotationRequest } from '../contract/request.ts';
import { namedError } from '../errors/aws-errors.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { parseStreamArn } from '../identifiers/arn.ts';
import { parseKeyId } from '../identifiers/key-id.ts';
import type { CurrentKey, ResolvedKey } from '../keys/key-ring.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { currentKey, lastAppliedTo } from '../rotation/plan.ts';

/**
 * What KMS says of the keys of a request, in their order, and of the key that
 * the stream has. A key that KMS refuses to describe carries the refusal.
 *
 * @throws {RotationError} ServiceUnavailable
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
 */
export async function lookUpKeys(
  kms: KMSClient,
  request: Pick<RotationRequest, 'KeyId' | 'KeyIds'>,
  stream: StreamDescriptionSummary,
  entry: LedgerEntry,
): Promise<{ Keys: ResolvedKey[]; Current: CurrentKey }> {
  const region = parseStreamArn(stream.StreamARN ?? '')?.Region ?? '';
  const Keys = await describeKeys(kms, request, region);
  const known = Keys.find((key) => key.KeyId === stream.KeyId);
  const lastApplied = lastAppliedTo(stream, entry);
  const { KeyId, KeyArn } = lastApplied ?? {};
  const resolved =
    known?.Metadata?.Arn ??
    (await resolveCurrent(kms, stream, KeyArn === undefined ? KeyArn : KeyId));
  return { Keys, Current: currentKey(stream.KeyId, lastApplied, resolved) };
}

/** What KMS says of keys, in their order. */
export function describeKeys(
  kms: KMSClient,
  { KeyId, KeyIds }: Pick<RotationRequest, 'KeyId' | 'KeyIds'>,
  region: string,
): Promise<ResolvedKey[]> {
  const field = KeyIds ? 'KeyIds' : 'KeyId';
  return Promise.all(
    (KeyIds ?? [KeyId ?? '']).map((id) => resolveKey(kms, field, id, region)),
  );
}

/** KMS finds no key of another Region, so that is told from the ARN alone. */
async function resolveKey(
  kms: KMSClient,
  field: string,
  keyId: string,
  region: string,
): Promise<ResolvedKey> {
  const keyRegion = parseKeyId(keyId)?.Region;
  if (keyRegion !== undefined && keyRegion !== region) {
    const Refusal = new RotationError(
      'UnusableKey',
      `${field} ${quote(keyId)} is in Region ${keyRegion}, and the stream is in ${region}; use a key of the stream's Region`,
    );
    return { KeyId: keyId, Refusal };
  }
  try {
    const { KeyMetadata } = await kms.send(
      new DescribeKeyCommand({ KeyId: keyId }),
    );
    return { KeyId: keyId, Metadata: KeyMetadata };
  } catch (error) {
    const Refusal = namedError(error, `${field} ${quote(keyId)}`);
    if (Refusal.name === 'ServiceUnavailable') throw Refusal;
    return { KeyId: keyId, Refusal };
  }
}

/** A current key that KMS no longer knows is simply none of the request's. */
async function resolveCurrent(
  kms: KMSClient,
  stream: StreamDescriptionSummary,
  lastApplied: string | undefined,
): Promise<string | undefined> {
  if (stream.KeyId === undefined || stream.KeyId === lastApplied) return;
  const region = parseStreamArn(stream.StreamARN ?? '')?.Region ?? '';
  const key = await resolveKey(kms, 'KeyId', stream.KeyId, region);
  return key.Metadata?.Arn;
}
