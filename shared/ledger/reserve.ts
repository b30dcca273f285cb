import { countedSlots, currentSlots } from './counted-slots.ts';
import {
  activeLease,
  type Claim,
  changeEntry,
  isLatest,
  isStopped,
  type KeyPeriod,
  type Lease,
  type LedgerEntry,
  lastAppliedAt,
  type Slot,
  type Transition,
} from './entry.ts';
import { openPeriod, possiblePeriods } from './key-periods.ts';
import { settle } from './settle.ts';
import { type Quota, usage } from './usage.ts';

export type Reservation =
  | { Status: 'GRANTED'; SlotId: number; LeaseExpiresAt: string }
  | { Status: 'QUOTA_EXHAUSTED'; NextAvailableAt: string; Quota: Quota }
  | { Status: 'IN_PROGRESS'; Lease: Lease }
  | { Status: 'STALE_PLAN' }
  /** Its execution was stopped, and is not waited for. */
  | { Status: 'STOPPED' };

/**
 * Takes the lease and a slot for a rotation, or says why not. The same rotation
 * may ask again: its unused slot gets a new stamp, and a slot that may already
 * have reached AWS stays as it is.
 */
export function reserve(
  entry: LedgerEntry,
  claim: Claim,
  now: number,
): Transition<Reservation> {
  if (isStopped(entry, claim.RotationId, now)) {
    return { answer: { Status: 'STOPPED' } };
  }
  const lease = activeLease(entry, now);
  if (lease && lease.RotationId !== claim.RotationId) {
    return { answer: { Status: 'IN_PROGRESS', Lease: lease } };
  }
  const isSuperseded =
    claim.HeldBy !== undefined || lastAppliedAt(entry) !== claim.LastAppliedAt;
  if (isSuperseded) {
    return giveUp(entry, claim.RotationId, now, { Status: 'STALE_PLAN' });
  }
  const { attempted, unused, others } = sortSlots(entry, claim, now);
  const wanted = claim.KeepSlotForRollback ? 2 : 1;
  const quota = usage({ ...entry, Slots: others }, now, wanted);
  const { NextAvailableAt } = quota;
  if (NextAvailableAt !== null && !attempted) {
    return giveUp(entry, claim.RotationId, now, {
      Status: 'QUOTA_EXHAUSTED',
      NextAvailableAt,
      Quota: quota,
    });
  }
  const createSlot = (at: number): Slot => ({
    SlotId: unused[at]?.SlotId ?? entry.Version + 1 + at,
    RotationId: claim.RotationId,
    KeyId: claim.KeyId,
    KeyArn: claim.KeyArn,
    State: 'RESERVED',
    StampedAt: now,
  });
  const slot = attempted ?? createSlot(0);
  const spare = wanted === 2 && NextAvailableAt === null ? [createSlot(1)] : [];
  const expiresAt = now + claim.LeaseMs;
  // A write that takes two slots counts as two versions: slot ids stay unique.
  const before = { ...entry, Version: entry.Version + spare.length };
  return {
    answer: {
      Status: 'GRANTED',
      SlotId: slot.SlotId,
      LeaseExpiresAt: new Date(expiresAt).toISOString(),
    },
    entry: changeEntry(before, {
      Slots: [...others, slot, ...spare],
      KeyPeriods: periodsBefore(entry, claim, now),
      Lease: {
        RotationId: claim.RotationId,
        StartedAt: claim.StartedAt,
        ExpiresAt: expiresAt,
        TakenAt: now,
        KeyId: claim.KeyId,
        KeyArn: claim.KeyArn,
        PreviousKeyId: claim.PreviousKeyId,
        PreviousKeyArn: claim.PreviousKeyArn,
        ...(claim.RollsBack && { RollsBack: claim.RollsBack }),
        ...(claim.IsReturn && { IsReturn: true }),
      },
    }),
  };
}

/**
 * The slot of the rotation's unanswered call of this key, the slots that it has
 * not used, and all the rest.
 */
function sortSlots(entry: LedgerEntry, claim: Claim, now: number) {
  const own = countedSlots(entry, now).filter(
    (slot) =>
      slot.RotationId === claim.RotationId && slot.RequestId === undefined,
  );
  const attempted = own.find(
    (slot) =>
      slot.State === 'SPENT' &&
      slot.KeyId === claim.KeyId &&
      isLatest(entry, slot),
  );
  const unused = own.filter((slot) => slot.State === 'RESERVED');
  const others = currentSlots(entry, now).filter(
    (slot) => slot !== attempted && !unused.includes(slot),
  );
  return { attempted, unused, others };
}

/** With the key that the rotation replaces, and what slots may drop out of the window. */
function periodsBefore(
  { KeyPeriods = [], Slots }: LedgerEntry,
  { RotationId, PreviousKeyId, PreviousKeyArn }: Claim,
  now: number,
): readonly KeyPeriod[] {
  const others = Slots.filter((slot) => slot.RotationId !== RotationId);
  const possible = possiblePeriods(KeyPeriods, others);
  if (PreviousKeyId === null) return possible;
  const previous = {
    KeyId: PreviousKeyId,
    ...(PreviousKeyArn !== null && { KeyArn: PreviousKeyArn }),
  };
  return openPeriod(possible, previous, now, true);
}

/** A refused rotation keeps nothing of what it held before. */
function giveUp(
  entry: LedgerEntry,
  rotationId: string,
  now: number,
  answer: Reservation,
): Transition<Reservation> {
  const { entry: after } = settle(entry, rotationId, now);
  return { answer, ...(after && { entry: after }) };
}
