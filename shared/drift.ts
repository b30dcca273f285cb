import { quote } from './errors.ts';
import { unusableReason } from './key-identity.ts';
import type { CurrentKey, ResolvedKey } from './key-ring.ts';

export interface DriftJudgement {
  /** 1 where a RESTORE would move the stream, or would if it could. */
  Drift: 0 | 1;
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
export function judgeDrift(
  ring: readonly ResolvedKey[],
  current: CurrentKey,
  region: string,
): DriftJudgement {
  const { KeyId, KeyArn } = current;
  if (KeyId === null) return { Drift: 1, Reason: 'is not encrypted' };
  const key = ring.find(
    ({ Metadata }) => KeyArn !== null && Metadata?.Arn === KeyArn,
  );
  if (key?.Metadata === undefined) {
    const refused = ring.find((one) => one.KeyId === KeyId)?.Refusal;
    const Reason = refused
      ? `is under ${quote(KeyId)}, which cannot be used: ${refused.message}`
      : `is under ${quote(KeyId)}, which is not in its ring`;
    return { Drift: 1, Reason };
  }
  const reason = unusableReason(key.Metadata, region);
  return reason === undefined
    ? { Drift: 0, Reason: `is under ${quote(KeyId)}` }
    : { Drift: 1, Reason: `is under ${quote(KeyId)}, which ${reason}` };
}
