import type { KeyMetadata } from '@aws-sdk/client-kms';
import type { RotationRequest } from '../contract/request.ts';
import { isDenial } from '../errors/aws-errors.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { unusableReason } from './usable-key.ts';

/** A key of the request, with the answer of kms:DescribeKey. */
export interface ResolvedKey {
  /** As the request has it. */
  KeyId: string;
  Metadata?: KeyMetadata;
  /** Why there is no Metadata. */
  Refusal?: Error;
}

/** A stream's current key; both fields are null when it is not encrypted. */
export interface CurrentKey {
  KeyId: string | null;
  /** Null where the resolved key ARN is unknown, or the stream not encrypted. */
  KeyArn: string | null;
  /**
   * KeyId is an alias, and the ledger does not know which key it was when it was
   * applied: KeyArn is the key that it resolves to now.
   */
  IsPresumed?: true;
}

export interface ChosenKey {
  KeyId: string;
  KeyArn: string;
}

/**
 * Chooses the key that a stream moves to.
 *
 * - one KeyId: that key
 * - ROTATE: the key after the current one in the ring, or the first one when
 *   the current key is not in the ring; of a ring of one alias, its key
 * - RESTORE: the current key when it is in the ring and usable, else the first
 *   usable one
 *
 * Keys are compared by ARN, never by text.
 *
 * @param region the stream's Region
 * @throws {RotationError} UnusableKey, InvalidKeyRing, or KMS's own refusal of
 *   the chosen key
 */
export function chooseKey(
  request: Pick<RotationRequest, 'KeyIds' | 'Mode'>,
  keys: readonly ResolvedKey[],
  current: CurrentKey,
  region: string,
): ChosenKey {
  const field = request.KeyIds ? 'KeyIds' : 'KeyId';
  if (request.KeyIds === undefined)
    return requireUsable(field, keys[0], region);
  if (request.Mode === 'RESTORE') return restore(keys, current, region);
  return requireUsable(field, findNext(keys, current), region);
}

function findNext(
  keys: readonly ResolvedKey[],
  current: CurrentKey,
): ResolvedKey | undefined {
  if (keys.length === 1) return keys[0];
  const distinct = new Set(keys.map((key) => key.Metadata?.Arn ?? key.KeyId));
  if (distinct.size < 2) {
    throw new RotationError(
      'InvalidKeyRing',
      `KeyIds ${quote(keys.map((key) => key.KeyId))} are all one key, ${[...distinct]}; a ring needs two different keys, or one alias alone`,
    );
  }
  return keysAfter(keys, current).find((key) => !isKey(key, current.KeyArn));
}

/**
 * The keys of a ring in the order of ROTATE: those after the current one first, and it
 * last. In the ring's own order where the current key is not in it.
 */
export function keysAfter(
  keys: readonly ResolvedKey[],
  current: CurrentKey,
): ResolvedKey[] {
  const isCurrent = (key: ResolvedKey) => isKey(key, current.KeyArn);
  const sameText = keys.findIndex(
    (key) => isCurrent(key) && key.KeyId === current.KeyId,
  );
  const at = sameText >= 0 ? sameText : keys.findIndex(isCurrent);
  return [...keys.slice(at + 1), ...keys.slice(0, at + 1)];
}

const isKey = ({ Metadata }: ResolvedKey, keyArn: string | null) =>
  keyArn !== null && Metadata?.Arn === keyArn;

function restore(
  keys: readonly ResolvedKey[],
  current: CurrentKey,
  region: string,
): ChosenKey {
  const same = keys.find(({ KeyId }) => KeyId === current.KeyId);
  const inRing = keys.filter((key) => key.Metadata?.Arn === current.KeyArn);
  const sameText = inRing.filter((key) => key.KeyId === current.KeyId);
  const candidates = [...sameText, ...inRing, ...keys];
  const good = candidates.find(
    (key) => checkKey('KeyIds', key, region) === undefined,
  );
  // A denial says nothing about the key that the stream is under.
  if (inRing.length === 0 && isDenial(same?.Refusal)) throw same.Refusal;
  if (good === undefined) {
    const denied = keys.find(({ Refusal }) => isDenial(Refusal));
    if (denied?.Refusal) throw denied.Refusal;
    const reasons = keys.map((key) => checkKey('KeyIds', key, region)?.message);
    throw new RotationError(
      'UnusableKey',
      `No key of the ring is usable: ${reasons.join('; ')}`,
    );
  }
  return requireUsable('KeyIds', good, region);
}

function requireUsable(
  field: string,
  key: ResolvedKey | undefined,
  region: string,
): ChosenKey {
  const error = key && checkKey(field, key, region);
  if (error) throw error;
  if (key?.Metadata?.Arn === undefined) throw new Error(`${field} has no key`);
  return { KeyId: key.KeyId, KeyArn: key.Metadata.Arn };
}

/** The error of a key that is unknown or unusable. */
function checkKey(
  field: string,
  key: ResolvedKey,
  region: string,
): Error | undefined {
  if (key.Metadata === undefined) return key.Refusal;
  const reason = unusableReason(key.Metadata, region);
  return reason === undefined
    ? undefined
    : new RotationError(
        'UnusableKey',
        `${field} ${quote(key.KeyId)}: key ${key.Metadata.Arn} ${reason}`,
      );
}
