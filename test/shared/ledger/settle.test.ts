import { describe, expect, it } from 'vitest';
import { wholeSecond } from '../../../shared/events/iso-time.ts';
import { emptyEntry, type LedgerEntry } from '../../../shared/ledger/entry.ts';
import { recordExternalStart } from '../../../shared/ledger/external-starts.ts';
import { reserve } from '../../../shared/ledger/reserve.ts';
import {
  exhaust,
  settle,
  settleStopped,
} from '../../../shared/ledger/settle.ts';
import { confirm, spend } from '../../../shared/ledger/spend.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import {
  CLOCK_MARGIN_MS,
  EXHAUSTED_MS,
  RATE_LIMITED_MS,
  SLOT_MS,
  STOPPED_MS,
} from '../../../shared/ledger/window.ts';
import {
  ARN,
  apply,
  claim,
  grant,
  HOUR,
  LEASE,
  rotate,
  rotateTimes,
  T0,
} from '../../support/ledger/transitions.ts';

describe('settle', () => {
  it('returns what was applied last, by any rotation', () => {
    const first = rotate(emptyEntry(ARN), 'first', T0);
    const { entry } = grant(first, 'second', T0 + HOUR);
    const { answer } = settle(entry, 'second', T0 + HOUR);
    expect(answer.LastApplied).toEqual(first.LastApplied);
    expect(first.LastApplied).toBeDefined();
    expect(settle(emptyEntry(ARN), 'r', T0).answer).not.toHaveProperty(
      'LastApplied',
    );
  });

  it('gives back the lease and the unused slot', () => {
    const { entry } = grant(emptyEntry(ARN), 'r', T0);
    const [{ Lease, SlotsSpent }, after] = apply(entry, settle(entry, 'r', T0));
    expect(Lease?.RotationId).toBe('r');
    expect(SlotsSpent).toBe(0);
    expect(after).toMatchObject({ Slots: [] });
    expect(after.Lease).toBeUndefined();
  });

  it('keeps when the first probe proved the encryption', () => {
    const verify = (entry: LedgerEntry, at?: number) =>
      apply(entry, settle(entry, 'r', T0, undefined, at))[1];
    const first = verify(emptyEntry(ARN), T0);
    expect(first).toMatchObject({ VerifiedAt: T0, Version: 1 });
    expect(verify(first, T0 + HOUR)).toEqual(first);
    expect(verify(emptyEntry(ARN))).not.toHaveProperty('VerifiedAt');
  });

  it('keeps a slot whose call AWS has not answered', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const [{ SlotsSpent, Quota }] = apply(spent, settle(spent, 'r', T0));
    expect(SlotsSpent).toBe(1);
    expect(Quota.Used).toBe(1);
  });

  it('removes slots that have left the window', () => {
    const old = rotate(emptyEntry(ARN), 'old', T0);
    const { entry } = grant(old, 'r', T0 + SLOT_MS - 1);
    expect(entry.Slots).toHaveLength(2);
    const [, after] = apply(entry, settle(entry, 'r', T0 + SLOT_MS));
    expect(after.Slots).toEqual([]);
  });

  it('writes nothing when there is nothing to give back', () => {
    const { entry } = grant(emptyEntry(ARN), 'other', T0);
    expect(settle(entry, 'r', T0).entry).toBeUndefined();
  });

  it('gives back a reserved slot after the lease went to another rotation', () => {
    const { entry } = grant(emptyEntry(ARN), 'r', T0);
    const taken = grant(entry, 'other', T0 + LEASE + CLOCK_MARGIN_MS).entry;
    const left = { ...taken, Slots: [...entry.Slots, ...taken.Slots] };
    const [{ Lease }, after] = apply(left, settle(left, 'r', T0 + LEASE));
    expect(Lease).toBeUndefined();
    expect(after.Lease?.RotationId).toBe('other');
    expect(after.Slots).toEqual(taken.Slots);
  });

  it("prefers the time of AWS's answer to the time of a later Describe", () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const answered = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, done] = apply(spent, confirm(spent, 'r', slotId, answered, 'id'));
    const seen = { ...answered, AppliedAt: T0 + 5000 };
    const [, after] = apply(done, settle(done, 'r', T0 + 5000, seen));
    expect(after.LastApplied).toEqual(answered);
  });

  it('keeps another key that Describe saw after an answered one', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const answered = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, done] = apply(spent, confirm(spent, 'r', slotId, answered, 'id'));
    const back = { KeyId: 'before', KeyArn: 'b', AppliedAt: T0 + 5000 };
    const [, after] = apply(done, settle(done, 'r', T0 + 5000, back));
    expect(after.LastApplied).toEqual(back);
  });

  it('uses the time of Describe when AWS did not answer the call', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const seen = { KeyId: 'alias/r', KeyArn: 'k', AppliedAt: T0 + 5000 };
    const [, after] = apply(spent, settle(spent, 'r', T0 + 5000, seen));
    expect(after.LastApplied).toEqual(seen);
  });

  it("prefers the time of AWS's answer beside an unanswered call", () => {
    const first = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(
      first.entry,
      spend(first.entry, 'r', first.slotId, T0, T0),
    );
    const answered = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, done] = apply(
      spent,
      confirm(spent, 'r', first.slotId, answered, 'id'),
    );
    const second = grant(done, 'r', T0 + 2);
    const [, both] = apply(
      second.entry,
      spend(second.entry, 'r', second.slotId, T0 + 3, T0 + 3),
    );
    const seen = { ...answered, AppliedAt: T0 + 5000 };
    const [answer, after] = apply(both, settle(both, 'r', T0 + 5000, seen));
    expect(after.LastApplied).toEqual(answered);
    expect(answer.SlotsSpent).toBe(2);
  });

  it('counts its own spent slots, not those of other rotations', () => {
    const before = rotateTimes(3, HOUR);
    const { entry } = grant(before, 'r', T0 + 4 * HOUR);
    const { answer } = settle(entry, 'r', T0 + 4 * HOUR);
    expect(answer).toMatchObject({ SlotsSpent: 0, Quota: { Used: 3 } });
  });

  it('does not replace a newer key by an older one', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
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

  it('keeps a key that only Describe saw', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, after] = apply(spent, settle(spent, 'r', T0 + 1, applied));
    expect(after.LastApplied).toEqual(applied);
  });
});

