import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wholeSecond } from '../../../shared/events/iso-time.ts';
import {
  type Claim,
  emptyEntry,
  type LedgerEntry,
} from '../../../shared/ledger/entry.ts';
import { recordExternalStart } from '../../../shared/ledger/external-starts.ts';
import { reserve } from '../../../shared/ledger/reserve.ts';
import { exhaust, settle } from '../../../shared/ledger/settle.ts';
import { confirm, spend } from '../../../shared/ledger/spend.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import { CLOCK_MARGIN_MS, SLOT_MS } from '../../../shared/ledger/window.ts';
import {
  ARN,
  apply,
  claim,
  DAY,
  grant,
  HOUR,
  LEASE,
  rotate,
  rotateTimes,
  T0,
} from '../../support/ledger/transitions.ts';

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
      NextAvailableAt: wholeSecond(T0 + SLOT_MS),
    });
  });

  it('keeps in the lease of a rollback what it rolls back, and in no other', () => {
    const bare = emptyEntry(ARN);
    const RollsBack = { KeyId: 'x', KeyArn: 'arn:x', PreviousKeyId: null };
    const asked = { ...claim('r', bare), RollsBack };
    const [, held] = apply(bare, reserve(bare, asked, T0));
    expect(held.Lease?.RollsBack).toEqual(RollsBack);
    const { entry } = grant(bare, 'r', T0);
    expect(entry.Lease).not.toHaveProperty('RollsBack');
  });

  it('keeps a slot for exactly 24 hours and the clock margin', () => {
    const entry = rotateTimes(25, 0);
    const ask = (now: number) =>
      reserve(entry, claim('next', entry), now).answer.Status;
    expect(ask(T0 + DAY)).toBe('QUOTA_EXHAUSTED');
    expect(ask(T0 + DAY + CLOCK_MARGIN_MS - 1)).toBe('QUOTA_EXHAUSTED');
    expect(ask(T0 + DAY + CLOCK_MARGIN_MS)).toBe('GRANTED');
  });

  it('returns the time of the next free slot, to the second', () => {
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

  it("updates the stamp of the rotation's unused slot", () => {
    const first = grant(emptyEntry(ARN), 'r', T0);
    const again = grant(first.entry, 'r', T0 + 5000);
    expect(again.slotId).toBe(first.slotId);
    expect(again.entry.Slots).toMatchObject([{ StampedAt: T0 + 5000 }]);
  });

  it('does not change a slot that may have reached AWS', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0 + 10_000));
    const again = grant(spent, 'r', T0 + 20_000);
    expect(again.entry.Slots).toEqual(spent.Slots);
  });

  it('refuses a second rotation and returns the lease of the first', () => {
    const { entry } = grant(emptyEntry(ARN), 'first', T0);
    const { answer, entry: after } = reserve(entry, claim('second', entry), T0);
    expect(answer).toMatchObject({
      Status: 'IN_PROGRESS',
      Lease: { RotationId: 'first', KeyId: 'alias/first' },
    });
    expect(after).toBeUndefined();
  });

  it('takes the lease and the unused slot of a rotation whose lease expired', () => {
    const { entry } = grant(emptyEntry(ARN), 'dead', T0);
    const beforeMargin = T0 + LEASE + CLOCK_MARGIN_MS - 1;
    expect(
      reserve(entry, claim('next', entry), beforeMargin).answer.Status,
    ).toBe('IN_PROGRESS');
    const next = grant(entry, 'next', beforeMargin + 1);
    expect(next.entry.Slots).toMatchObject([{ RotationId: 'next' }]);
  });

  it('refuses a plan that another rotation has superseded', () => {
    const planned = claim('slow', emptyEntry(ARN));
    const entry = rotate(emptyEntry(ARN), 'fast', T0);
    expect(reserve(entry, planned, T0 + 1).answer.Status).toBe('STALE_PLAN');
  });

  it('refuses a plan made under a lease that has ended', () => {
    const { entry } = grant(emptyEntry(ARN), 'first', T0);
    const planned = { ...claim('second', entry), HeldBy: 'first' };
    expect(reserve(entry, planned, T0).answer.Status).toBe('IN_PROGRESS');
    const [, ended] = apply(entry, settle(entry, 'first', T0));
    expect(reserve(ended, planned, T0).answer.Status).toBe('STALE_PLAN');
  });

  it('removes the lease of a rotation that it refuses', () => {
    const full = rotateTimes(24, 0);
    const { slotId, entry } = grant(full, 'r', T0);
    const [, exhausted] = apply(entry, exhaust(entry, 'r', slotId, T0));
    const { answer } = reserve(exhausted, claim('r', exhausted), T0);
    expect(answer.Status).toBe('QUOTA_EXHAUSTED');
    expect(exhausted.Lease).toBeUndefined();
  });
});

