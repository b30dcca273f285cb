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
  const createdAt = StreamCreationTimestamp?.getTime() ?? 0;
  const isEarlier =
    LastApplied && LastApplied.AppliedAt + CLOCK_MARGIN_MS < createdAt;
  return isEarlier ? undefined : LastApplied;
}

/**
 * Which key a stream is under now. Its KeyId is what was once submitted; an
 * alias may have been pointed elsewhere since, so what the ledger saw applied
 * counts for more than what the alias resolves to today.
 *
 * @param resolved what the stream's KeyId resolves to now, if it still does
 */
export function currentKey(
  keyId: string | undefined,
  lastApplied: LastApplied | undefined,
  resolved: string | undefined,
): CurrentKey {
  if (keyId === undefined) return { KeyId: null, KeyArn: null };
  const applied = lastApplied?.KeyId === keyId ? lastApplied.KeyArn : undefined;
  return { KeyId: keyId, KeyArn: applied ?? resolved ?? null };
}
