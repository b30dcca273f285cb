import {
  type CurrentKey,
  keysAfter,
  type ResolvedKey,
} from '../../shared/keys/key-ring.ts';
import { unusableReason } from '../../shared/keys/usable-key.ts';
import type { Lease } from '../../shared/ledger/entry.ts';

/** What is known of a managed stream. */
export interface StreamFacts {
  StreamStatus: string;
  Current: CurrentKey;
  /** Why the resolved ARN of the current key is unknown. */
  Refusal?: Error | undefined;
  /** Of a rotation that holds the stream now. */
  Lease?: Lease | undefined;
  /** Its ring, as KMS describes it. */
  Keys: readonly ResolvedKey[];
  region: string;
}

/** `Reason` is for people. */
export type AwayDecision =
  | { Status: 'MOVE'; KeyId: string; KeyArn: string }
  | { Status: 'NOT_UNDER_IT'; Reason: string }
  | { Status: 'NO_OTHER_KEY'; Reason: string }
  | { Status: 'UNKNOWN'; Reason: string };

/**
 * Decides whether a stream moves away from a key, and to which key of its ring: the
 * first usable one in the order of ROTATE that is another key. Keys are compared by
 * ARN.
 *
 * A rotation that holds the stream counts: one that moves it to the key puts it under
 * the key, and during any other update the description may be that of before.
 */
export function decideAway(keyArn: string, facts: StreamFacts): AwayDecision {
  const { StreamStatus, Current, Lease } = facts;
  if (StreamStatus === 'DELETING') {
    return { Status: 'NOT_UNDER_IT', Reason: 'is DELETING' };
  }
  if (Current.KeyArn === keyArn || Lease?.KeyArn === keyArn) {
    return nextKey(keyArn, facts);
  }
  if (StreamStatus !== 'ACTIVE' || Lease !== undefined) {
    return { Status: 'UNKNOWN', Reason: busyText(facts) };
  }
  if (Current.KeyId === null) {
    return { Status: 'NOT_UNDER_IT', Reason: 'is not encrypted' };
  }
  return Current.KeyArn === null
    ? { Status: 'UNKNOWN', Reason: unresolvedText(facts) }
    : {
        Status: 'NOT_UNDER_IT',
        Reason: `is under ${Current.KeyId}${presumption(Current)}`,
      };
}

function presumption({ IsPresumed }: CurrentKey): string {
  return IsPresumed
    ? ', which resolves to another key now; the ledger did not see it applied'
    : '';
}

function nextKey(
  keyArn: string,
  { Keys, Current, region }: StreamFacts,
): AwayDecision {
  const others = keysAfter(Keys, Current).filter(
    ({ Metadata }) => Metadata?.Arn !== keyArn,
  );
  const refused: string[] = [];
  for (const { KeyId, Metadata, Refusal } of others) {
    const reason = Metadata
      ? unusableReason(Metadata, region)
      : `is unknown: ${Refusal?.message ?? 'KMS did not describe it'}`;
    if (Metadata?.Arn !== undefined && reason === undefined) {
      return { Status: 'MOVE', KeyId, KeyArn: Metadata.Arn };
    }
    refused.push(`${KeyId} ${reason}`);
  }
  const Reason =
    refused.length === 0 ? 'its ring has no other key' : refused.join('; ');
  return { Status: 'NO_OTHER_KEY', Reason };
}

function busyText({ StreamStatus, Lease }: StreamFacts): string {
  return Lease
    ? `${Lease.RotationId} is moving it to ${Lease.KeyId}; look again after it`
    : `is ${StreamStatus}, so its key may be changing; look again after it`;
}

function unresolvedText({ Current, Refusal }: StreamFacts): string {
  const why = Refusal ? `: ${Refusal.name}: ${Refusal.message}` : '';
  return `is under ${Current.KeyId}, which KMS does not resolve${why}`;
}
