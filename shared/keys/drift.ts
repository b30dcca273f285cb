import { quote } from '../errors/text.ts';
import type { CurrentKey, ResolvedKey } from './key-ring.ts';
import { unusableReason } from './usable-key.ts';

export interface DriftFinding {
  /**
   * 1 where a RESTORE would move the stream, or would if it could; null where
   * nobody can tell.
   */
  Drift: 0 | 1 | null;
  /** For people. */
  Reason: string;
}

/**
 * Whether a stream is as its ring wants it: encrypted, under a key of the ring,
 * and that key usable.
 *
 * @param ring the ring's keys, as KMS describes them
 * @param region the stream's Region
 */
export function detectDrift(
  ring: readonly ResolvedKey[],
  current: CurrentKey,
  region: string,
): DriftFinding {
  const { KeyId, KeyArn } = current;
  if (KeyId === null) return { Drift: 1, Reason: 'is not encrypted' };
  const key = ring.find(
    ({ Metadata }) => KeyArn !== null && Metadata?.Arn === KeyArn,
  );
  if (key?.Metadata === undefined) {
    const named = ring.find((one) => one.KeyId === KeyId);
    return {
      Drift: isDenied(named) ? null : 1,
      Reason: `is under ${quote(KeyId)}, which ${why(named)}`,
    };
  }
  const reason = unusableReason(key.Metadata, region);
  return reason === undefined
    ? { Drift: 0, Reason: `is under ${quote(KeyId)}` }
    : { Drift: 1, Reason: `is under ${quote(KeyId)}, which ${reason}` };
}

/** Why a stream's key is none of its ring, given the key that is named so. */
function why(named: ResolvedKey | undefined): string {
  if (named === undefined) return 'is not in its ring';
  return named.Refusal
    ? `cannot be used: ${named.Refusal.message}`
    : 'stands for another key than when applied';
}

/**
 * KMS takes minutes to grant by an alias what it grants by that alias, so a
 * denial says nothing of the key that an alias was just pointed at.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
function isDenied(key: ResolvedKey | undefined): boolean {
  return key?.Refusal?.name === 'AccessDeniedException';
}