function withExternalStart(): LedgerEntry {
  const start = { RequestId: 'theirs', KeyId: 'k', At: T0 - 1000, By: 'them' };
  return apply(
    emptyEntry(ARN),
    recordExternalStart(emptyEntry(ARN), start, T0),
  )[1];
}

describe('exhaust', () => {
  it('counts the stream as exhausted until the first slot of the ledger is free', () => {
    const entry = rotateTimes(3, HOUR);
    const free = T0 + SLOT_MS;
    const now = free - RATE_LIMITED_MS / 2;
    const { slotId, entry: held } = grant(entry, 'r', now);
    const [quota, after] = apply(held, exhaust(held, 'r', slotId, now));
    expect(quota).toEqual({
      Limit: 25,
      Used: 25,
      Remaining: 0,
      NextAvailableAt: wholeSecond(free),
      UsedByOthers: 22,
    });
    const ask = (at: number) =>
      reserve(after, claim('x', after), at).answer.Status;
    expect(ask(free - 1)).toBe('QUOTA_EXHAUSTED');
    expect(ask(free)).toBe('GRANTED');
  });

  it('gives back only the refused slot, and no lease of another rotation', () => {
    const first = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(
      first.entry,
      spend(first.entry, 'r', first.slotId, T0, T0),
    );
    const key = { KeyId: 'alias/r', KeyArn: 'k', AppliedAt: T0 };
    const [, done] = apply(
      spent,
      confirm(spent, 'r', first.slotId, key, 'answered'),
    );
    const { slotId, entry } = grant(done, 'r', T0 + 1);
    const [, after] = apply(entry, exhaust(entry, 'r', slotId, T0 + 1));
    expect(after.Slots).toMatchObject([{ RequestId: 'answered' }]);
    expect(after.Lease).toBeUndefined();

    const other = grant(emptyEntry(ARN), 'other', T0).entry;
    const [, untouched] = apply(other, exhaust(other, 'r', 1, T0));
    expect(untouched.Slots).toEqual(other.Slots);
    expect(untouched.Lease).toEqual(other.Lease);
    const bare = emptyEntry(ARN);
    expect(exhaust(bare, 'r', 1, T0).answer.Remaining).toBe(0);
  });

  it.each([
    ['ten minutes without an external start', emptyEntry(ARN), RATE_LIMITED_MS],
    ['an hour with one', withExternalStart(), EXHAUSTED_MS],
  ])(
    'ends after %s when no slot of the ledger is free before',
    (_, before, ms) => {
      const { slotId, entry } = grant(before, 'r', T0);
      const [quota, after] = apply(entry, exhaust(entry, 'r', slotId, T0));
      const next = T0 + ms;
      expect(quota.NextAvailableAt).toBe(wholeSecond(next));
      const ask = (at: number) =>
        reserve(after, claim('x', after), at).answer.Status;
      expect(ask(next - 1)).toBe('QUOTA_EXHAUSTED');
      expect(ask(next)).toBe('GRANTED');
    },
  );

  it('ends when AWS applies a key', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, after] = apply(entry, exhaust(entry, 'r', slotId, T0));
    const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 + 1 };
    const [, proven] = apply(after, confirm(after, 'x', 9, applied, 'id'));
    expect(usage(proven, T0 + 1)).toMatchObject({ Used: 1, Remaining: 24 });
  });
});

