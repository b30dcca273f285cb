import type { Outcome } from '../../shared/contract/outcome.ts';
import type { LedgerEntry } from '../../shared/ledger/entry.ts';
import { externalStarts } from '../../shared/ledger/external-starts.ts';
import { SLOT_MS } from '../../shared/ledger/window.ts';
import { effectAt } from './sightings.ts';

/** How many slots count from a time on, in milliseconds since the epoch. */
interface UsePoint {
  at: number;
  used: number;
}

export interface QuotaUse {
  /** Every change, in order; the first point is the start of the period. */
  steps: UsePoint[];
  /** What the ledger counted when rotations ended. */
  recorded: UsePoint[];
  /** The highest use in both. */
  peak: number;
}

/**
 * Computes how much of a stream's quota was used over a period. The ledger
 * forgets slots that leave the window, so older ones come from the records, at
 * the times that the records have: one slot for an applied key, and the slots
 * that a failed rotation spent. External starts count for as long as the ledger
 * keeps them.
 */
export function quotaUse(
  ledgerEntry: LedgerEntry,
  history: readonly Outcome[],
  from: number,
  to: number,
): QuotaUse {
  const kept = ledgerEntry.Slots.filter(
    (slot) => slot.State === 'SPENT' && !slot.IsReported,
  );
  const inLedger = new Set(kept.map((slot) => slot.RotationId));
  const stamps = [
    ...kept.map((slot) => slot.StampedAt),
    ...externalStarts(ledgerEntry).map(({ At }) => At),
    ...history
      .filter((outcome) => !inLedger.has(outcome.RotationId))
      .flatMap((outcome) => Array(slotsOf(outcome)).fill(effectAt(outcome))),
  ];
  const usedAt = (at: number): number =>
    stamps.filter((stamp) => stamp <= at && at < stamp + SLOT_MS).length;
  const changes = stamps
    .flatMap((stamp) => [stamp, stamp + SLOT_MS])
    .filter((at) => at > from && at <= to);
  const times = [...new Set([from, ...changes])].sort((a, b) => a - b);
  const steps = times.map((at) => ({ at, used: usedAt(at) }));
  const recorded = history
    .flatMap((outcome) =>
      outcome.Quota
        ? [{ at: effectAt(outcome), used: outcome.Quota.Used }]
        : [],
    )
    .filter(({ at }) => at >= from && at <= to)
    .sort((a, b) => a.at - b.at);
  const peak = Math.max(...[...steps, ...recorded].map(({ used }) => used));
  return { steps, recorded, peak };
}

/** Slots that stay used after a rotation. */
export function slotsOf(outcome: Outcome): number {
  // A failure without the field spent no slot that is known.
  if (outcome.Status === 'FAILED') return outcome.SlotsSpent ?? 0;
  return outcome.Outcome === 'ROTATED' ? 1 : 0;
}