describe('a rotation that reserves again', () => {
  it('gets a new slot after AWS answered its Start', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const key = { KeyId: 'alias/r', KeyArn: 'arn:r', AppliedAt: T0 };
    const [, done] = apply(spent, confirm(spent, 'r', slotId, key, 'id'));
    const again = grant(done, 'r', T0 + 1);
    expect(again.slotId).not.toBe(slotId);
    expect(usage(again.entry, T0 + 1).Used).toBe(2);
  });

  it('gives back its lease and slot when its plan is stale', () => {
    const { entry } = grant(emptyEntry(ARN), 'r', T0);
    const planned = claim('r', entry);
    const theirs = { RequestId: 'x', KeyId: 'k', At: T0 + 1000, By: 'alice' };
    const [, superseded] = apply(
      entry,
      recordExternalStart(entry, theirs, T0 + 2000),
    );
    const { answer, entry: after } = reserve(superseded, planned, T0 + 2000);
    expect(answer.Status).toBe('STALE_PLAN');
    expect(after?.Lease).toBeUndefined();
    expect(after?.Slots).toMatchObject([{ RequestId: 'x' }]);
  });

  it('writes nothing when it is refused and holds nothing', () => {
    const planned = { ...claim('r', emptyEntry(ARN)), HeldBy: 'another' };
    expect(reserve(emptyEntry(ARN), planned, T0)).toEqual({
      answer: { Status: 'STALE_PLAN' },
    });
  });
});

describe('reserve after an unanswered Start of another rotation', () => {
  it('does not reuse the slot of another rotation for the same key', () => {
    const key = { KeyId: 'alias/same', KeyArn: 'arn:same' };
    const first = grant(emptyEntry(ARN), 'first', T0);
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

describe('a slot kept for a rollback', () => {
  const twice = (name: string, entry: LedgerEntry): Claim => ({
    ...claim(name, entry),
    KeepSlotForRollback: true,
  });
  const slotIds = ({ Slots }: LedgerEntry) => Slots.map(({ SlotId }) => SlotId);

  it('is reserved in the same write, counts, and has its own id', () => {
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
    const next = grant(settled, 'next', T0 + 3);
    expect([1, 2]).not.toContain(next.slotId);
  });

  it('is available to the rollback, and is given back with the rotation', () => {
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

  it('returns when two slots are free, to the second', () => {
    const entry = rotateTimes(24, 1000);
    const asked = reserve(entry, twice('r', entry), T0 + HOUR).answer;
    const free = wholeSecond(T0 + SLOT_MS);
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

  it('is not the slot of an unanswered call', () => {
    const empty = emptyEntry(ARN);
    let { entry } = grant(empty, 'r', T0);
    entry = apply(entry, spend(entry, 'r', 1, T0, T0))[1];
    const same = reserve(entry, claim('r', entry), T0 + 1).answer;
    expect(same).toMatchObject({ SlotId: 1 });
    const back = { ...claim('r', entry), KeyId: 'alias/before' };
    const [answer, after] = apply(entry, reserve(entry, back, T0 + 1));
    expect(answer).toMatchObject({ Status: 'GRANTED', SlotId: 3 });
    expect(usage(after, T0 + 1)).toMatchObject({ Used: 2 });
  });

  it('does not keep an unanswered call from its slot when no slot is left', () => {
    let entry = rotateTimes(24, 1000);
    const { slotId, entry: held } = grant(entry, 'r', T0 + HOUR);
    entry = apply(held, spend(held, 'r', slotId, T0 + HOUR, T0 + HOUR))[1];
    const [answer, after] = apply(
      entry,
      reserve(entry, twice('r', entry), T0 + HOUR),
    );
    expect(answer).toMatchObject({ Status: 'GRANTED', SlotId: slotId });
    expect(usage(after, T0 + HOUR)).toMatchObject({ Used: 25 });
  });
});
