import type { Outcome } from '../../shared/contract/outcome.ts';
import type { LedgerEntry } from '../../shared/ledger/entry.ts';
import { externalStarts } from '../../shared/ledger/external-starts.ts';
import { SLOT_MS } from '../../shared/ledger/window.ts';
import { effectAt } from './key-history.ts';

/** How many slots counted from a time on, in milliseconds since the epoch. */
interface UsePoint {
  At: number;
  Used: number;
}

export interface QuotaUse {
  /** Every change, in order; the first point is at the begin of the period. */
  Steps: UsePoint[];
  /** What the ledger itself said when rotations ended. */
  Said: UsePoint[];
  /** The most of both. */
  Peak: number;
}

/**
 * How much of a stream's quota was used over a period. The ledger forgets slots
 * that are out of the window, so these come from the records: one where a key
 * was applied, those that a failed rotation spent, at the times that records
 * have. What others used is in there only as far as the ledger still knows it.
 */
export function quotaUse(
  entry: LedgerEntry,
  history: readonly Outcome[],
  from: number,
  to: number,
): QuotaUse {
  const kept = entry.Slots.filter(
    (slot) => slot.State === 'SPENT' && !slot.IsReported,
  );
  const byLedger = new Set(kept.map((slot) => slot.RotationId));
  const stamps = [
    ...kept.map((slot) => slot.StampedAt),
    ...externalStarts(entry).map(({ At }) => At),
    ...history
      .filter((outcome) => !byLedger.has(outcome.RotationId))
      .flatMap((outcome) => Array(slotsOf(outcome)).fill(effectAt(outcome))),
  ];
  const usedAt = (at: number): number =>
    stamps.filter((stamp) => stamp <= at && at < stamp + SLOT_MS).length;
  const changes = stamps
    .flatMap((stamp) => [stamp, stamp + SLOT_MS])
    .filter((at) => at > from && at <= to);
  const times = [...new Set([from, ...changes])].sort((a, b) => a - b);
  const Steps = times.map((At) => ({ At, Used: usedAt(At) }));
  const Said = history
    .flatMap((outcome) =>
      outcome.Quota
        ? [{ At: effectAt(outcome), Used: outcome.Quota.Used }]
        : [],
    )
    .filter(({ At }) => At >= from && At <= to)
    .sort((a, b) => a.At - b.At);
  return {
    Steps,
    Said,
    Peak: Math.max(...[...Steps, ...Said].map(({ Used }) => Used)),
  };
}

/** Slots that stayed used after a rotation. */
export function slotsOf(outcome: Outcome): number {
  if (outcome.Status === 'FAILED') return outcome.SlotsSpent ?? 0;
  return outcome.Outcome === 'ROTATED' ? 1 : 0;
}
