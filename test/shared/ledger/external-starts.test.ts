import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wholeSecond } from '../../../shared/events/iso-time.ts';
import { emptyEntry, type LedgerEntry } from '../../../shared/ledger/entry.ts';
import {
  type CloudTrailStart,
  externalStarts,
  recordExternalStart,
} from '../../../shared/ledger/external-starts.ts';
import { reserve } from '../../../shared/ledger/reserve.ts';
import { exhaust, settle } from '../../../shared/ledger/settle.ts';
import { confirm, release, spend } from '../../../shared/ledger/spend.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import {
  ANSWER_MS,
  CLOCK_MARGIN_MS,
  EXHAUSTED_MS,
  SLOT_MS,
} from '../../../shared/ledger/window.ts';
import {
  ARN,
  apply,
  claim,
  grant,
  HOUR,
  rotate,
  rotateTimes,
  T0,
} from '../../support/ledger/transitions.ts';

describe('recordExternalStart', () => {
  const ALICE = 'arn:aws:iam::123456789012:user/alice';
  const start = (of: Partial<CloudTrailStart> = {}): CloudTrailStart => ({
    RequestId: 'theirs',
    KeyId: 'alias/theirs',
    At: T0,
    By: ALICE,
    ...of,
  });
  const record = (entry: LedgerEntry, of: CloudTrailStart, now: number) => {
    const [answer, after] = apply(entry, recordExternalStart(entry, of, now));
    return { ...answer, entry: after };
  };
  /** A rotation whose call has left, and is not answered yet. */
  const call = (entry: LedgerEntry, name: string, now: number) => {
    const { slotId, entry: held } = grant(entry, name, now);
    const spent = spend(held, name, slotId, now, now + 10_000);
    return { slotId, entry: apply(held, spent)[1] };
  };
  const answerCall = (
    entry: LedgerEntry,
    name: string,
    slotId: number,
    requestId: string,
    now: number,
  ) => {
    const applied = { KeyId: `alias/${name}`, KeyArn: 'k', AppliedAt: now };
    return apply(entry, confirm(entry, name, slotId, applied, requestId))[1];
  };

  it('counts an external start from the end of its second', () => {
    const { Outcome, Quota, entry } = record(
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

  it('is listed as an external start, unless it is paired with a call of ours', () => {
    const theirs = record(emptyEntry(ARN), start(), T0).entry;
    expect(externalStarts(theirs)).toEqual([start()]);
    const { entry } = call(emptyEntry(ARN), 'r', T0 + 300);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    expect(externalStarts(record(entry, ours, T0 + 1000).entry)).toEqual([]);
    expect(externalStarts(rotate(emptyEntry(ARN), 'r', T0))).toEqual([]);
  });

  it('counts a Start once when it is reported twice, and writes nothing the second time', () => {
    const { entry } = record(emptyEntry(ARN), start(), T0);
    expect(recordExternalStart(entry, start(), T0 + HOUR)).toMatchObject({
      answer: { Outcome: 'KNOWN', Quota: { Used: 1 } },
    });
    expect(recordExternalStart(entry, start(), T0 + HOUR)).not.toHaveProperty(
      'entry',
    );
  });

  it('recognizes a Start of ours that AWS answered', () => {
    const entry = rotate(emptyEntry(ARN), 'r', T0);
    const ours = start({ RequestId: 'r', KeyId: 'alias/r' });
    expect(recordExternalStart(entry, ours, T0 + HOUR)).toEqual({
      answer: { Outcome: 'KNOWN', Quota: usage(entry, T0) },
    });
  });

  it('uses the report as the answer to a Start of ours', () => {
    const { slotId, entry } = call(emptyEntry(ARN), 'r', T0 + 300);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    const after = record(entry, ours, T0 + HOUR / 60);
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
      Previous: null,
    });
  });

  it('knows the key before an external start as the one that was applied last', () => {
    const theirs = start({ At: T0 + HOUR, KeyId: 'alias/theirs' });
    const first = record(emptyEntry(ARN), theirs, T0 + HOUR).entry;
    expect(first.LastApplied).toEqual({
      KeyId: 'alias/theirs',
      AppliedAt: T0 + HOUR,
    });
    const ours = record(rotate(emptyEntry(ARN), 'r', T0), theirs, T0 + HOUR);
    expect(ours.entry.LastApplied?.Previous).toEqual({
      KeyId: 'k',
      KeyArn: 'k',
    });
    const next = start({ At: T0 + 2 * HOUR, RequestId: 'n', KeyId: 'alias/n' });
    const second = record(ours.entry, next, T0 + 2 * HOUR).entry;
    expect(second.LastApplied?.Previous).toEqual({ KeyId: 'alias/theirs' });
  });

  it.each([
    ['with its lease, a return', true, true],
    ['without its lease, of a key whose former key is not known', false, false],
  ])('takes the report of a return of ours, %s', (_, isHeld, isReturn) => {
    const before = rotate(emptyEntry(ARN), 'before', T0 - HOUR);
    const asked = { ...claim('r', before), IsReturn: true as const };
    const [reservation, held] = apply(before, reserve(before, asked, T0));
    if (reservation.Status !== 'GRANTED') throw new Error(reservation.Status);
    const { SlotId } = reservation;
    const spent = apply(held, spend(held, 'r', SlotId, T0, T0 + 10_000))[1];
    const entry = isHeld ? spent : apply(spent, settle(spent, 'r', T0))[1];
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    const { LastApplied } = record(entry, ours, T0 + 60_000).entry;
    expect(LastApplied?.KeyId).toBe('alias/r');
    expect(LastApplied?.IsReturn === true).toBe(isReturn);
    expect(LastApplied && 'Previous' in LastApplied).toBe(isHeld);
  });

  it.each([
    ['before', true],
    ['after', false],
  ])(
    'counts a Start of ours once when its answer arrives %s its report',
    (_, isAnswerFirst) => {
      let { slotId, entry } = call(emptyEntry(ARN), 'r', T0 + 300);
      const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
      if (!isAnswerFirst) entry = record(entry, ours, T0 + 900).entry;
      entry = answerCall(entry, 'r', slotId, 'ours', T0 + 1200);
      entry = record(entry, ours, T0 + HOUR).entry;
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

  it('counts a Start of ours and an external start of the same key as two', () => {
    const { slotId, entry } = call(emptyEntry(ARN), 'r', T0);
    const theirs = start({ KeyId: 'alias/r', At: T0 - 30_000 });
    const between = record(entry, theirs, T0 + 100);
    const both = answerCall(between.entry, 'r', slotId, 'ours', T0 + 200);
    expect(usage(both, T0 + 200).Used).toBe(2);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    expect(record(both, ours, T0 + HOUR)).toMatchObject({
      Outcome: 'KNOWN',
      Quota: { Used: 2 },
    });
  });

  it('does not pair a report of another key with a Start of ours', () => {
    const { entry } = call(emptyEntry(ARN), 'r', T0);
    const held = record(entry, start(), T0 + 100);
    expect(held).toMatchObject({ Outcome: 'RECORDED', Quota: { Used: 2 } });
    const [, ended] = apply(entry, settle(entry, 'r', T0 + 50));
    const left = record(ended, start(), T0 + 100);
    expect(left).toMatchObject({ Outcome: 'RECORDED', Quota: { Used: 2 } });
  });

  it('does not pair a report of another time with a Start of ours', () => {
    const { entry } = call(emptyEntry(ARN), 'r', T0);
    const ours = { KeyId: 'alias/r' };
    const late = T0 + ANSWER_MS + CLOCK_MARGIN_MS + ANSWER_MS;
    const early = T0 - CLOCK_MARGIN_MS - ANSWER_MS;
    for (const At of [early, late]) {
      expect(record(entry, start({ ...ours, At }), late)).toMatchObject({
        Outcome: 'RECORDED',
        Quota: { Used: 2 },
      });
    }
  });

  it('does not pair an external start with a call that has not left', () => {
    const { entry } = grant(emptyEntry(ARN), 'r', T0);
    const after = record(entry, start({ KeyId: 'alias/r' }), T0 + 100);
    expect(after).toMatchObject({ Outcome: 'RECORDED', Quota: { Used: 2 } });
    expect(after.entry.LastApplied).toEqual({
      KeyId: 'alias/r',
      AppliedAt: T0,
    });
  });

  it('pairs two calls of ours with their reports in reverse order', () => {
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
      const after = record(entry, ours, T0 + HOUR / 4);
      expect(after).toMatchObject({ Outcome: 'CONFIRMED', Quota: { Used: 2 } });
      entry = after.entry;
    }
  });

  it('does not use the key ARN of a rotation to another key', () => {
    const { entry } = call(emptyEntry(ARN), 'r', T0);
    const [, ended] = apply(entry, settle(entry, 'r', T0 + 50));
    const next = grant(ended, 'next', T0 + 100);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    const after = record(next.entry, ours, T0 + 200);
    expect(after.Outcome).toBe('CONFIRMED');
    expect(after.entry.LastApplied).toEqual({
      KeyId: 'alias/r',
      AppliedAt: T0,
    });
  });

  it('recognizes a Start of ours within the clock margin', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -CLOCK_MARGIN_MS, max: CLOCK_MARGIN_MS }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 999 }),
        (skew, takes, ms) => {
          const { entry } = call(emptyEntry(ARN), 'r', T0 + ms);
          const counted = T0 + ms + takes + skew;
          const At = Math.floor(counted / 1000) * 1000;
          const ours = start({ RequestId: 'ours', KeyId: 'alias/r', At });
          expect(record(entry, ours, T0 + HOUR)).toMatchObject({
            Outcome: 'CONFIRMED',
            Quota: { Used: 1 },
          });
        },
      ),
    );
  });

  it('keeps the report when AWS refused the paired call', () => {
    const { slotId, entry } = call(emptyEntry(ARN), 'r', T0);
    const theirs = start({ KeyId: 'alias/r' });
    const between = record(entry, theirs, T0 + 100).entry;
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
    expect(record(exhausted, theirs, after).Outcome).toBe('KNOWN');
  });

  it('ignores a Start that AWS no longer counts', () => {
    const last = T0 + 1000 + SLOT_MS - 1;
    expect(record(emptyEntry(ARN), start(), last)).toMatchObject({
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

  it('limits a time in the future to the clock margin', () => {
    const centuries = start({ At: Date.parse('9999-12-31T23:59:59Z') });
    const { Outcome, entry } = record(emptyEntry(ARN), centuries, T0);

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
      record(emptyEntry(ARN), start({ At: T0 - HOUR, RequestId: 'x' }), T0)
        .entry,
    ],
    ['nothing', emptyEntry(ARN)],
  ])('makes a plan stale that was made after %s', (_, entry) => {
    const planned = claim('r', entry);
    const { entry: after } = record(entry, start(), T0 + HOUR);
    expect(after.LastApplied?.KeyArn).toBeUndefined();
    const stale = reserve(after, planned, T0 + HOUR);
    expect(stale.answer.Status).toBe('STALE_PLAN');
    const fresh = reserve(after, claim('r', after), T0 + HOUR);
    expect(fresh.answer.Status).toBe('GRANTED');
  });

  it('makes a plan stale as the late answer to a Start of a settled rotation', () => {
    const first = rotate(emptyEntry(ARN), 'before', T0 - HOUR);
    const { entry } = call(first, 'r', T0);
    const [, ended] = apply(entry, settle(entry, 'r', T0 + 1));
    const planned = claim('next', ended);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    const after = record(ended, ours, T0 + 2);
    expect(after.Outcome).toBe('CONFIRMED');
    expect(reserve(after.entry, planned, T0 + 3).answer.Status).toBe(
      'STALE_PLAN',
    );
    expect(after.entry.LastApplied?.KeyArn).not.toBe('k');
  });

  it('does not make a plan stale that knows a later Start', () => {
    const entry = rotate(emptyEntry(ARN), 'later', T0 + HOUR);
    const { Outcome, entry: after } = record(entry, start(), T0 + 2 * HOUR);
    expect(Outcome).toBe('RECORDED');
    expect(after.LastApplied).toEqual(entry.LastApplied);
    const { answer } = reserve(after, claim('r', entry), T0 + 2 * HOUR);
    expect(answer.Status).toBe('GRANTED');
  });

  it('counts beyond 25, and returns when enough slots have left the window', () => {
    let entry = rotateTimes(25, 1000);
    for (let i = 0; i < 3; i++) {
      const theirs = start({ RequestId: `x${i}`, At: T0 + HOUR + i * 1000 });
      entry = record(entry, theirs, T0 + 2 * HOUR).entry;
    }
    // 28 count, so four have to go before there is room for one.
    const free = T0 + 3000 + SLOT_MS;
    expect(usage(entry, T0 + 2 * HOUR)).toEqual({
      Limit: 25,
      Used: 28,
      Remaining: 0,
      NextAvailableAt: wholeSecond(free),
    });
    const ask = (now: number) =>
      reserve(entry, claim('next', entry), now).answer.Status;
    expect(ask(free - 1)).toBe('QUOTA_EXHAUSTED');
    expect(ask(free)).toBe('GRANTED');
  });

  it('removes a Start of ours when its report leaves the window', () => {
    const { entry } = call(emptyEntry(ARN), 'r', T0);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
    let after = record(entry, ours, T0 + 100).entry;
    after = apply(after, settle(after, 'r', T0 + 200))[1];
    const free = T0 + 1000 + SLOT_MS;
    expect(usage(after, free - 1).Used).toBe(1);
    expect(usage(after, free).Used).toBe(0);
    const [, next] = apply(after, reserve(after, claim('n', after), free));
    expect(next.Slots).toMatchObject([{ RotationId: 'n' }]);
  });

  it('removes slots that have left the window before it pairs the report', () => {
    const { entry } = call(emptyEntry(ARN), 'old', T0);
    const old = { KeyId: 'alias/old', RequestId: 'old' };
    let after = record(entry, start(old), T0 + 100).entry;
    after = apply(after, settle(after, 'old', T0 + 200))[1];
    const At = T0 + SLOT_MS;
    after = call(after, 'new', At).entry;
    expect(after.Slots).toHaveLength(3);
    const ours = start({ RequestId: 'ours', KeyId: 'alias/new', At });
    const { Outcome, entry: swept } = record(after, ours, At + 2000);
    expect(Outcome).toBe('CONFIRMED');
    expect(swept.Slots).toMatchObject([
      { RotationId: 'new' },
      { RequestId: 'ours' },
    ]);
  });

  it('counts a request once after any sequence of transitions', () => {
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
          let { slotId, entry } = call(emptyEntry(ARN), 'r', T0);
          let now = T0;
          const ours = start({ RequestId: 'ours', KeyId: 'alias/r' });
          for (const action of [...actions, 'recordExternalStart', 'settle']) {
            now += 100;
            if (action === 'recordExternalStart')
              entry = record(entry, ours, now).entry;
            if (action === 'confirm') {
              entry = answerCall(entry, 'r', slotId, 'ours', now);
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
