import { wholeSecond } from '../events/iso-time.ts';
import { countedSlots } from './counted-slots.ts';
import type { LedgerEntry } from './entry.ts';
import { QUOTA_LIMIT, SLOT_MS } from './window.ts';

/** How much of the quota is used, for people and for outcomes. */
export interface Quota {
  Limit: number;
  Used: number;
  Remaining: number;
  /** ISO 8601, to the whole second; null while a slot is free. */
  NextAvailableAt: string | null;
  /**
   * Slots that AWS refused although the ledger has them: callers outside it used them,
   * or AWS limited the rate of calls. Absent without any.
   */
  UsedByOthers?: number;
}

/** @param wanted how many slots are free at `NextAvailableAt` */
export function usage(entry: LedgerEntry, now: number, wanted = 1): Quota {
  const slots = countedSlots(entry, now);
  const freeTimes = slots
    .map((slot) => slot.StampedAt + SLOT_MS)
    .sort((a, b) => a - b);
  const { ExhaustedUntil } = entry;
  const isExhausted = ExhaustedUntil !== undefined && ExhaustedUntil > now;
  const others = isExhausted ? Math.max(0, QUOTA_LIMIT - slots.length) : 0;
  const used = slots.length + others;
  const waits = [
    isExhausted ? ExhaustedUntil : undefined,
    freeTimes[slots.length - QUOTA_LIMIT + wanted - 1],
  ].filter((time) => time !== undefined);
  return {
    Limit: QUOTA_LIMIT,
    Used: used,
    Remaining: Math.max(0, QUOTA_LIMIT - used),
    NextAvailableAt: waits.length > 0 ? ceilSecond(Math.max(...waits)) : null,
    ...(others > 0 && { UsedByOthers: others }),
  };
}

/** Rounded up, so that a rotation that wakes at that second finds the slot free. */
function ceilSecond(ms: number): string {
  return wholeSecond(Math.ceil(ms / 1000) * 1000);
}
