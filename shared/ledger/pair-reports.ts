import type { ReportedSlot, Slot } from './entry.ts';
import { UNANSWERED_MS } from './window.ts';

/**
 * Pairs each unanswered call of ours with the report of a Start that may be the
 * same: of the same key, and close enough in time. The two count as one Start
 * until AWS's answer to the call is known. The ledger keeps both, so that the
 * order in which answers and reports arrive does not matter.
 */
export function pairReports(slots: readonly Slot[]): Map<Slot, ReportedSlot> {
  const inTime = slots.toSorted((a, b) => a.StampedAt - b.StampedAt);
  const unanswered = inTime.filter(
    (slot) => slot.State === 'SPENT' && slot.RequestId === undefined,
  );
  const pairs = new Map<Slot, ReportedSlot>();
  for (const report of inTime.filter(isReported)) {
    const call = unanswered.find(
      (slot) =>
        !pairs.has(slot) &&
        slot.KeyId === report.KeyId &&
        Math.abs(slot.StampedAt - report.StampedAt) <= UNANSWERED_MS,
    );
    if (call) pairs.set(call, report);
  }
  return pairs;
}

export function isReported(slot: Slot): slot is ReportedSlot {
  return slot.IsReported === true;
}
