import { isOwnAlias } from '../identifiers/key-id.ts';
import type { LastApplied, LedgerEntry } from '../ledger/entry.ts';
import { CLOCK_MARGIN_MS } from '../ledger/window.ts';
import type { CurrentKey } from './key-ring.ts';

/**
 * The last key that the ledger saw applied to a stream, unless it was applied to
 * an earlier stream of the same name.
 */
export function lastAppliedTo(
  { StreamCreationTimestamp }: { StreamCreationTimestamp?: Date | undefined },
  { LastApplied }: LedgerEntry,
): LastApplied | undefined {
  if (!LastApplied || !StreamCreationTimestamp) return LastApplied;
  const latest = LastApplied.AppliedAt + CLOCK_MARGIN_MS;
  return latest < StreamCreationTimestamp.getTime() ? undefined : LastApplied;
}

/**
 * The key that a stream is under now. Its KeyId is the text that was submitted.
 * An alias may have been repointed since, so the key ARN in the ledger takes
 * precedence over the key that the alias resolves to now. Where the ledger has none,
 * the key of an alias is presumed to be the one that it resolves to now.
 *
 * @param resolved the key ARN that the stream's KeyId resolves to now, if any
 */
export function currentKey(
  keyId: string | undefined,
  lastApplied: LastApplied | undefined,
  resolved: string | undefined,
): CurrentKey {
  if (keyId === undefined) return { KeyId: null, KeyArn: null };
  const applied = lastApplied?.KeyId === keyId ? lastApplied.KeyArn : undefined;
  const isPresumed =
    applied === undefined && resolved !== undefined && isOwnAlias(keyId);
  return {
    KeyId: keyId,
    KeyArn: applied ?? resolved ?? null,
    ...(isPresumed && { IsPresumed: true }),
  };
}
