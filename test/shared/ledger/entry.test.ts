import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ANSWER_MS,
  CLOCK_MARGIN_MS,
  type Claim,
  type CloudTrailStart,
  confirm,
  EXHAUSTED_MS,
  emptyEntry,
  exhaust,
  externalStarts,
  type LedgerEntry,
  QUOTA_LIMIT,
  recordExternalStart,
  release,
  reserve,
  SLOT_MS,
  settle,
  spend,
  type Transition,
  usage,
} from '../../../shared/ledger/entry.ts';

const ARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LEASE = HOUR / 4;

const claim = (RotationId: string, entry: LedgerEntry): Claim => ({
  RotationId,
  StartedAt: new Date(T0).toISOString(),
  KeyId: `alias/${RotationId}`,
  KeyArn: `arn:${RotationId}`,
  PreviousKeyId: null,
  PreviousKeyArn: null,
  LastAppliedAt: entry.LastApplied?.AppliedAt ?? null,
  LeaseMs: LEASE,
});

/** Applies a transition: its answer, and the entry as it is then. */
function apply<Answer>(
  entry: LedgerEntry,
  { answer, entry: after }: Transition<Answer>,
): [Answer, LedgerEntry] {
  return [answer, after ?? entry];
}

/** A whole rotation in an instant: reserved, spent, confirmed, settled. */
function rotate(entry: LedgerEntry, name: string, now: number): LedgerEntry {
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

function rotateTimes(count: number, every: number): LedgerEntry {
  let entry = emptyEntry(ARN);
  for (let i = 0; i < count; i++) {
    entry = rotate(entry, `r${i}`, T0 + i * every);
  }
  return entry;
}

function granted(entry: LedgerEntry, name: string, now: number) {
  const [answer, after] = apply(entry, reserve(entry, claim(name, entry), now));
  if (answer.Status !== 'GRANTED') throw new Error(answer.Status);
  return { slotId: answer.SlotId, entry: after };
}

describe('reserve', () => {
  it('grants the 25th slot and refuses the 26th', () => {
    const entry = rotateTimes(24, 1000);
    const twentyFive = rotate(entry, 'last', T0 + HOUR);
    expect(usage(twentyFive, T0 + HOUR)).toMatchObject({
      Used: 25,
      Remaining: 0,
    });
    const { answer } = reserve(
      twentyFive,
      claim('one-more', twentyFive),
      T0 + HOUR,
    );
    expect(answer).toMatchObject({
      Status: 'QUOTA_EXHAUSTED',
      NextAvailableAt: new Date(T0 + SLOT_MS).toISOString(),
    });
  });

  it('keeps a slot for 24 hours and the margin, and not a moment longer', () => {
    const entry = rotateTimes(25, 0);
    const ask = (now: number) =>
      reserve(entry, claim('next', entry), now).answer.Status;
    expect(ask(T0 + DAY)).toBe('QUOTA_EXHAUSTED');
    expect(ask(T0 + DAY + CLOCK_MARGIN_MS - 1)).toBe('QUOTA_EXHAUSTED');
    expect(ask(T0 + DAY + CLOCK_MARGIN_MS)).toBe('GRANTED');
  });

  it('says the next free slot to the second', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 10 * HOUR }), {
          minLength: 25,
          maxLength: 25,
        }),
        (offsets) => {
          const stamps = offsets.map((ms) => T0 + ms).sort((a, b) => a - b);
          let entry = emptyEntry(ARN);
          for (const [i, at] of stamps.entries()) {
            entry = rotate(entry, `r${i}`, at);
          }
          const { NextAvailableAt } = usage(entry, stamps[24] ?? 0);
          const next = Date.parse(NextAvailableAt ?? '');
          const free = (stamps[0] ?? 0) + SLOT_MS;
          expect(next).toBeGreaterThanOrEqual(free);
          expect(next - free).toBeLessThan(1000);
          const ask = (now: number) =>
            reserve(entry, claim('next', entry), now).answer.Status;
          expect(ask(next)).toBe('GRANTED');
          expect(ask(next - 1000)).toBe('QUOTA_EXHAUSTED');
        },
      ),
    );
  });

  it('stamps the unused slot of the same rotation anew', () => {
    const first = granted(emptyEntry(ARN), 'r', T0);
    const again = granted(first.entry, 'r', T0 + 5000);
    expect(again.slotId).toBe(first.slotId);
    expect(again.entry.Slots).toMatchObject([{ StampedAt: T0 + 5000 }]);
  });

  it('leaves a slot alone that may have reached AWS', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0 + 10_000));
    const again = granted(spent, 'r', T0 + 20_000);
    expect(again.entry.Slots).toEqual(spent.Slots);
  });

  it('refuses a second rotation and says who has the stream', () => {
    const { entry } = granted(emptyEntry(ARN), 'first', T0);
    const { answer, entry: after } = reserve(entry, claim('second', entry), T0);
    expect(answer).toMatchObject({
      Status: 'IN_PROGRESS',
      Lease: { RotationId: 'first', KeyId: 'alias/first' },
    });
    expect(after).toBeUndefined();
  });

  it('takes over from a rotation whose lease ran out, and its unused slot', () => {
    const { entry } = granted(emptyEntry(ARN), 'dead', T0);
    const beforeMargin = T0 + LEASE + CLOCK_MARGIN_MS - 1;
    expect(
      reserve(entry, claim('next', entry), beforeMargin).answer.Status,
    ).toBe('IN_PROGRESS');
    const next = granted(entry, 'next', beforeMargin + 1);
    expect(next.entry.Slots).toMatchObject([{ RotationId: 'next' }]);
  });

  it('refuses a plan that another rotation has overtaken', () => {
    const planned = claim('slow', emptyEntry(ARN));
    const entry = rotate(emptyEntry(ARN), 'fast', T0);
    expect(reserve(entry, planned, T0 + 1).answer.Status).toBe('STALE_PLAN');
  });

  it('refuses a plan made under a lease that has ended since', () => {
    const { entry } = granted(emptyEntry(ARN), 'first', T0);
    const planned = { ...claim('second', entry), HeldBy: 'first' };
    expect(reserve(entry, planned, T0).answer.Status).toBe('IN_PROGRESS');
    const [, ended] = apply(entry, settle(entry, 'first', T0));
    expect(reserve(ended, planned, T0).answer.Status).toBe('STALE_PLAN');
  });

  it('keeps no lease when it refuses its holder', () => {
    const full = rotateTimes(24, 0);
    const { slotId, entry } = granted(full, 'r', T0);
    const [, exhausted] = apply(entry, exhaust(entry, 'r', slotId, T0));
    const { answer } = reserve(exhausted, claim('r', exhausted), T0);
    expect(answer.Status).toBe('QUOTA_EXHAUSTED');
    expect(exhausted.Lease).toBeUndefined();
  });
});

