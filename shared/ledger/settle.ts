import { currentSlots, slotsInWindow } from './counted-slots.ts';
import {
  changeEntry,
  isNewer,
  isStopped,
  type LastApplied,
  type Lease,
  type LedgerEntry,
  stoppedRotations,
  type Transition,
} from './entry.ts';
import {
  possiblePeriods,
  recordSight,
  type StreamSight,
} from './key-periods.ts';
import { isReported } from './pair-reports.ts';
import { type Quota, usage } from './usage.ts';
import {
  EXHAUSTED_MS,
  RATE_LIMITED_MS,
  SLOT_MS,
  STOPPED_MS,
} from './window.ts';

/** What a rotation held when it was settled. */
export interface Settlement {
  /** The lease that it still had; absent without one. */
  Lease?: Lease;
  /** Whether its execution was stopped, which is settled elsewhere. */
  WasStopped: boolean;
  /** Slots of this rotation that stay, because AWS counts or may count them. */
  SlotsSpent: number;
  /** The last applied key, from any rotation or caller. */
  LastApplied?: LastApplied;
  Quota: Quota;
}

/** What a rotation knows of its stream at its end. */
export interface SettledRotation {
  /** The key that Describe saw, for a Start that AWS never answered. */
  applied?: LastApplied | undefined;
  /** When its probe proved the encryption, in milliseconds since the epoch. */
  verifiedAt?: number | undefined;
  /** The stream under the rotation's key. */
  sight?: StreamSight | undefined;
}

/**
 * Ends a rotation whose execution was stopped: a function of it that still runs
 * can take nothing any more. A redrive can, once that function has ended. A second
 * call within that time answers with the lease that the first one gave back.
 */
export function settleStopped(
  entry: LedgerEntry,
  rotationId: string,
  now: number,
): Transition<Settlement> {
  const { answer: settlement, entry: settled } = settle(entry, rotationId, now);
  const all = stoppedRotations(entry, now);
  const others = all.filter(({ RotationId }) => RotationId !== rotationId);
  const earlier = all.find(({ RotationId }) => RotationId === rotationId);
  const lease = settlement.Lease ?? earlier?.Lease;
  const answer = { ...settlement, ...(lease && { Lease: lease }) };
  if (settled === undefined && answer.WasStopped) return { answer };
  const stopped = {
    RotationId: rotationId,
    Until: now + STOPPED_MS,
    ...(lease && { Lease: lease }),
  };
  return {
    answer,
    entry: {
      ...(settled ?? changeEntry(entry, {})),
      Stopped: [...others, stopped],
    },
  };
}

/**
 * Ends a rotation: gives back its lease and its unused slots.
 *
 * @param applied the key that Describe saw, for a Start that AWS never answered
 * @param verifiedAt when the rotation's probe proved the encryption
 */
export function settle(
  entry: LedgerEntry,
  rotationId: string,
  now: number,
  applied?: LastApplied,
  verifiedAt?: number,
): Transition<Settlement> {
  const isFirst = verifiedAt !== undefined && entry.VerifiedAt === undefined;
  const isHolder = entry.Lease?.RotationId === rotationId;
  const kept = entry.Slots.filter(
    (slot) => slot.RotationId !== rotationId || slot.State === 'SPENT',
  );
  const spent = kept.filter((slot) => slot.RotationId === rotationId);
  const isNews =
    applied !== undefined &&
    spent.every(
      ({ KeyId, RequestId }) =>
        KeyId !== applied.KeyId || RequestId === undefined,
    ) &&
    isNewer(entry, applied.AppliedAt);
  const hasChanged =
    isHolder || isNews || isFirst || kept.length < entry.Slots.length;
  const after = changeEntry(withoutLease(entry, rotationId), {
    Slots: slotsInWindow(kept, now),
    KeyPeriods: possiblePeriods(entry.KeyPeriods ?? [], spent),
    ...(isNews && { LastApplied: applied }),
    ...(isFirst && { VerifiedAt: verifiedAt }),
  });
  const { LastApplied } = after;
  return {
    answer: {
      ...(isHolder && { Lease: entry.Lease }),
      WasStopped: isStopped(entry, rotationId, now),
      SlotsSpent: spent.length,
      ...(LastApplied && { LastApplied }),
      Quota: usage(hasChanged ? after : entry, now),
    },
    ...(hasChanged && { entry: after }),
  };
}

/** Ends a rotation as {@link settle} does, and notes how its stream was seen. */
export function settleSeen(
  entry: LedgerEntry,
  rotationId: string,
  now: number,
  { applied, verifiedAt, sight }: SettledRotation,
): Transition<Settlement> {
  const settled = settle(entry, rotationId, now, applied, verifiedAt);
  if (sight === undefined) return settled;
  const { entry: seen } = recordSight(settled.entry ?? entry, sight);
  return seen ? { ...settled, entry: seen } : settled;
}

/**
 * AWS kept refusing with LimitExceededException although the ledger had room:
 * gives back slot and lease, and counts the stream as exhausted until the next
 * slot in the ledger is free, at most {@link EXHAUSTED_MS}, or
 * {@link RATE_LIMITED_MS} without an external start.
 */
export function exhaust(
  entry: LedgerEntry,
  rotationId: string,
  slotId: number,
  now: number,
): Transition<Quota> {
  const kept = currentSlots(entry, now).filter(
    (slot) => slot.RotationId !== rotationId || slot.SlotId !== slotId,
  );
  const after = changeEntry(withoutLease(entry, rotationId), {
    Slots: kept,
    ExhaustedUntil: Math.min(
      ...kept.map((slot) => slot.StampedAt + SLOT_MS),
      now + (kept.some(isReported) ? EXHAUSTED_MS : RATE_LIMITED_MS),
    ),
  });
  return { answer: usage(after, now), entry: after };
}

function withoutLease(entry: LedgerEntry, rotationId: string): LedgerEntry {
  const { Lease, ...rest } = entry;
  return Lease?.RotationId === rotationId ? rest : entry;
}
