import { describe, expect, it } from 'vitest';
import { emptyEntry } from '../../../shared/ledger/entry.ts';
import { settle } from '../../../shared/ledger/settle.ts';
import { confirm, release, spend } from '../../../shared/ledger/spend.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import { CLOCK_MARGIN_MS, SLOT_MS } from '../../../shared/ledger/window.ts';
import {
  ARN,
  apply,
  grant,
  LEASE,
  rotate,
  T0,
} from '../../support/ledger/transitions.ts';

describe('spend', () => {
  it('counts the slot until the caller stops waiting for AWS', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [answer, spent] = apply(
      entry,
      spend(entry, 'r', slotId, T0 + 1, T0 + 10_001),
    );
    expect(answer.Status).toBe('SPENT');
    expect(spent.Slots).toMatchObject([
      { State: 'SPENT', StampedAt: T0 + 10_001 },
    ]);
  });

  it('marks a slot once', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
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

  it('refuses a slot of another rotation and an unknown slot', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'first', T0);
    const [, spent] = apply(entry, spend(entry, 'first', slotId, T0, T0));
    const [, settled] = apply(spent, settle(spent, 'first', T0));
    const { entry: held } = grant(settled, 'r', T0);
    for (const foreign of [slotId, 99]) {
      expect(spend(held, 'r', foreign, T0, T0)).toEqual({
        answer: { Status: 'LEASE_LOST' },
      });
      expect(release(held, 'r', foreign, 'REFUSED')).toEqual({
        answer: false,
      });
    }
  });

  it('does not report a call as made that AWS no longer counts', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const ask = (at: number) => spend(spent, 'r', slotId, at, at).answer.Status;
    expect(ask(T0 + SLOT_MS - 1)).toBe('ALREADY_SPENT');
    expect(ask(T0 + SLOT_MS)).toBe('LEASE_LOST');
  });

  it('is refused after the lease expired or went to another rotation', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const late = T0 + LEASE;
    expect(spend(entry, 'r', slotId, late, late).answer.Status).toBe(
      'LEASE_LOST',
    );
    const taken = grant(entry, 'other', late + CLOCK_MARGIN_MS);
    expect(spend(taken.entry, 'r', slotId, T0, T0).answer.Status).toBe(
      'LEASE_LOST',
    );
  });
});

describe('confirm', () => {
  it('stamps the slot with the time of the answer and keeps the key', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0 + 10_000));
    const applied = { KeyId: 'alias/k', KeyArn: 'arn:k', AppliedAt: T0 + 80 };
    const [, done] = apply(spent, confirm(spent, 'r', slotId, applied, 'id'));
    expect(done.Slots).toMatchObject([
      { State: 'SPENT', StampedAt: T0 + 80, RequestId: 'id' },
    ]);
    expect(done.LastApplied).toEqual(applied);
  });

  it('records an answer that arrives after the rotation was settled', () => {
    const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: T0 };
    const empty = emptyEntry(ARN);
    const [had, entry] = apply(empty, confirm(empty, 'r', 7, applied, 'id'));
    expect(had).toBe(false);
    expect(usage(entry, T0).Used).toBe(1);
  });
});

describe('release', () => {
  it('makes a slot usable again that AWS did not count', () => {
    const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
    const [, spent] = apply(entry, spend(entry, 'r', slotId, T0, T0));
    const [answer, back] = apply(spent, release(spent, 'r', slotId, 'REFUSED'));
    expect(answer).toBe(true);
    const [, settled] = apply(back, settle(back, 'r', T0));
    expect(usage(settled, T0).Used).toBe(0);
  });

  it('never gives back a slot that AWS confirmed', () => {
    const entry = rotate(emptyEntry(ARN), 'r', T0);
    expect(release(entry, 'r', 1, 'REFUSED')).toEqual({ answer: false });
  });

  describe('when Describe saw the previous key', () => {
    const stopped = () => {
      const { slotId, entry } = grant(emptyEntry(ARN), 'r', T0);
      const spent = apply(entry, spend(entry, 'r', slotId, T0, T0))[1];
      return { slotId, entry: apply(spent, settle(spent, 'r', T0))[1] };
    };

    it('gives the slot back', () => {
      const { slotId, entry } = stopped();
      const [answer, back] = apply(entry, release(entry, 'r', slotId, 'SEEN'));
      expect(answer).toBe(true);
      expect(back.Slots).toMatchObject([{ State: 'RESERVED' }]);
    });

    it('keeps the slot after another rotation moved the stream there', () => {
      const { slotId, entry } = stopped();
      const moved = rotate(entry, 'other', T0 + 1000);
      expect(release(moved, 'r', slotId, 'SEEN')).toEqual({ answer: false });
    });

    it('keeps the slot when the rotation is planned again', () => {
      const { slotId, entry } = stopped();
      const moved = rotate(entry, 'other', T0 + 1000);
      const again = grant(moved, 'r', T0 + 2000);
      expect(again.slotId).not.toBe(slotId);
      expect(usage(again.entry, T0 + 2000).Used).toBe(3);
    });
  });
});