describe('a rotation that asks again', () => {
  it('gets a new slot after a Start that AWS answered', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const key = { KeyId: 'alias/r', KeyArn: 'arn:r', AppliedAt: T0 };
    const [, done] = apply(spent, confirm(spent, 'r', slotId, key, 'id'));
    const again = granted(done, 'r', T0 + 1);
    expect(again.slotId).not.toBe(slotId);
    expect(usage(again.entry, T0 + 1).Used).toBe(2);
  });

  it('gives back what it held when its plan is stale by now', () => {
    const { entry } = granted(emptyEntry(ARN), 'r', T0);
    const planned = claim('r', entry);
    const theirs = { RequestId: 'x', KeyId: 'k', At: T0 + 1000, By: 'alice' };
    const [, overtaken] = apply(
      entry,
      recordExternalStart(entry, theirs, T0 + 2000),
    );
    const { answer, entry: after } = reserve(overtaken, planned, T0 + 2000);
    expect(answer.Status).toBe('STALE_PLAN');
    expect(after?.Lease).toBeUndefined();
    expect(after?.Slots).toMatchObject([{ RequestId: 'x' }]);
  });

  it('writes nothing when it is refused and held nothing', () => {
    const planned = { ...claim('r', emptyEntry(ARN)), HeldBy: 'another' };
    expect(reserve(emptyEntry(ARN), planned, T0)).toEqual({
      answer: { Status: 'STALE_PLAN' },
    });
  });
});

describe('usage', () => {
  it('says when the first slot is free, in whatever order they were booked', () => {
    let entry = emptyEntry(ARN);
    for (let i = 0; i < QUOTA_LIMIT; i++) {
      const At = T0 + ((i * 7) % QUOTA_LIMIT) * 1000;
      const theirs = { RequestId: `x${i}`, KeyId: 'k', At, By: 'alice' };
      entry = apply(entry, recordExternalStart(entry, theirs, T0 + HOUR))[1];
    }
    const first = T0 + 1000 + SLOT_MS;
    expect(usage(entry, T0 + HOUR)).toMatchObject({
      Used: QUOTA_LIMIT,
      NextAvailableAt: new Date(first).toISOString(),
    });
    const third = new Date(first + 2000).toISOString();
    expect(usage(entry, T0 + HOUR, 3).NextAvailableAt).toBe(third);
  });

  it('is nothing of an entry that was never written', () => {
    expect(emptyEntry(ARN)).toEqual({ StreamARN: ARN, Version: 0, Slots: [] });
  });
});

describe('spend', () => {
  it('counts the slot until the caller gives up waiting for AWS', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [answer, spent] = apply(
      entry,
      spend(entry, 'r', slotId, T0 + 1, T0 + 10_001),
    );
    expect(answer.Status).toBe('SPENT');
    expect(spent.Slots).toMatchObject([
      { State: 'SPENT', StampedAt: T0 + 10_001 },
    ]);
  });

  it('happens once', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    expect(spend(spent, 'r', slotId, T0, T0)).toEqual({
      answer: { Status: 'ALREADY_SPENT', StampedAt: T0 },
    });
    const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, done] = apply(spent, confirm(spent, 'r', slotId, applied, 'id'));
    expect(spend(done, 'r', slotId, T0 + 2, T0 + 2).answer).toEqual({
      Status: 'ALREADY_SPENT',
      StampedAt: T0 + 1,
      RequestId: 'id',
    });
  });

  it("is refused for a slot that is another rotation's, or nobody's", () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'first', T0);
    const [, spent] = apply(entry, spend(entry, 'first', slotId, T0, T0));
    const [, settled] = apply(spent, settle(spent, 'first', T0));
    const { entry: held } = granted(settled, 'r', T0);
    for (const foreign of [slotId, 99]) {
      expect(spend(held, 'r', foreign, T0, T0)).toEqual({
        answer: { Status: 'LEASE_LOST' },
      });
      expect(release(held, 'r', foreign, 'REFUSED')).toEqual({
        answer: false,
      });
    }
  });

  it('does not pass a call off as made that AWS counts no more', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const ask = (at: number) => spend(spent, 'r', slotId, at, at).answer.Status;
    expect(ask(T0 + SLOT_MS - 1)).toBe('ALREADY_SPENT');
    expect(ask(T0 + SLOT_MS)).toBe('LEASE_LOST');
  });

  it('is refused once the lease ran out, or belongs to another', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const late = T0 + LEASE;
    expect(spend(entry, 'r', slotId, late, late).answer.Status).toBe(
      'LEASE_LOST',
    );
    const taken = granted(entry, 'other', late + CLOCK_MARGIN_MS);
    expect(spend(taken.entry, 'r', slotId, T0, T0).answer.Status).toBe(
      'LEASE_LOST',
    );
  });
});

describe('confirm', () => {
  it('stamps the slot with the time of the answer and remembers the key', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0 + 10_000));
    const applied = { KeyId: 'alias/k', KeyArn: 'arn:k', AppliedAt: T0 + 80 };
    const [, done] = apply(spent, confirm(spent, 'r', slotId, applied, 'id'));
    expect(done.Slots).toMatchObject([
      { State: 'SPENT', StampedAt: T0 + 80, RequestId: 'id' },
    ]);
    expect(done.LastApplied).toEqual(applied);
  });

  it('books an answer that came after the rotation was given up', () => {
    const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 };
    const empty = emptyEntry(ARN);
    const [had, entry] = apply(empty, confirm(empty, 'r', 7, applied, 'id'));
    expect(had).toBe(false);
    expect(usage(entry, T0).Used).toBe(1);
  });
});

describe('release', () => {
  it('makes a slot usable again that AWS did not count', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const [answer, back] = apply(spent, release(spent, 'r', slotId, 'REFUSED'));
    expect(answer).toBe(true);
    const [, settled] = apply(back, settle(back, 'r', T0));
    expect(usage(settled, T0).Used).toBe(0);
  });

  it('never gives back what AWS confirmed', () => {
    const entry = rotate(emptyEntry(ARN), 'r', T0);
    expect(release(entry, 'r', 1, 'REFUSED')).toEqual({ answer: false });
  });

  describe('because the stream was seen under the key that it had', () => {
    const stopped = () => {
      const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
      const spent = apply(entry, spend(entry, 'r', slotId, T0, T0))[1];
      return { slotId, entry: apply(spent, settle(spent, 'r', T0))[1] };
    };

    it('gives the slot back', () => {
      const { slotId, entry } = stopped();
      const [answer, back] = apply(entry, release(entry, 'r', slotId, 'SEEN'));
      expect(answer).toBe(true);
      expect(back.Slots).toMatchObject([{ State: 'RESERVED' }]);
    });

    it('does not, once others have moved it there', () => {
      const { slotId, entry } = stopped();
      const moved = rotate(entry, 'other', T0 + 1000);
      expect(release(moved, 'r', slotId, 'SEEN')).toEqual({ answer: false });
    });

    it('nor later, when it is planned anew', () => {
      const { slotId, entry } = stopped();
      const moved = rotate(entry, 'other', T0 + 1000);
      const anew = granted(moved, 'r', T0 + 2000);
      expect(anew.slotId).not.toBe(slotId);
      expect(usage(anew.entry, T0 + 2000).Used).toBe(3);
    });
  });
});