describe('settleStopped', () => {
  const stopped = (entry = emptyEntry(ARN), now = T0) =>
    apply(entry, settleStopped(entry, 'r', now))[1];
  const ask = (entry: LedgerEntry, name: string, now: number) =>
    reserve(entry, claim(name, entry), now).answer.Status;

  it('lets a function that is still running take nothing', () => {
    const entry = stopped();
    expect(ask(entry, 'r', T0 + STOPPED_MS - 1)).toBe('STOPPED');
    expect(ask(entry, 'other', T0)).toBe('GRANTED');
  });

  it('lets a redrive go on once that function has ended', () => {
    expect(STOPPED_MS).toBe(50_000 + CLOCK_MARGIN_MS);
    expect(ask(stopped(), 'r', T0 + STOPPED_MS)).toBe('GRANTED');
  });

  it('gives back what the rotation held, and says of a later end that it was stopped', () => {
    const { entry } = grant(emptyEntry(ARN), 'r', T0);
    const after = stopped(entry);
    expect(after.Slots).toEqual([]);
    expect(after.Lease).toBeUndefined();
    expect(settle(after, 'r', T0).answer.WasStopped).toBe(true);
    expect(settle(entry, 'r', T0).answer.WasStopped).toBe(false);
  });

  it('answers again with the lease that the first call gave back', () => {
    const { entry } = grant(emptyEntry(ARN), 'r', T0);
    const lease = entry.Lease;
    const [first, after] = apply(entry, settleStopped(entry, 'r', T0));
    expect(first.Lease).toEqual(lease);
    expect(after.Stopped).toEqual([
      { RotationId: 'r', Until: T0 + STOPPED_MS, Lease: lease },
    ]);
    const again = settleStopped(after, 'r', T0 + 1);
    expect(again.answer.Lease).toEqual(lease);
    expect(again.entry).toBeUndefined();
  });

  it('keeps apart what several stopped rotations held', () => {
    const { entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, first] = apply(entry, settleStopped(entry, 'r', T0));
    const [nothing, both] = apply(first, settleStopped(first, 's', T0 + 1));
    expect(nothing).not.toHaveProperty('Lease');
    expect(both.Stopped).toEqual([
      { RotationId: 'r', Until: T0 + STOPPED_MS, Lease: entry.Lease },
      { RotationId: 's', Until: T0 + 1 + STOPPED_MS },
    ]);
    expect(settleStopped(both, 's', T0 + 2).answer).not.toHaveProperty('Lease');
    expect(settleStopped(both, 'r', T0 + 2).answer.Lease).toEqual(entry.Lease);
  });

  it('settles what a stopped rotation took between two calls', () => {
    const { entry } = grant(emptyEntry(ARN), 'r', T0);
    const held = { ...entry, Stopped: [{ RotationId: 'r', Until: T0 + 1 }] };
    const [answer, after] = apply(held, settleStopped(held, 'r', T0));
    expect(answer.Lease).toEqual(entry.Lease);
    expect(after.Lease).toBeUndefined();
    expect(after.Stopped).toEqual([
      { RotationId: 'r', Until: T0 + STOPPED_MS, Lease: entry.Lease },
    ]);
  });

  it('remembers a rotation once, and forgets those of which nothing runs', () => {
    const twice = stopped(stopped(), T0 + 1);
    expect(twice.Stopped).toHaveLength(1);
    const [, later] = apply(
      twice,
      settleStopped(twice, 's', T0 + 1 + STOPPED_MS),
    );
    expect(later.Stopped?.map(({ RotationId }) => RotationId)).toEqual(['s']);
  });
});
