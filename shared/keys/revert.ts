import type { RotationRequest } from '../contract/request.ts';
import { isDenial } from '../errors/aws-errors.ts';
import { quote } from '../errors/text.ts';
import { parseArn } from '../identifiers/arn.ts';
import { parseKeyId } from '../identifiers/key-id.ts';
import type { LastApplied } from '../ledger/entry.ts';
import { CLOCK_MARGIN_MS } from '../ledger/window.ts';
import {
  type ChosenKey,
  type CurrentKey,
  chooseKey,
  type ResolvedKey,
} from './key-ring.ts';
import { unusableReason } from './usable-key.ts';

/** How long after a move a REVERT returns from it, where the request does not say. */
const REVERT_WITHIN_MINUTES = 1440;

const MINUTE_MS = 60_000;

interface RevertFacts {
  Request: Pick<RotationRequest, 'KeyIds' | 'RevertWithinMinutes'>;
  /** The keys of the ring. */
  Keys: readonly ResolvedKey[];
  Current: CurrentKey;
  /** The stream's key, where it was described. */
  Former?: ResolvedKey;
  /** The last key that the ledger saw applied to this stream. */
  Last: LastApplied | undefined;
  /** Of the rotation, in milliseconds since the epoch. */
  StartedAt: number;
  /** The stream's Region. */
  region: string;
}

/** The key that a REVERT puts the stream under, or keeps it under. */
interface RevertChoice extends ChosenKey {
  /** Whether it is the key before the last applied one. */
  IsReturn?: true;
  /** For people: why this key. */
  Reason: string;
}

/**
 * Chooses the key of a REVERT: the key before the last applied one, if the ledger knows
 * it, and the last one was applied within RevertWithinMinutes before the rotation
 * started. The key before must be a usable key of the ring. A return, of a rollback or
 * a REVERT, is not reverted, so a request that is delivered twice moves the stream once.
 *
 * Elsewhere the stream keeps its key. Where it is not encrypted, or that key is known
 * to be unusable, the choice is that of RESTORE.
 *
 * @throws {RotationError} what {@link chooseKey} throws, and KMS's denial of the key
 *   before
 */
export function chooseRevert(facts: RevertFacts): RevertChoice {
  const { Request, Keys, Current, region } = facts;
  const found = keyBefore(facts);
  if (typeof found === 'object') {
    const Reason = `the stream returns to the key before ${Current.KeyId}`;
    return { ...found, IsReturn: true, Reason };
  }
  const kept = keptKey(facts);
  const chosen =
    kept ?? chooseKey({ ...Request, Mode: 'RESTORE' }, Keys, Current, region);
  return { ...chosen, Reason: found };
}

/** The key before the last applied one, or for people why there is no way to it. */
function keyBefore(facts: RevertFacts): ChosenKey | string {
  const { Request, Current, Last, StartedAt } = facts;
  if (Current.KeyId === null) return 'the stream is not encrypted';
  const key = quote(Current.KeyId);
  if (Last === undefined) {
    return 'the ledger knows no key that was applied to the stream';
  }
  if (Last.KeyId !== Current.KeyId) {
    return `the stream is under ${key}, and the last key that the ledger knows is ${quote(Last.KeyId)}`;
  }
  const at = new Date(Last.AppliedAt).toISOString();
  if (Last.IsReturn) {
    return `the stream returned to ${key} at ${at}, and a return is not reverted`;
  }
  const { RevertWithinMinutes: minutes = REVERT_WITHIN_MINUTES } = Request;
  if (Last.AppliedAt < StartedAt - minutes * MINUTE_MS) {
    return `${key} was applied at ${at}, more than ${minutes} minutes before this rotation started`;
  }
  if (Last.AppliedAt > StartedAt + CLOCK_MARGIN_MS) {
    return `${key} was applied at ${at}, after this rotation started`;
  }
  return targetOf(Last.Previous, facts);
}

function targetOf(
  previous: LastApplied['Previous'],
  { Keys, Current, region }: RevertFacts,
): ChosenKey | string {
  if (previous === null) {
    return `the stream was not encrypted before ${quote(Current.KeyId)}`;
  }
  // CloudTrail does not name every key.
  if (previous === undefined || parseKeyId(previous.KeyId) === undefined) {
    return `the ledger does not know the key before ${quote(Current.KeyId)}`;
  }
  const before = `the key before, ${quote(previous.KeyId)},`;
  const matches = Keys.filter((key) => isKey(key, previous));
  const target =
    matches.find(({ KeyId }) => KeyId === previous.KeyId) ?? matches[0];
  if (target?.Metadata?.Arn === undefined) {
    const named = Keys.find(({ KeyId }) => KeyId === previous.KeyId);
    const why = named?.Refusal && `cannot be used: ${named.Refusal.message}`;
    // A denial says nothing about the key.
    if (isDenial(named?.Refusal)) throw named.Refusal;
    return `${before} ${why ?? 'is not a key of the ring now'}`;
  }
  const { Arn } = target.Metadata;
  if (Arn === Current.KeyArn) {
    return `${before} is the key that the stream is under`;
  }
  const reason = unusableReason(target.Metadata, region);
  return reason === undefined
    ? { KeyId: target.KeyId, KeyArn: Arn }
    : `${before} ${reason}`;
}

/**
 * Whether a key of the ring is the previous key: by ARN, or by its ID where an external
 * start has no ARN. Its alias is then presumed to resolve to the same key now.
 */
function isKey(
  { KeyId, Metadata }: ResolvedKey,
  previous: { KeyId: string; KeyArn?: string },
): boolean {
  if (Metadata?.Arn === undefined) return false;
  if (previous.KeyArn !== undefined) return Metadata.Arn === previous.KeyArn;
  const resource = parseKeyId(previous.KeyId)?.resource;
  return (
    KeyId === previous.KeyId ||
    (resource !== undefined && parseArn(Metadata.Arn)?.resource === resource)
  );
}

/** The key that the stream keeps; undefined where it must not, or is not known. */
function keptKey({
  Current: { KeyId, KeyArn },
  Former,
  Last,
  region,
}: RevertFacts): ChosenKey | undefined {
  if (KeyId === null || KeyArn === null) return undefined;
  const isReturned = Last?.KeyId === KeyId && Last.IsReturn === true;
  const isUnusable =
    Former?.Metadata !== undefined &&
    unusableReason(Former.Metadata, region) !== undefined;
  return isUnusable && !isReturned ? undefined : { KeyId, KeyArn };
}