describe('reserve after a rotation whose Start was never answered', () => {
  it('takes no slot of the other for its own, though the key is the same', () => {
    const key = { KeyId: 'alias/same', KeyArn: 'arn:same' };
    const first = granted(emptyEntry(ARN), 'first', T0);
    const [, spent] = apply(
      first.entry,
      spend(first.entry, 'first', first.slotId, T0, T0),
    );
    const unanswered = {
      ...spent,
      Slots: spent.Slots.map((slot) => ({ ...slot, KeyId: key.KeyId })),
    };
    const [, settled] = apply(unanswered, settle(unanswered, 'first', T0));
    const second = { ...claim('second', settled), ...key };
    const [answer, after] = apply(settled, reserve(settled, second, T0));

    expect(answer).toMatchObject({ Status: 'GRANTED' });
    expect(answer).not.toMatchObject({ SlotId: first.slotId });
    expect(usage(after, T0).Used).toBe(2);
  });
});

describe('settle', () => {
  it('says what was applied last, by whomever', () => {
    const first = rotate(emptyEntry(ARN), 'first', T0);
    const { entry } = granted(first, 'second', T0 + HOUR);
    const { answer } = settle(entry, 'second', T0 + HOUR);
    expect(answer.LastApplied).toEqual(first.LastApplied);
    expect(first.LastApplied).toBeDefined();
    expect(settle(emptyEntry(ARN), 'r', T0).answer).not.toHaveProperty(
      'LastApplied',
    );
  });

  it('gives back the lease and the unused slot', () => {
    const { entry } = granted(emptyEntry(ARN), 'r', T0);
    const [{ Lease, SlotsSpent }, after] = apply(entry, settle(entry, 'r', T0));
    expect(Lease?.RotationId).toBe('r');
    expect(SlotsSpent).toBe(0);
    expect(after).toMatchObject({ Slots: [] });
    expect(after.Lease).toBeUndefined();
  });

  it('keeps a slot of which nobody knows', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const [{ SlotsSpent, Quota }] = apply(spent, settle(spent, 'r', T0));
    expect(SlotsSpent).toBe(1);
    expect(Quota.Used).toBe(1);
  });

  it('sweeps slots away that have left the window', () => {
    const old = rotate(emptyEntry(ARN), 'old', T0);
    const { entry } = granted(old, 'r', T0 + SLOT_MS - 1);
    expect(entry.Slots).toHaveLength(2);
    const [, after] = apply(entry, settle(entry, 'r', T0 + SLOT_MS));
    expect(after.Slots).toEqual([]);
  });

  it('writes nothing when there is nothing to give back', () => {
    const { entry } = granted(emptyEntry(ARN), 'other', T0);
    expect(settle(entry, 'r', T0).entry).toBeUndefined();
  });

  it('gives back a reserved slot also after the lease went to another', () => {
    const { entry } = granted(emptyEntry(ARN), 'r', T0);
    const taken = granted(entry, 'other', T0 + LEASE + CLOCK_MARGIN_MS).entry;
    const left = { ...taken, Slots: [...entry.Slots, ...taken.Slots] };
    const [{ Lease }, after] = apply(left, settle(left, 'r', T0 + LEASE));
    expect(Lease).toBeUndefined();
    expect(after.Lease?.RotationId).toBe('other');
    expect(after.Slots).toEqual(taken.Slots);
  });

  it('keeps the time of an answer for that of a later look', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const answered = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, done] = apply(spent, confirm(spent, 'r', slotId, answered, 'id'));
    const seen = { ...answered, AppliedAt: T0 + 5000 };
    const [, after] = apply(done, settle(done, 'r', T0 + 5000, seen));
    expect(after.LastApplied).toEqual(answered);
  });

  it('remembers another key that was seen applied beside an answered one', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const answered = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, done] = apply(spent, confirm(spent, 'r', slotId, answered, 'id'));
    const back = { KeyId: 'before', KeyArn: 'b', AppliedAt: T0 + 5000 };
    const [, after] = apply(done, settle(done, 'r', T0 + 5000, back));
    expect(after.LastApplied).toEqual(back);
  });

  it('believes a look where its call of that key was not answered', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const seen = { KeyId: 'alias/r', KeyArn: 'k', AppliedAt: T0 + 5000 };
    const [, after] = apply(spent, settle(spent, 'r', T0 + 5000, seen));
    expect(after.LastApplied).toEqual(seen);
  });

  it('keeps the time of an answer also beside a call that was not answered', () => {
    const first = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(
      first.entry,
      spend(first.entry, 'r', first.slotId, T0, T0),
    );
    const answered = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, done] = apply(
      spent,
      confirm(spent, 'r', first.slotId, answered, 'id'),
    );
    const second = granted(done, 'r', T0 + 2);
    const [, both] = apply(
      second.entry,
      spend(second.entry, 'r', second.slotId, T0 + 3, T0 + 3),
    );
    const seen = { ...answered, AppliedAt: T0 + 5000 };
    const [answer, after] = apply(both, settle(both, 'r', T0 + 5000, seen));
    expect(after.LastApplied).toEqual(answered);
    expect(answer.SlotsSpent).toBe(2);
  });

  it('says what it spent itself, not what others did', () => {
    const before = rotateTimes(3, HOUR);
    const { entry } = granted(before, 'r', T0 + 4 * HOUR);
    const { answer } = settle(entry, 'r', T0 + 4 * HOUR);
    expect(answer).toMatchObject({ SlotsSpent: 0, Quota: { Used: 3 } });
  });

  it('does not put an older key in the place of a newer one', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const theirs = { RequestId: 'x', KeyId: 'k2', At: T0 + 9000, By: 'alice' };
    const [, newer] = apply(
      spent,
      recordExternalStart(spent, theirs, T0 + 9000),
    );
    const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, after] = apply(newer, settle(newer, 'r', T0 + 9000, applied));
    expect(after.LastApplied).toEqual({ KeyId: 'k2', AppliedAt: T0 + 9000 });
  });

  it('remembers a key that only Describe saw applied', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, after] = apply(spent, settle(spent, 'r', T0 + 1, applied));
    expect(after.LastApplied).toEqual(applied);
  });
});

