import {
  changeEntry,
  isLatest,
  type LastApplied,
  type LedgerEntry,
  lastAppliedAt,
  type Slot,
  type Transition,
} from './entry.ts';
import { openPeriod } from './key-periods.ts';
import { isReported, pairReports } from './pair-reports.ts';
import { SLOT_MS } from './window.ts';

export type Spending =
  | { Status: 'SPENT' | 'LEASE_LOST' }
  /** With AWS's request id, if AWS is known to have answered. */
  | { Status: 'ALREADY_SPENT'; StampedAt: number; RequestId?: string };

/**
 * Before the call: marks the slot as one that AWS may count.
 *
 * @param stampedAt the latest moment at which AWS can count the call: now plus
 *   the time after which the caller stops waiting for AWS's answer
 */
export function spend(
  entry: LedgerEntry,
  rotationId: string,
  slotId: number,
  now: number,
  stampedAt: number,
): Transition<Spending> {
  const { Lease } = entry;
  const slot = findSlot(entry, rotationId, slotId);
  if (slot?.State === 'SPENT' && now < slot.StampedAt + SLOT_MS) {
    const { StampedAt, RequestId } = pairReports(entry.Slots).get(slot) ?? slot;
    return {
      answer: {
        Status: 'ALREADY_SPENT',
        StampedAt,
        ...(RequestId !== undefined && { RequestId }),
      },
    };
  }
  const isHolder = Lease?.RotationId === rotationId && now < Lease.ExpiresAt;
  if (!isHolder || slot === undefined) {
    return { answer: { Status: 'LEASE_LOST' } };
  }
  return {
    answer: { Status: 'SPENT' },
    entry: replaceSlot(entry, {
      ...slot,
      State: 'SPENT',
      StampedAt: stampedAt,
      SpentAfter: lastAppliedAt(entry),
    }),
  };
}

/**
 * After AWS accepted the call: stamps the slot with the time of the answer, and
 * keeps the resolved key ARN. Drops the report of the same call. An applied key
 * proves that the quota is not exhausted.
 */
export function confirm(
  entry: LedgerEntry,
  rotationId: string,
  slotId: number,
  applied: LastApplied,
  requestId: string,
): Transition<boolean> {
  const slot = findSlot(entry, rotationId, slotId);
  const { ExhaustedUntil: _, ...rest } = entry;
  const others = entry.Slots.filter(
    (other) =>
      other !== slot && !(other.IsReported && other.RequestId === requestId),
  );
  const confirmed: Slot = {
    SlotId: slotId,
    RotationId: rotationId,
    KeyId: applied.KeyId,
    State: 'SPENT',
    StampedAt: applied.AppliedAt,
    RequestId: requestId,
  };
  return {
    answer: slot !== undefined,
    entry: changeEntry(rest, {
      LastApplied: applied,
      KeyPeriods: openPeriod(
        entry.KeyPeriods ?? [],
        applied,
        applied.AppliedAt,
      ),
      Slots: [...others, confirmed],
    }),
  };
}

/**
 * How it is known that AWS did not apply a key: AWS REFUSED it, or the stream
 * was SEEN under the key that it had before. Another Start may have put the
 * stream back under that key.
 */
export type Disproof = 'REFUSED' | 'SEEN';

/**
 * AWS definitely did not apply the key: the slot is RESERVED again, and the
 * rotation keeps the lease.
 */
export function release(
  entry: LedgerEntry,
  rotationId: string,
  slotId: number,
  disproof: Disproof,
): Transition<boolean> {
  const slot = findSlot(entry, rotationId, slotId);
  if (slot?.State !== 'SPENT' || slot.RequestId !== undefined) {
    return { answer: false };
  }
  if (disproof === 'SEEN' && !isLatest(entry, slot)) return { answer: false };
  return {
    answer: true,
    entry: replaceSlot(entry, { ...slot, State: 'RESERVED' }),
  };
}

function findSlot(entry: LedgerEntry, rotationId: string, slotId: number) {
  return entry.Slots.filter((slot) => !isReported(slot)).find(
    (slot) => slot.RotationId === rotationId && slot.SlotId === slotId,
  );
}

function replaceSlot(entry: LedgerEntry, slot: Slot): LedgerEntry {
  return changeEntry(entry, {
    Slots: entry.Slots.map((other) =>
      other.SlotId === slot.SlotId ? slot : other,
    ),
  });
}
