import { isDenial } from '../errors/aws-errors.ts';
import { quote } from '../errors/text.ts';
import type { CurrentKey, ResolvedKey } from './key-ring.ts';
import { unusableReason } from './usable-key.ts';

export interface DriftFinding {
  /** 1 where a RESTORE is needed, whether or not it can succeed; null if unknown. */
  Drift: 0 | 1 | null;
  /** For people. */
  Reason: string;
}

/**
 * Detects drift: a stream that is not encrypted, or not under a usable key of its
 * ring.
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
      Reason: `is under ${quote(KeyId)}, which ${explainKey(named)}`,
    };
  }
  const reason = unusableReason(key.Metadata, region);
  return reason === undefined
    ? { Drift: 0, Reason: `is under ${quote(KeyId)}${presumption(current)}` }
    : { Drift: 1, Reason: `is under ${quote(KeyId)}, which ${reason}` };
}

function presumption({ IsPresumed }: CurrentKey): string {
  return IsPresumed
    ? '; the ledger does not know which key it resolved to when it was applied'
    : '';
}

/** Why a stream's key is not in its ring, given the ring's key of that name. */
function explainKey(named: ResolvedKey | undefined): string {
  if (named === undefined) return 'is not in its ring';
  return named.Refusal
    ? `cannot be used: ${named.Refusal.message}`
    : 'resolves to another key than when it was applied';
}

/**
 * KMS takes minutes to apply a change of an alias to authorization, so a denial
 * says nothing about the key that an alias was just pointed at.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
function isDenied(key: ResolvedKey | undefined): boolean {
  return isDenial(key?.Refusal);
}