describe('exhaust', () => {
  it('believes AWS until the first own slot is free', () => {
    const entry = rotateTimes(3, HOUR);
    const free = T0 + SLOT_MS;
    const now = free - HOUR / 2;
    const { slotId, entry: held } = granted(entry, 'r', now);
    const [quota, after] = apply(held, exhaust(held, 'r', slotId, now));
    expect(quota).toEqual({
      Limit: 25,
      Used: 25,
      Remaining: 0,
      NextAvailableAt: new Date(free).toISOString(),
      UsedByOthers: 22,
    });
    const ask = (at: number) =>
      reserve(after, claim('x', after), at).answer.Status;
    expect(ask(free - 1)).toBe('QUOTA_EXHAUSTED');
    expect(ask(free)).toBe('GRANTED');
  });

  it('gives back the refused slot alone, and no lease of another', () => {
    const first = granted(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(
      first.entry,
      spend(first.entry, 'r', first.slotId, T0, T0),
    );
    const key = { KeyId: 'alias/r', KeyArn: 'k', AppliedAt: T0 };
    const [, done] = apply(
      spent,
      confirm(spent, 'r', first.slotId, key, 'answered'),
    );
    const { slotId, entry } = granted(done, 'r', T0 + 1);
    const [, after] = apply(entry, exhaust(entry, 'r', slotId, T0 + 1));
    expect(after.Slots).toMatchObject([{ RequestId: 'answered' }]);
    expect(after.Lease).toBeUndefined();

    const other = granted(emptyEntry(ARN), 'other', T0).entry;
    const [, untouched] = apply(other, exhaust(other, 'r', 1, T0));
    expect(untouched.Slots).toEqual(other.Slots);
    expect(untouched.Lease).toEqual(other.Lease);
    const bare = emptyEntry(ARN);
    expect(exhaust(bare, 'r', 1, T0).answer.Remaining).toBe(0);
  });

  it('asks AWS again after an hour when no own slot is free before', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [quota, after] = apply(entry, exhaust(entry, 'r', slotId, T0));
    const next = T0 + EXHAUSTED_MS;
    expect(quota.NextAvailableAt).toBe(new Date(next).toISOString());
    const ask = (at: number) =>
      reserve(after, claim('x', after), at).answer.Status;
    expect(ask(next - 1)).toBe('QUOTA_EXHAUSTED');
    expect(ask(next)).toBe('GRANTED');
  });

  it('ends when AWS takes a key all the same', () => {
    const { slotId, entry } = granted(emptyEntry(ARN), 'r', T0);
    const [, after] = apply(entry, exhaust(entry, 'r', slotId, T0));
    const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, proven] = apply(after, confirm(after, 'x', 9, applied, 'id'));
    expect(usage(proven, T0 + 1)).toMatchObject({ Used: 1, Remaining: 24 });
  });
});

