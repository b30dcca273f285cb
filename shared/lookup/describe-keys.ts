import {
  DescribeKeyCommand,
  type KeyMetadata,
  type KMSClient,
} from '@aws-sdk/client-kms';
import {
  assertInRing,
  isNamedInRing,
  type StreamBoundary,
} from '../config/stream-boundary.ts';
import type { RotationRequest } from '../contract/request.ts';
import { requestedKeys } from '../contract/requested.ts';
import { isDenial, nameError } from '../errors/aws-errors.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { readStreamArn } from '../identifiers/arn.ts';
import { parseKeyId } from '../identifiers/key-id.ts';
import { currentKey, lastAppliedTo } from '../keys/current-key.ts';
import type { CurrentKey, ResolvedKey } from '../keys/key-ring.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import type { DescribedStream } from './describe-stream.ts';

/** A stream, as far as its key is concerned. */
type StreamWithKey = Pick<DescribedStream, 'StreamARN' | 'KeyId'> & {
  StreamCreationTimestamp?: Date | undefined;
};

/**
 * Describes one key.
 *
 * @param subject what the key is for, as `field "value"`, for messages
 * @throws what kms:DescribeKey refuses, under AWS's own name, and
 *   ServiceUnavailable
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
 */
export async function describeKey(
  kms: KMSClient,
  keyId: string,
  subject = `KeyId ${quote(keyId)}`,
): Promise<KeyMetadata & { Arn: string }> {
  try {
    const { KeyMetadata } = await kms.send(
      new DescribeKeyCommand({ KeyId: keyId }),
    );
    if (KeyMetadata?.Arn !== undefined) {
      return { ...KeyMetadata, Arn: KeyMetadata.Arn };
    }
  } catch (error) {
    throw nameError(error, subject);
  }
  throw new RotationError(
    'InternalError',
    `DescribeKey: ${subject} has no ARN`,
  );
}

/**
 * Describes the keys of a request, in their order, and the stream's current key.
 * A key that KMS refuses to describe carries the refusal. `Former` is the key that the
 * stream is under, where it was described; by its ARN where its alias was repointed.
 *
 * @throws {RotationError} ServiceUnavailable
 */
export async function lookUpKeys(
  kms: KMSClient,
  request: Pick<RotationRequest, 'KeyId' | 'KeyIds'>,
  stream: StreamWithKey,
  entry: LedgerEntry,
): Promise<{ Keys: ResolvedKey[]; Current: CurrentKey; Former?: ResolvedKey }> {
  const region = readStreamArn(stream.StreamARN).region;
  const Keys = await describeKeys(kms, request, region);
  const named = Keys.find((key) => key.KeyId === stream.KeyId);
  const lastApplied = lastAppliedTo(stream, entry);
  const appliedArn =
    lastApplied?.KeyId === stream.KeyId ? lastApplied?.KeyArn : undefined;
  const isUnknown =
    named?.Metadata === undefined &&
    appliedArn === undefined &&
    stream.KeyId !== undefined;
  const current = isUnknown
    ? await resolveKey(kms, 'KeyId', stream.KeyId ?? '', region)
    : named;
  const Current = currentKey(stream.KeyId, lastApplied, current?.Metadata?.Arn);
  const same = Keys.find(
    ({ Metadata }) => Metadata !== undefined && Metadata.Arn === Current.KeyArn,
  );
  const isRepointed =
    same === undefined &&
    named?.Metadata !== undefined &&
    appliedArn !== undefined;
  const other = isUnknown ? current : undefined;
  const Former =
    same ??
    (isRepointed ? await resolveKey(kms, 'KeyId', appliedArn, region) : other);
  return { Keys, Current, ...(Former && { Former }) };
}

/** Describes the keys of a request, in their order. */
export function describeKeys(
  kms: KMSClient,
  request: Pick<RotationRequest, 'KeyId' | 'KeyIds'>,
  region: string,
): Promise<ResolvedKey[]> {
  const { field, keyIds } = requestedKeys(request);
  return Promise.all(keyIds.map((id) => resolveKey(kms, field, id, region)));
}

/** Refuses a key of another Region by its ARN, since KMS would not find it. */
async function resolveKey(
  kms: KMSClient,
  field: string,
  keyId: string,
  region: string,
): Promise<ResolvedKey> {
  const keyRegion = parseKeyId(keyId)?.region;
  if (keyRegion !== undefined && keyRegion !== region) {
    const Refusal = new RotationError(
      'UnusableKey',
      `${field} ${quote(keyId)} is in Region ${keyRegion}, and the stream is in ${region}; use a key of the stream's Region`,
    );
    return { KeyId: keyId, Refusal };
  }
  try {
    const subject = `${field} ${quote(keyId)}`;
    return { KeyId: keyId, Metadata: await describeKey(kms, keyId, subject) };
  } catch (error) {
    const Refusal = error as Error;
    if (Refusal.name === 'ServiceUnavailable') throw Refusal;
    return { KeyId: keyId, Refusal };
  }
}

/**
 * Refuses a key outside the ring that rotations.yml gives the stream. Asks KMS only
 * where the ring does not name the key as the request does.
 *
 * @throws {RotationError} KeyNotInRing, ServiceUnavailable, and a denial of DescribeKey
 *   for a key of the ring
 */
export async function requireInRing(
  kms: KMSClient,
  boundary: StreamBoundary | undefined,
  key: { KeyId: string; KeyArn: string },
  { StreamName, StreamARN }: { StreamName: string; StreamARN: string },
): Promise<void> {
  if (boundary === undefined || isNamedInRing(boundary, key.KeyId)) return;
  const { KeyIds } = boundary;
  const ring = await describeKeys(
    kms,
    { KeyIds },
    readStreamArn(StreamARN).region,
  );
  const arns = ring.map(({ Metadata }) => Metadata?.Arn);
  const denied = ring.find(({ Refusal }) => isDenial(Refusal));
  if (denied?.Refusal && !arns.includes(key.KeyArn)) throw denied.Refusal;
  assertInRing(boundary, key, arns, StreamName);
}
