import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLOCK_MARGIN_MS,
  type Claim,
  confirm,
  EXHAUSTED_MS,
  emptyEntry,
  exhaust,
  type LedgerEntry,
  QUOTA_LIMIT,
  release,
  reserve,
  SLOT_MS,
  settle,
  spend,
  type Transition,
  usage,
} from '../../shared/ledger-entry.ts';

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
    const [answer, back] = apply(spent, release(spent, 'r', slotId));
    expect(answer).toBe(true);
    const [, settled] = apply(back, settle(back, 'r', T0));
    expect(usage(settled, T0).Used).toBe(0);
  });

  it('never gives back what AWS confirmed', () => {
    const entry = rotate(emptyEntry(ARN), 'r', T0);
    expect(release(entry, 'r', 1)).toEqual({ answer: false });
  });
});

describe('settle', () => {
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

  it('writes nothing when there is nothing to give back', () => {
    const { entry } = granted(emptyEntry(ARN), 'other', T0);
    expect(settle(entry, 'r', T0).entry).toBeUndefined();
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
                entry = apply(entry, release(entry, name, slotId))[1];
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