describe('recordExternalStart', () => {
  const ALICE = 'arn:aws:iam::123456789012:user/alice';
  const start = (of: Partial<CloudTrailStart> = {}): CloudTrailStart => ({
    RequestId: 'theirs',
    KeyId: 'alias/theirs',
    At: T0,
    By: ALICE,
    ...of,
  });
  const booked = (entry: LedgerEntry, of: CloudTrailStart, now: number) => {
    const [answer, after] = apply(entry, recordExternalStart(entry, of, now));
    return { ...answer, entry: after };
  };
  /** A rotation whose call has left, and is not answered yet. */
  const calling = (entry: LedgerEntry, name: string, now: number) => {
    const { slotId, entry: held } = granted(entry, name, now);
    const spent = spend(held, name, slotId, now, now + 10_000);
    return { slotId, entry: apply(held, spent)[1] };
  };
  const answered = (
    entry: LedgerEntry,
    name: string,
    slotId: number,
    requestId: string,
    now: number,
  ) => {
    const applied = { KeyId: `alias/${name}`, KeyArn: 'k', AppliedAt: now };
    return apply(entry, confirm(entry, name, slotId, applied, requestId))[1];
  };

  it('counts a Start that was made outside, from the end of its second', () => {
    const { Outcome, Quota, entry } = booked(
      emptyEntry(ARN),
      start(),
      T0 + HOUR,
    );
    expect(Outcome).toBe('RECORDED');
    expect(Quota).toEqual({
      Limit: 25,
      Used: 1,
      Remaining: 24,
      NextAvailableAt: null,
    });
    expect(entry.Slots).toMatchObject([
      {
        RotationId: ALICE,
        State: 'SPENT',
        StampedAt: T0 + 1000,
        RequestId: 'theirs',
      },
    ]);
  });

  it('is told as made by others, unless it stands for a call of ours', () => {
    const theirs = booked(emptyEntry(ARN), start(), T0).entry;
    expect(externalStarts(theirs)).toEqual([start()]);
    const { entry } = calling(emptyEntry(ARN), 'r', T0 + 300);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    expect(externalStarts(booked(entry, ours, T0 + 1000).entry)).toEqual([]);
    expect(externalStarts(rotate(emptyEntry(ARN), 'r', T0))).toEqual([]);
  });

  it('counts what is reported twice once, and writes nothing then', () => {
    const { entry } = booked(emptyEntry(ARN), start(), T0);
    expect(recordExternalStart(entry, start(), T0 + HOUR)).toMatchObject({
      answer: { Outcome: 'KNOWN', Quota: { Used: 1 } },
    });
    expect(recordExternalStart(entry, start(), T0 + HOUR)).not.toHaveProperty(
      'entry',
    );
  });

  it('knows a Start of ours that was answered', () => {
    const entry = rotate(emptyEntry(ARN), 'r', T0);
    const ours = start({ RequestId: 'r', KeyId: 'alias/r' });
    expect(recordExternalStart(entry, ours, T0 + HOUR)).toEqual({
      answer: { Outcome: 'KNOWN', Quota: usage(entry, T0) },
    });
  });

  it('takes the report for the answer to a Start of ours', () => {
    const { slotId, entry } = calling(emptyEntry(ARN), 'r', T0 + 300);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    const after = booked(entry, ours, T0 + HOUR / 60);
    expect(after).toMatchObject({ Outcome: 'CONFIRMED', Quota: { Used: 1 } });
    expect(
      spend(after.entry, 'r', slotId, T0 + 5000, T0 + 5000).answer,
    ).toEqual({
      Status: 'ALREADY_SPENT',
      StampedAt: T0 + 1000,
      RequestId: 'ours',
    });
    expect(after.entry.LastApplied).toEqual({
      KeyId: 'alias/r',
      KeyArn: 'arn:r',
      AppliedAt: T0,
    });
  });

  it.each([
    ['before', true],
    ['after', false],
  ])(
    'counts a Start of ours once whose answer comes %s its report',
    (_, isAnswerFirst) => {
      let { slotId, entry } = calling(emptyEntry(ARN), 'r', T0 + 300);
      const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
      if (!isAnswerFirst) entry = booked(entry, ours, T0 + 900).entry;
      entry = answered(entry, 'r', slotId, 'ours', T0 + 1200);
      entry = booked(entry, ours, T0 + HOUR).entry;
      expect(entry.Slots).toMatchObject([
        {
          RotationId: 'r',
          KeyId: 'alias/r',
          StampedAt: T0 + 1200,
          RequestId: 'ours',
        },
      ]);
      expect(entry.LastApplied?.AppliedAt).toBe(T0 + 1200);
    },
  );

  it('counts a Start of ours beside one of the same key that came in between', () => {
    const { slotId, entry } = calling(emptyEntry(ARN), 'r', T0);
    const theirs = start({ KeyId: 'alias/r', At: T0 - 30_000 });
    const between = booked(entry, theirs, T0 + 100);
    const both = answered(between.entry, 'r', slotId, 'ours', T0 + 200);
    expect(usage(both, T0 + 200).Used).toBe(2);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    expect(booked(both, ours, T0 + HOUR)).toMatchObject({
      Outcome: 'KNOWN',
      Quota: { Used: 2 },
    });
  });

  it('does not take another key for the answer to a Start of ours', () => {
    const { entry } = calling(emptyEntry(ARN), 'r', T0);
    const held = booked(entry, start(), T0 + 100);
    expect(held).toMatchObject({ Outcome: 'RECORDED', Quota: { Used: 2 } });
    const [, ended] = apply(entry, settle(entry, 'r', T0 + 50));
    const left = booked(ended, start(), T0 + 100);
    expect(left).toMatchObject({ Outcome: 'RECORDED', Quota: { Used: 2 } });
  });

  it('does not take a Start of another time for ours', () => {
    const { entry } = calling(emptyEntry(ARN), 'r', T0);
    const ours = { KeyId: 'alias/r' };
    const late = T0 + ANSWER_MS + CLOCK_MARGIN_MS + ANSWER_MS;
    const early = T0 - CLOCK_MARGIN_MS - ANSWER_MS;
    for (const At of [early, late]) {
      expect(booked(entry, start({ ...ours, At }), late)).toMatchObject({
        Outcome: 'RECORDED',
        Quota: { Used: 2 },
      });
    }
  });

  it('does not take another’s Start for a call that was not made yet', () => {
    const { entry } = granted(emptyEntry(ARN), 'r', T0);
    const after = booked(entry, start({ KeyId: 'alias/r' }), T0 + 100);
    expect(after).toMatchObject({ Outcome: 'RECORDED', Quota: { Used: 2 } });
    expect(after.entry.LastApplied).toEqual({
      KeyId: 'alias/r',
      AppliedAt: T0,
    });
  });

  it('tells two calls of ours apart whose reports come in reverse', () => {
    const first = { ...claim('first', emptyEntry(ARN)), KeyId: 'alias/k' };
    let entry = apply(emptyEntry(ARN), reserve(emptyEntry(ARN), first, T0))[1];
    entry = apply(entry, spend(entry, 'first', 1, T0, T0 + 10_000))[1];
    entry = apply(entry, settle(entry, 'first', T0 + 10_000))[1];
    const later = T0 + 75_000;
    const second = { ...claim('second', entry), KeyId: 'alias/k' };
    const asked = reserve(entry, second, later);
    entry = apply(entry, asked)[1];
    const slotId = asked.answer.Status === 'GRANTED' ? asked.answer.SlotId : 0;
    const spent = spend(entry, 'second', slotId, later, later + 10_000);
    entry = apply(entry, spent)[1];
    for (const At of [later, T0]) {
      const RequestId = `at ${At}`;
      const ours = start({ RequestId, KeyId: 'alias/k', At });
      const after = booked(entry, ours, T0 + HOUR / 4);
      expect(after).toMatchObject({ Outcome: 'CONFIRMED', Quota: { Used: 2 } });
      entry = after.entry;
    }
  });

  it('takes no key ARN from a rotation that asked for another key', () => {
    const { entry } = calling(emptyEntry(ARN), 'r', T0);
    const [, ended] = apply(entry, settle(entry, 'r', T0 + 50));
    const next = granted(ended, 'next', T0 + 100);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    const after = booked(next.entry, ours, T0 + 200);
    expect(after.Outcome).toBe('CONFIRMED');
    expect(after.entry.LastApplied).toEqual({
      KeyId: 'alias/r',
      AppliedAt: T0,
    });
  });

  it('knows ours as far as the clocks may be apart', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -CLOCK_MARGIN_MS, max: CLOCK_MARGIN_MS }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 999 }),
        (skew, takes, ms) => {
          const { entry } = calling(emptyEntry(ARN), 'r', T0 + ms);
          const counted = T0 + ms + takes + skew;
          const At = Math.floor(counted / 1000) * 1000;
          const ours = start({ RequestId: 'ours', KeyId: 'alias/r', At });
          expect(booked(entry, ours, T0 + HOUR)).toMatchObject({
            Outcome: 'CONFIRMED',
            Quota: { Used: 1 },
          });
        },
      ),
    );
  });

  it('keeps what is booked when the Start it was taken for is refused', () => {
    const { slotId, entry } = calling(emptyEntry(ARN), 'r', T0);
    const theirs = start({ KeyId: 'alias/r' });
    const between = booked(entry, theirs, T0 + 100).entry;
    const [, released] = apply(
      between,
      release(between, 'r', slotId, 'REFUSED'),
    );
    const [, settled] = apply(released, settle(released, 'r', T0 + 200));
    expect(usage(settled, T0 + 200).Used).toBe(1);
    const [, exhausted] = apply(
      between,
      exhaust(between, 'r', slotId, T0 + 200),
    );
    const after = T0 + 200 + EXHAUSTED_MS;
    expect(usage(exhausted, after).Used).toBe(1);
    expect(booked(exhausted, theirs, after).Outcome).toBe('KNOWN');
  });

  it('leaves alone what AWS counts no more', () => {
    const last = T0 + 1000 + SLOT_MS - 1;
    expect(booked(emptyEntry(ARN), start(), last)).toMatchObject({
      Outcome: 'RECORDED',
      Quota: { Used: 1 },
    });
    expect(recordExternalStart(emptyEntry(ARN), start(), last + 1)).toEqual({
      answer: {
        Outcome: 'TOO_OLD',
        Quota: { Limit: 25, Used: 0, Remaining: 25, NextAvailableAt: null },
      },
    });
  });

  it('does not believe a time to come, which would keep the slot until then', () => {
    const centuries = start({ At: Date.parse('9999-12-31T23:59:59Z') });
    const { Outcome, entry } = booked(emptyEntry(ARN), centuries, T0);

    expect(Outcome).toBe('RECORDED');
    expect(entry.LastApplied?.AppliedAt).toBe(T0 + CLOCK_MARGIN_MS);
    const free = T0 + CLOCK_MARGIN_MS + 1000 + SLOT_MS;
    expect(usage(entry, free - 1).Used).toBe(1);
    expect(usage(entry, free).Used).toBe(0);
  });

  it.each([
    ['a rotation', rotate(emptyEntry(ARN), 'before', T0 - HOUR)],
    [
      'another Start outside',
      booked(emptyEntry(ARN), start({ At: T0 - HOUR, RequestId: 'x' }), T0)
        .entry,
    ],
    ['nothing', emptyEntry(ARN)],
  ])('makes a plan stale that was made after %s', (_, entry) => {
    const planned = claim('r', entry);
    const { entry: after } = booked(entry, start(), T0 + HOUR);
    expect(after.LastApplied?.KeyArn).toBeUndefined();
    const stale = reserve(after, planned, T0 + HOUR);
    expect(stale.answer.Status).toBe('STALE_PLAN');
    const fresh = reserve(after, claim('r', after), T0 + HOUR);
    expect(fresh.answer.Status).toBe('GRANTED');
  });

  it('makes a plan stale also as the answer to a Start that was given up', () => {
    const first = rotate(emptyEntry(ARN), 'before', T0 - HOUR);
    const { entry } = calling(first, 'r', T0);
    const [, ended] = apply(entry, settle(entry, 'r', T0 + 1));
    const planned = claim('next', ended);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    const after = booked(ended, ours, T0 + 2);
    expect(after.Outcome).toBe('CONFIRMED');
    expect(reserve(after.entry, planned, T0 + 3).answer.Status).toBe(
      'STALE_PLAN',
    );
    expect(after.entry.LastApplied?.KeyArn).not.toBe('k');
  });

  it('leaves a plan alone that knows of a later Start', () => {
    const entry = rotate(emptyEntry(ARN), 'later', T0 + HOUR);
    const { Outcome, entry: after } = booked(entry, start(), T0 + 2 * HOUR);
    expect(Outcome).toBe('RECORDED');
    expect(after.LastApplied).toEqual(entry.LastApplied);
    const { answer } = reserve(after, claim('r', entry), T0 + 2 * HOUR);
    expect(answer.Status).toBe('GRANTED');
  });

  it('counts on past 25, and says when enough have left the window', () => {
    let entry = rotateTimes(25, 1000);
    for (let i = 0; i < 3; i++) {
      const theirs = start({ RequestId: `x${i}`, At: T0 + HOUR + i * 1000 });
      entry = booked(entry, theirs, T0 + 2 * HOUR).entry;
    }
    // 28 count, so four have to go before there is room for one.
    const free = T0 + 3000 + SLOT_MS;
    expect(usage(entry, T0 + 2 * HOUR)).toEqual({
      Limit: 25,
      Used: 28,
      Remaining: 0,
      NextAvailableAt: new Date(free).toISOString(),
    });
    const ask = (now: number) =>
      reserve(entry, claim('next', entry), now).answer.Status;
    expect(ask(free - 1)).toBe('QUOTA_EXHAUSTED');
    expect(ask(free)).toBe('GRANTED');
  });

  it('gives a Start of ours back when its report leaves the window', () => {
    const { entry } = calling(emptyEntry(ARN), 'r', T0);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    let after = booked(entry, ours, T0 + 100).entry;
    after = apply(after, settle(after, 'r', T0 + 200))[1];
    const free = T0 + 1000 + SLOT_MS;
    expect(usage(after, free - 1).Used).toBe(1);
    expect(usage(after, free).Used).toBe(0);
    const [, next] = apply(after, reserve(after, claim('n', after), free));
    expect(next.Slots).toMatchObject([{ RotationId: 'n' }]);
  });

  it('sweeps slots away that have left the window, and goes by the rest', () => {
    const { entry } = calling(emptyEntry(ARN), 'old', T0);
    const old = { KeyId: 'alias/old', RequestId: 'old' };
    let after = booked(entry, start(old), T0 + 100).entry;
    after = apply(after, settle(after, 'old', T0 + 200))[1];
    const At = T0 + SLOT_MS;
    after = calling(after, 'new', At).entry;
    expect(after.Slots).toHaveLength(3);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/new', At });
    const { Outcome, entry: swept } = booked(after, ours, At + 2000);
    expect(Outcome).toBe('CONFIRMED');
    expect(swept.Slots).toMatchObject([
      { RotationId: 'new' },
      { RequestId: 'ours' },
    ]);
  });

  it('counts a request once, whatever else happens to its slot', () => {
    const ACTIONS = [
      'recordExternalStart',
      'confirm',
      'spend',
      'release',
      'settle',
    ] as const;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...ACTIONS), { maxLength: 12 }),
        (actions) => {
          let { slotId, entry } = calling(emptyEntry(ARN), 'r', T0);
          let now = T0;
          const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
          for (const action of [...actions, 'recordExternalStart', 'settle']) {
            now += 100;
            if (action === 'recordExternalStart')
              entry = booked(entry, ours, now).entry;
            if (action === 'confirm') {
              entry = answered(entry, 'r', slotId, 'ours', now);
            }
            if (action === 'spend') {
              const spent = spend(entry, 'r', slotId, now, now + 10_000);
              entry = apply(entry, spent)[1];
            }
            if (action === 'release') {
              entry = apply(entry, release(entry, 'r', slotId, 'REFUSED'))[1];
            }
            if (action === 'settle') {
              entry = apply(entry, settle(entry, 'r', now))[1];
            }
            const same = entry.Slots.filter(
              (slot) => slot.RequestId === 'ours',
            );
            expect(same.length).toBeLessThanOrEqual(1);
          }
          expect(usage(entry, now).Used).toBe(1);
        },
      ),
    );
  });
});

