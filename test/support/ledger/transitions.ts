import {
  type Claim,
  emptyEntry,
  type LedgerEntry,
  lastAppliedAt,
  type Transition,
} from '../../../shared/ledger/entry.ts';
import { reserve } from '../../../shared/ledger/reserve.ts';
import { settle } from '../../../shared/ledger/settle.ts';
import { confirm, spend } from '../../../shared/ledger/spend.ts';

export const ARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
export const T0 = Date.parse('2026-01-01T00:00:00.000Z');
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const LEASE = HOUR / 4;

export const claim = (RotationId: string, entry: LedgerEntry): Claim => ({
  RotationId,
  StartedAt: new Date(T0).toISOString(),
  KeyId: `alias/${RotationId}`,
  KeyArn: `arn:${RotationId}`,
  PreviousKeyId: null,
  PreviousKeyArn: null,
  LastAppliedAt: lastAppliedAt(entry),
  LeaseMs: LEASE,
});

/** Applies a transition: its answer, and the entry as it is then. */
export function apply<Answer>(
  entry: LedgerEntry,
  { answer, entry: after }: Transition<Answer>,
): [Answer, LedgerEntry] {
  return [answer, after ?? entry];
}

/** A whole rotation in an instant: reserved, spent, confirmed, settled. */
export function rotate(
  entry: LedgerEntry,
  name: string,
  now: number,
): LedgerEntry {
  const [reservation, reserved] = apply(
    entry,
    reserve(entry, claim(name, entry), now),
  );
  if (reservation.Status !== 'GRANTED') throw new Error(reservation.Status);
  const { SlotId } = reservation;
  const [, spent] = apply(reserved, spend(reserved, name, SlotId, now, now));
  const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: now };
  const [, done] = apply(spent, confirm(spent, name, SlotId, applied, 'r'));
  return apply(done, settle(done, name, now))[1];
}

export function rotateTimes(count: number, every: number): LedgerEntry {
  let entry = emptyEntry(ARN);
  for (let i = 0; i < count; i++) {
    entry = rotate(entry, `r${i}`, T0 + i * every);
  }
  return entry;
}

export function grant(entry: LedgerEntry, name: string, now: number) {
  const [answer, after] = apply(entry, reserve(entry, claim(name, entry), now));
  if (answer.Status !== 'GRANTED') throw new Error(answer.Status);
  return { slotId: answer.SlotId, entry: after };
}
