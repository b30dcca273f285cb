import { activeLease, type LedgerEntry, type Slot } from './entry.ts';
import { pairReports } from './pair-reports.ts';
import { SLOT_MS } from './window.ts';

/** The slots that are still in the window; a call leaves it with its report. */
export function slotsInWindow(slots: readonly Slot[], now: number): Slot[] {
  const pairs = pairReports(slots);
  return slots.filter(
    (slot) => now < (pairs.get(slot) ?? slot).StampedAt + SLOT_MS,
  );
}

/**
 * The slots that matter now: those in the window, without the RESERVED ones
 * whose rotation has lost the lease, since no rotation can spend them any more.
 */
export function currentSlots(entry: LedgerEntry, now: number): Slot[] {
  const holder = activeLease(entry, now)?.RotationId;
  return slotsInWindow(entry.Slots, now).filter(
    (slot) => slot.State === 'SPENT' || slot.RotationId === holder,
  );
}

/** The slots that count now, one for each Start. */
export function countedSlots(entry: LedgerEntry, now: number): Slot[] {
  const slots = currentSlots(entry, now);
  const pairs = pairReports(slots);
  return slots.filter((slot) => !pairs.has(slot));
}