/**
 * Rotations, of which some are cut off or lose their answers, somebody else who
 * starts encryption too, and a CloudTrail that reports every Start that AWS
 * applied: some time later, in any order, more than once.
 */
describe('the count, with reports', () => {
  const step = fc.record({
    action: fc.constantFrom('ours', 'ours', 'theirs', 'report'),
    rotation: fc.integer({ min: 0, max: 2 }),
    isCutOff: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    fate: fc.constantFrom('applied', 'applied', 'lost', 'missed', 'refused'),
    key: fc.constantFrom('alias/a', 'alias/b'),
    pick: fc.nat(),
    isAgain: fc.boolean(),
    takes: fc.integer({ min: 0, max: 10_000 }),
    wait: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 5000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: HOUR / 6 }) },
    ),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const skew = fc.integer({ min: -CLOCK_MARGIN_MS, max: CLOCK_MARGIN_MS });

  interface Rotation {
    name: string;
    key: string;
    slotId?: number;
    /** Applied or refused, and the answer is on its way. */
    answer?: { requestId?: string; isRefused: boolean };
  }

  function live(
    steps: Step[],
    clock: number,
    theirKeys: (key: string) => string,
    check: (used: number, world: Record<string, number>) => void,
  ) {
    let entry = emptyEntry(ARN);
    let now = T0;
    let generation = 0;
    const world = { ours: 0, theirs: 0, theirsReported: 0, missed: 0 };
    const applied: (CloudTrailStart & { isReported?: true })[] = [];
    const fresh = (key: string) => ({ name: `r${++generation}`, key });
    const rotations: Rotation[] = ['alias/a', 'alias/b', 'alias/a'].map(fresh);
    const counted = (KeyId: string, By: string, at: number) => {
      const RequestId = `q${applied.length}`;
      const At = Math.floor(at / 1000) * 1000;
      applied.push({ RequestId, KeyId, At, By });
      return RequestId;
    };
    const report = (one: CloudTrailStart & { isReported?: true }) => {
      entry = apply(entry, recordExternalStart(entry, one, now))[1];
      if (!one.isReported && one.By === 'theirs') world.theirsReported++;
      one.isReported = true;
    };
    const advance = (rotation: Rotation, step: Step) => {
      const { name, key, slotId, answer } = rotation;
      const ourTime = now + clock;
      if (slotId === undefined) {
        const claimed = { ...claim(name, entry), KeyId: key };
        const asked = reserve(entry, claimed, ourTime);
        entry = apply(entry, asked)[1];
        if (asked.answer.Status !== 'GRANTED') return;
        rotation.slotId = asked.answer.SlotId;
      } else if (answer === undefined) {
        const until = ourTime + 10_000;
        const spent = spend(entry, name, slotId, ourTime, until);
        entry = apply(entry, spent)[1];
        if (spent.answer.Status !== 'SPENT') {
          entry = apply(entry, settle(entry, name, ourTime))[1];
          return fresh(step.key);
        }
        const isApplied = step.fate === 'applied' || step.fate === 'lost';
        const requestId = isApplied
          ? counted(key, 'ours', now + step.takes)
          : undefined;
        if (isApplied) world.ours++;
        if (step.fate === 'missed') world.missed++;
        rotation.answer = {
          isRefused: step.fate === 'refused',
          ...(step.fate === 'applied' && { requestId }),
        };
      } else {
        const { requestId, isRefused } = answer;
        const AppliedAt = ourTime + 1;
        const of = { KeyId: key, KeyArn: 'k', AppliedAt };
        if (requestId) {
          const heard = confirm(entry, name, slotId, of, requestId);
          entry = apply(entry, heard)[1];
        } else if (isRefused) {
          entry = apply(entry, release(entry, name, slotId, 'REFUSED'))[1];
        }
        entry = apply(entry, settle(entry, name, ourTime))[1];
        return fresh(step.key);
      }
    };
    for (const step of steps) {
      now += step.wait;
      const at = step.rotation;
      const rotation = rotations[at] as Rotation;
      if (step.action === 'theirs') {
        counted(theirKeys(step.key), 'theirs', now);
        world.theirs++;
      } else if (step.action === 'report') {
        const due = applied.filter((one) => step.isAgain || !one.isReported);
        const one = due[step.pick % due.length];
        if (one) report(one);
      } else if (step.isCutOff) {
        // It is settled from outside, and its function may still be running.
        entry = apply(entry, settle(entry, rotation.name, now + clock))[1];
        if (!rotation.answer) rotations[at] = fresh(step.key);
      } else {
        rotations[at] = advance(rotation, step) ?? rotation;
      }
      check(usage(entry, now + clock).Used, world);
    }
    for (const [i, rotation] of rotations.entries()) {
      const [last] = steps;
      if (rotation.answer && last) advance(rotation, last);
      else entry = apply(entry, settle(entry, rotation.name, now + clock))[1];
      rotations[i] = rotation;
    }
    for (const one of applied) report(one);
    for (const one of applied) {
      expect(recordExternalStart(entry, one, now).answer.Outcome).toBe('KNOWN');
    }
    return { used: usage(entry, now + clock).Used, ...world };
  }
  const world = fc.tuple(
    fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }),
    skew,
  );

  it('is that of AWS in the end, and of the calls that nobody knows of', () => {
    let most = 0;
    fc.assert(
      fc.property(world, ([steps, clock]) => {
        const { used, ours, theirs, missed } = live(
          steps,
          clock,
          (key) => key,
          () => {},
        );
        expect(used).toBeGreaterThanOrEqual(ours + theirs);
        expect(used).toBeLessThanOrEqual(ours + theirs + missed);
        most = Math.max(most, ours + theirs);
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(most).toBeGreaterThan(QUOTA_LIMIT);
  });

  it('is at no time less than ours and those that were reported', () => {
    fc.assert(
      fc.property(world, ([steps, clock]) => {
        live(
          steps,
          clock,
          () => 'alias/theirs',
          (used, { ours = 0, theirsReported = 0 }) => {
            expect(used).toBeGreaterThanOrEqual(ours + theirsReported);
          },
        );
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });
});

/**
 * A world of rotations whose clocks are up to the margin apart, an AWS that
 * counts each key at some moment of the call, and calls that get lost. Each
 * step moves one rotation on by one call; some are cut off and come again
 * under a new name.
 */
describe('the invariant', () => {
  const RESULTS = ['applied', 'applied', 'applied', 'refused', 'lost'] as const;
  const step = fc.record({
    rotation: fc.integer({ min: 0, max: 3 }),
    isCutOff: fc.integer({ min: 0, max: 39 }).map((n) => n === 0),
    isAgain: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    result: fc.constantFrom(...RESULTS),
    isLostOneApplied: fc.boolean(),
    skew: fc.constantFrom(0, 1, CLOCK_MARGIN_MS / 2, CLOCK_MARGIN_MS),
    wait: fc.oneof(
      { weight: 200, arbitrary: fc.integer({ min: 0, max: 2000 }) },
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 2 * LEASE }) },
      { weight: 4, arbitrary: fc.constant('until the oldest is a day old') },
    ),
  });
  type Phase = { name: string; slotId?: number; isStarted?: boolean };

  it('holds: no window of 24 h has more than 25 keys, one rotation at a time', () => {
    let mostCounted = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 300, maxLength: 400, size: 'max' }),
        (steps) => {
          let entry = rotateTimes(20, 1000);
          let now = T0 + 20_000;
          let generation = 0;
          const counted = Array.from({ length: 20 }, (_, i) => T0 + i * 1000);
          const fresh = (): Phase => ({ name: `r${++generation}` });
          const phases = [fresh(), fresh(), fresh(), fresh()];
          const trusted = new Map<string, number>();
          for (const step of steps) {
            const oldest = counted.find((at) => at > now - DAY) ?? now - DAY;
            now =
              typeof step.wait === 'number' ? now + step.wait : oldest + DAY;
            const clock = now - step.skew;
            const phase = phases[step.rotation] ?? fresh();
            const { name, slotId } = phase;
            if (step.isCutOff) {
              trusted.delete(name);
              phases[step.rotation] = fresh();
            } else if (slotId === undefined || step.isAgain) {
              const [answer, after] = apply(
                entry,
                reserve(entry, claim(name, entry), clock),
              );
              entry = after;
              trusted.delete(name);
              if (answer.Status !== 'GRANTED') continue;
              phase.slotId = answer.SlotId;
              for (const [, until] of trusted) {
                expect(until).toBeLessThanOrEqual(now - CLOCK_MARGIN_MS);
              }
              trusted.set(name, Date.parse(answer.LeaseExpiresAt));
            } else if (!phase.isStarted) {
              const [spent, after] = apply(
                entry,
                spend(entry, name, slotId, clock, clock + 10_000),
              );
              entry = after;
              phase.isStarted = true;
              if (spent.Status !== 'SPENT') continue;
              const isCounted =
                step.result === 'applied' ||
                (step.result === 'lost' && step.isLostOneApplied);
              if (isCounted) counted.push(now);
              if (step.result === 'applied') {
                const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: clock };
                const done = confirm(entry, name, slotId, applied, 'id');
                entry = apply(entry, done)[1];
              } else if (step.result === 'refused') {
                entry = apply(
                  entry,
                  release(entry, name, slotId, 'REFUSED'),
                )[1];
              }
            } else {
              entry = apply(entry, settle(entry, name, clock))[1];
              trusted.delete(name);
              phases[step.rotation] = fresh();
            }
            const window = counted.filter((at) => at > now - DAY);
            expect(window.length).toBeLessThanOrEqual(QUOTA_LIMIT);
            mostCounted = Math.max(mostCounted, window.length);
          }
        },
      ),
      { numRuns: 200, endOnFailure: true },
    );
    // The world is dense enough to reach the limit it must not pass.
    expect(mostCounted).toBe(QUOTA_LIMIT);
  });

  it('wastes nothing: with slots left and nobody else there, it grants', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: DAY }), { maxLength: 60 }),
        (waits) => {
          let entry = emptyEntry(ARN);
          let now = T0;
          let stamps: number[] = [];
          for (const [i, wait] of waits.entries()) {
            now += wait;
            stamps = stamps.filter((at) => now < at + SLOT_MS);
            const { answer } = reserve(entry, claim(`r${i}`, entry), now);
            const isFree = stamps.length < QUOTA_LIMIT;
            expect(answer.Status).toBe(isFree ? 'GRANTED' : 'QUOTA_EXHAUSTED');
            if (!isFree) continue;
            entry = rotate(entry, `r${i}`, now);
            stamps.push(now);
          }
        },
      ),
    );
  });
});

describe('a slot kept for a rollback', () => {
  const twice = (name: string, entry: LedgerEntry): Claim => ({
    ...claim(name, entry),
    KeepSlotForRollback: true,
  });
  const slotIds = ({ Slots }: LedgerEntry) => Slots.map(({ SlotId }) => SlotId);

  it('is taken in the same write, counts, and has an id of its own', () => {
    const empty = emptyEntry(ARN);
    const [answer, entry] = apply(empty, reserve(empty, twice('r', empty), T0));
    expect(answer).toMatchObject({ Status: 'GRANTED', SlotId: 1 });
    expect(entry.Slots.map(({ State }) => State)).toEqual([
      'RESERVED',
      'RESERVED',
    ]);
    expect(usage(entry, T0)).toMatchObject({ Used: 2 });
    const report = { RequestId: 'q', KeyId: 'alias/x', At: T0, By: 'b' };
    const [, booked] = apply(entry, recordExternalStart(entry, report, T0 + 1));
    expect(new Set(slotIds(booked)).size).toBe(3);
    const again = apply(entry, reserve(entry, twice('r', entry), T0 + 1))[1];
    expect(slotIds(again)).toEqual(slotIds(entry));
    const settled = apply(again, settle(again, 'r', T0 + 2))[1];
    const next = granted(settled, 'next', T0 + 3);
    expect([1, 2]).not.toContain(next.slotId);
  });

  it('goes back with the rotation, and is there for the rollback', () => {
    const empty = emptyEntry(ARN);
    let entry = apply(empty, reserve(empty, twice('r', empty), T0))[1];
    entry = apply(entry, spend(entry, 'r', 1, T0, T0))[1];
    const applied = { KeyId: 'alias/r', KeyArn: 'arn:r', AppliedAt: T0 };
    entry = apply(entry, confirm(entry, 'r', 1, applied, 'q'))[1];
    expect(usage(entry, T0)).toMatchObject({ Used: 2 });
    const back = { ...claim('r', entry), KeyId: 'alias/before' };
    const [answer, after] = apply(entry, reserve(entry, back, T0 + 1));
    expect(answer).toMatchObject({ Status: 'GRANTED', SlotId: 2 });
    expect(usage(after, T0 + 1)).toMatchObject({ Used: 2 });
    const ended = apply(entry, settle(entry, 'r', T0 + 1))[1];
    expect(usage(ended, T0 + 1)).toMatchObject({ Used: 1 });
  });

  it('is asked for when two are free, to the second', () => {
    const entry = rotateTimes(24, 1000);
    const asked = reserve(entry, twice('r', entry), T0 + HOUR).answer;
    const free = new Date(T0 + SLOT_MS).toISOString();
    expect(asked).toMatchObject({
      Status: 'QUOTA_EXHAUSTED',
      NextAvailableAt: free,
      Quota: { Used: 24, Remaining: 1 },
    });
    const at = Date.parse(free);
    const before = reserve(entry, twice('r', entry), at - 1).answer.Status;
    expect(before).toBe('QUOTA_EXHAUSTED');
    const status = reserve(entry, twice('r', entry), at).answer.Status;
    expect(status).toBe('GRANTED');
  });

  it('is another than that of a call that nobody answered', () => {
    const empty = emptyEntry(ARN);
    let { entry } = granted(empty, 'r', T0);
    entry = apply(entry, spend(entry, 'r', 1, T0, T0))[1];
    const same = reserve(entry, claim('r', entry), T0 + 1).answer;
    expect(same).toMatchObject({ SlotId: 1 });
    const back = { ...claim('r', entry), KeyId: 'alias/before' };
    const [answer, after] = apply(entry, reserve(entry, back, T0 + 1));
    expect(answer).toMatchObject({ Status: 'GRANTED', SlotId: 3 });
    expect(usage(after, T0 + 1)).toMatchObject({ Used: 2 });
  });

  it('is not lost for a call that nobody answered when none is free any more', () => {
    let entry = rotateTimes(24, 1000);
    const { slotId, entry: held } = granted(entry, 'r', T0 + HOUR);
    entry = apply(held, spend(held, 'r', slotId, T0 + HOUR, T0 + HOUR))[1];
    const [answer, after] = apply(
      entry,
      reserve(entry, twice('r', entry), T0 + HOUR),
    );
    expect(answer).toMatchObject({ Status: 'GRANTED', SlotId: slotId });
    expect(usage(after, T0 + HOUR)).toMatchObject({ Used: 25 });
  });
});
