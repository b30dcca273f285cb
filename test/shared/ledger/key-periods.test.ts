import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyEntry,
  type KeyPeriod,
  type LedgerEntry,
} from '../../../shared/ledger/entry.ts';
import { recordExternalStart } from '../../../shared/ledger/external-starts.ts';
import {
  isOfKey,
  neededUntil,
  openPeriod,
  recordSight,
  type StreamSight,
} from '../../../shared/ledger/key-periods.ts';
import { reserve } from '../../../shared/ledger/reserve.ts';
import { settle } from '../../../shared/ledger/settle.ts';
import { confirm, release, spend } from '../../../shared/ledger/spend.ts';
import { CLOCK_MARGIN_MS } from '../../../shared/ledger/window.ts';
import {
  ARN,
  apply,
  claim,
  DAY,
  HOUR,
  rotate,
  T0,
} from '../../support/ledger/transitions.ts';

const A = { KeyId: 'alias/a', KeyArn: 'arn:a' };
const B = { KeyId: 'alias/b', KeyArn: 'arn:b' };
const MARGIN = 5000 + CLOCK_MARGIN_MS;

const see = (entry: LedgerEntry, sight: StreamSight) =>
  apply(entry, recordSight(entry, sight))[1];

const periodOf = ({ KeyPeriods = [] }: LedgerEntry, key: typeof A) =>
  KeyPeriods.find((period) => isOfKey(period, key));

const underA = see(emptyEntry(ARN), { Key: A, RetentionHours: 24, At: T0 });
const underB = see(underA, { Key: B, RetentionHours: 24, At: T0 + HOUR });

describe('a look at a stream', () => {
  it('begins the period of its key, which was applied at some time before', () => {
    expect(underA.KeyPeriods).toEqual([{ ...A, From: T0, IsSeen: true }]);
    expect(neededUntil(underA.KeyPeriods?.[0] as KeyPeriod)).toBeUndefined();
  });

  it('changes nothing where it shows nothing new', () => {
    const sight = { Key: B, RetentionHours: 24, At: T0 + 2 * HOUR };
    expect(recordSight(underB, sight).entry).toBeUndefined();
  });

  it('ends the periods of all other keys', () => {
    const former = periodOf(underB, A) as KeyPeriod;
    expect(former).toMatchObject({ LeftAt: T0 + HOUR, RetentionHours: 24 });
    expect(neededUntil(former)).toBe(T0 + HOUR + MARGIN + DAY);
  });

  it('ends the periods of all keys where the stream is not encrypted', () => {
    const off = see(underB, { RetentionHours: 24, At: T0 + 2 * HOUR });
    expect(periodOf(off, B)).toMatchObject({ LeftAt: T0 + 2 * HOUR });
    expect(periodOf(off, A)).toMatchObject({ LeftAt: T0 + HOUR });
  });

  it('keeps a former key needed for the longest retention since it was left', () => {
    const grown = see(underB, {
      Key: B,
      RetentionHours: 168,
      At: T0 + 2 * HOUR,
    });
    const back = see(grown, { Key: B, RetentionHours: 24, At: T0 + 3 * HOUR });
    expect(neededUntil(periodOf(back, A) as KeyPeriod)).toBe(
      T0 + HOUR + MARGIN + 7 * DAY,
    );
  });

  it('forgets a longer retention from before it was left', () => {
    const long = see(underA, { Key: A, RetentionHours: 168, At: T0 + 1000 });
    const left = see(long, { Key: B, RetentionHours: 24, At: T0 + HOUR });
    expect(periodOf(left, A)).toMatchObject({ RetentionHours: 24 });
  });

  it('ends the need of a key for good once its last record has expired', () => {
    const until = T0 + HOUR + MARGIN + DAY;
    const over = see(underB, { Key: B, RetentionHours: 24, At: until });
    const grown = see(over, { Key: B, RetentionHours: 8760, At: until + 1 });
    expect(grown).toBe(over);
    expect(neededUntil(periodOf(grown, A) as KeyPeriod)).toBe(until);
    const before = see(underB, { Key: B, RetentionHours: 24, At: until - 1 });
    const kept = see(before, { Key: B, RetentionHours: 8760, At: until });
    expect(neededUntil(periodOf(kept, A) as KeyPeriod)).toBe(
      T0 + HOUR + MARGIN + 365 * DAY,
    );
  });

  it('drops a period 400 days after its last record expired', () => {
    const until = T0 + HOUR + MARGIN + DAY;
    const over = see(underB, { Key: B, RetentionHours: 24, At: until });
    const At = until + 400 * DAY;
    const later = { Key: B, RetentionHours: 24, At };
    expect(periodOf(see(over, { ...later, At: At - 1 }), A)).toBeDefined();
    expect(periodOf(see(over, later), A)).toBeUndefined();
  });

  it('opens the period of a key again that the stream has returned to', () => {
    const back = see(underB, { Key: A, RetentionHours: 24, At: T0 + 2 * HOUR });
    expect(periodOf(back, A)).toEqual({ ...A, From: T0, IsSeen: true });
    expect(periodOf(back, B)).toMatchObject({ LeftAt: T0 + 2 * HOUR });
  });

  it('ends what an earlier stream of the same name was under', () => {
    const CreatedAt = T0 + 3 * HOUR;
    const At = CreatedAt + 1000;
    const recreated = see(underB, {
      Key: B,
      RetentionHours: 24,
      At,
      CreatedAt,
    });
    expect(neededUntil(periodOf(recreated, A) as KeyPeriod)).toBe(CreatedAt);
    expect(periodOf(recreated, B)).toEqual({
      ...B,
      From: CreatedAt,
      IsSeen: true,
    });
  });

  it('learns the key ARN of a key that was reported by its alias alone', () => {
    const start = { RequestId: 'q', KeyId: B.KeyId, At: T0, By: 'someone' };
    const reported = apply(
      underA,
      recordExternalStart(underA, start, T0 + 1000),
    )[1];
    expect(reported.KeyPeriods).toContainEqual({ KeyId: B.KeyId, From: T0 });
    const seen = see(reported, { Key: B, RetentionHours: 24, At: T0 + 2000 });
    expect(seen.KeyPeriods).toContainEqual({ ...B, From: T0 });
    expect(seen.KeyPeriods).toHaveLength(2);
  });

  it('keeps every key of an alias that another principal applies by its name', () => {
    const first = { KeyId: 'alias/x', KeyArn: 'arn:1' };
    const second = { KeyId: 'alias/x', KeyArn: 'arn:2' };
    const one = see(emptyEntry(ARN), {
      Key: first,
      RetentionHours: 24,
      At: T0,
    });
    const two = see(one, { Key: second, RetentionHours: 24, At: T0 + HOUR });
    const start = { RequestId: 'q', KeyId: 'alias/x', At: T0, By: 'someone' };
    const At = T0 + 2 * HOUR;
    const reported = apply(
      two,
      recordExternalStart(two, { ...start, At }, At),
    )[1];
    expect(reported.KeyPeriods).toContainEqual({ KeyId: 'alias/x', From: At });
    const third = { KeyId: 'alias/x', KeyArn: 'arn:3' };
    const seen = see(reported, { Key: third, RetentionHours: 24, At: At + 1 });
    expect(seen.KeyPeriods).toEqual([
      {
        ...first,
        From: T0,
        IsSeen: true,
        LeftAt: T0 + HOUR,
        RetentionHours: 24,
      },
      {
        ...second,
        From: T0 + HOUR,
        IsSeen: true,
        LeftAt: At + 1,
        RetentionHours: 24,
      },
      { ...third, From: At },
    ]);
  });

  it('leaves the key of an alias open that points elsewhere before it is applied again', () => {
    const first = {
      KeyId: 'alias/x',
      KeyArn: 'arn:1',
      IsPresumed: true as const,
    };
    const one = see(emptyEntry(ARN), {
      Key: first,
      RetentionHours: 24,
      At: T0,
    });
    const Key = { ...first, KeyArn: 'arn:2' };
    const repointed = see(one, { Key, RetentionHours: 24, At: T0 + HOUR });
    const open = { ...first, From: T0, IsSeen: true };
    expect(repointed.KeyPeriods).toContainEqual(open);
    const left = see(repointed, { RetentionHours: 24, At: T0 + 2 * HOUR });
    expect(left.KeyPeriods).toContainEqual({
      ...open,
      LeftAt: T0 + 2 * HOUR,
      RetentionHours: 24,
    });
  });

  it('leaves the key of an unanswered Start open while its alias is seen', () => {
    const applied = { KeyId: 'alias/x', KeyArn: 'arn:1', AppliedAt: T0 };
    const before = { ...emptyEntry(ARN), LastApplied: applied };
    const Key = { KeyId: 'alias/x', KeyArn: 'arn:1' };
    const at = T0 + HOUR;
    const one = see(before, { Key, RetentionHours: 24, At: T0 });
    const [granted, reserved] = apply(one, reserve(one, claim('x', one), at));
    if (granted.Status !== 'GRANTED') throw new Error('not granted');
    const spent = apply(
      reserved,
      spend(reserved, 'x', granted.SlotId, at, at),
    )[1];
    const settled = apply(spent, settle(spent, 'x', at))[1];
    const seen = see(settled, { Key, RetentionHours: 24, At: at + HOUR });
    const open = { KeyId: 'alias/x', KeyArn: 'arn:x', From: at };
    expect(seen.KeyPeriods).toContainEqual(open);
    expect(seen.KeyPeriods).toContainEqual({ ...Key, From: T0, IsSeen: true });
  });

  it('takes a presumed key ARN only until it is known', () => {
    const presumed = { ...A, IsPresumed: true as const };
    const seen = openPeriod([], presumed, T0, true);
    expect(seen).toEqual([{ ...presumed, From: T0, IsSeen: true }]);
    const known = openPeriod(seen, A, T0 + 1);
    expect(known).toEqual([{ ...A, From: T0, IsSeen: true }]);
    expect(openPeriod(known, presumed, T0 + 2)).toBe(known);
  });

  it('counts the key of a call without an answer as one that records may be under', () => {
    const [reservation, reserved] = apply(
      underB,
      reserve(underB, claim('x', underB), T0 + 2 * HOUR),
    );
    if (reservation.Status !== 'GRANTED') throw new Error('not granted');
    const { SlotId } = reservation;
    const at = T0 + 2 * HOUR;
    const spent = apply(reserved, spend(reserved, 'x', SlotId, at, at))[1];
    const ofX = { KeyId: 'alias/x', KeyArn: 'arn:x' };
    const unknown = apply(spent, settle(spent, 'x', at + 1000))[1];
    expect(periodOf(unknown, ofX)).toEqual({ ...ofX, From: at });
    const released = apply(spent, release(spent, 'x', SlotId, 'REFUSED'))[1];
    const refused = apply(released, settle(released, 'x', at + 1000))[1];
    expect(periodOf(refused, ofX)).toBeUndefined();
    const looked = see(spent, { Key: B, RetentionHours: 24, At: at + HOUR });
    expect(periodOf(looked, ofX)).toMatchObject({ LeftAt: at + HOUR });
    const again = see(looked, {
      Key: B,
      RetentionHours: 24,
      At: at + 2 * HOUR,
    });
    expect(again).toBe(looked);
  });
});

describe('a rotation', () => {
  it('begins the period of its key and knows the one before', () => {
    const before = {
      ...claim('x', emptyEntry(ARN)),
      PreviousKeyId: A.KeyId,
      PreviousKeyArn: A.KeyArn,
    };
    const [, reserved] = apply(
      emptyEntry(ARN),
      reserve(emptyEntry(ARN), before, T0),
    );
    expect(reserved.KeyPeriods).toEqual([{ ...A, From: T0, IsSeen: true }]);
    const spent = apply(reserved, spend(reserved, 'x', 1, T0, T0))[1];
    const applied = { ...B, AppliedAt: T0 + 10 };
    const done = apply(spent, confirm(spent, 'x', 1, applied, 'q'))[1];
    expect(done.KeyPeriods).toContainEqual({ ...B, From: T0 + 10 });
    expect(periodOf(done, A)).not.toHaveProperty('LeftAt');
  });

  it('leaves the periods as they are where it applies the same key again', () => {
    const once = rotate(emptyEntry(ARN), 'r', T0);
    const twice = rotate(once, 'r', T0 + HOUR);
    expect(twice.KeyPeriods).toEqual(once.KeyPeriods);
  });
});

/**
 * A stream for a year: keys are applied by rotations and by other principals, answers
 * are lost, retention changes, encryption is switched off, and looks are missed. The
 * model writes a record each hour and keeps until when each can be read.
 */
describe('against a model that keeps every record', () => {
  const KEYS = [0, 1, 2, 3].map((n) => ({
    KeyId: `alias/${n}`,
    KeyArn: `arn:${n}`,
  }));
  const step = fc.record({
    hours: fc.integer({ min: 1, max: 60 }),
    action: fc.constantFrom(
      'rotate',
      'rotate',
      'outside',
      'lost',
      'retention',
      'off',
      'wait',
    ),
    key: fc.integer({ min: 0, max: 3 }),
    retention: fc.constantFrom(24, 24, 48, 168),
    isReported: fc.boolean(),
  });

  it('calls no key safe that a record needs, and none needed for longer than it must be', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 30 }),
        (steps, sweepHours) => {
          let now = T0;
          let entry = emptyEntry(ARN);
          let current: number | undefined;
          let retention = 24;
          let calls = 0;
          const records: { key: number; at: number; until: number }[] = [];
          /** When a record under a key may last have been written, and kept how long. */
          const former = new Map<number, { at: number; hours: number }>();
          const leave = (key: number) =>
            former.set(key, { at: now, hours: retention });
          // A look may be late by a sweep.
          const slack = (sweepHours + 1) * HOUR + MARGIN;
          let isUnknown = false;
          const looked = () => {
            const key = current === undefined ? undefined : KEYS[current];
            return see(entry, {
              ...(key && { Key: key }),
              RetentionHours: retention,
              At: now,
            });
          };
          const check = () => {
            // The command keys looks at the stream as well.
            const { KeyPeriods } = looked();
            for (const [n, key] of KEYS.entries()) {
              const periods = (KeyPeriods ?? []).filter((period) =>
                isOfKey(period, key),
              );
              const isSafe = periods.every((period) => {
                const until = neededUntil(period);
                return until !== undefined && until <= now;
              });
              const needed = records.some(
                (one) => one.key === n && one.until > now,
              );
              if (needed || n === current) expect(isSafe).toBe(false);
              const { at, hours } = former.get(n) ?? { at: 0, hours: 0 };
              const latest = at + hours * HOUR + slack;
              if (n !== current && latest < now) expect(isSafe).toBe(true);
            }
          };
          const pass = (hours: number) => {
            for (let hour = 0; hour < hours; hour++) {
              now += HOUR;
              if (current !== undefined) {
                const until = now + retention * HOUR;
                records.push({ key: current, at: now, until });
                leave(current);
              }
              const isDue = Math.floor(now / HOUR) % sweepHours === 0;
              if (isDue || isUnknown) entry = looked();
              isUnknown = false;
              check();
            }
          };
          for (const one of steps) {
            pass(one.hours);
            const key = KEYS[one.key] as typeof A;
            if (one.action === 'retention') {
              retention = one.retention;
              // What has expired stays so; a shorter retention ends more at once.
              for (const record of records) {
                if (record.until <= now) continue;
                record.until = record.at + retention * HOUR;
              }
              for (const [n, { at, hours }] of former) {
                // A look must have shown that it is over: it may be late, too.
                if (now > at + hours * HOUR + 2 * slack) continue;
                former.set(n, { at, hours: Math.max(hours, retention) });
              }
            }
            if (one.action === 'off') current = undefined;
            if (one.action === 'outside') {
              const RequestId = `q${calls++}`;
              const { KeyId } = key;
              const start = { RequestId, KeyId, At: now, By: 'someone' };
              if (one.isReported) {
                entry = apply(entry, recordExternalStart(entry, start, now))[1];
              }
              // What neither CloudTrail nor a look shows cannot be known.
              isUnknown = !one.isReported;
              current = one.key;
            }
            if (one.action === 'rotate' || one.action === 'lost') {
              const name = `r${calls++}`;
              const previous =
                current === undefined ? undefined : KEYS[current];
              const asked = {
                ...claim(name, entry),
                ...key,
                PreviousKeyId: previous?.KeyId ?? null,
                PreviousKeyArn: previous?.KeyArn ?? null,
              };
              const [granted, reserved] = apply(
                entry,
                reserve(entry, asked, now),
              );
              entry = reserved;
              if (granted.Status !== 'GRANTED') continue;
              const { SlotId } = granted;
              entry = apply(entry, spend(entry, name, SlotId, now, now))[1];
              current = one.key;
              if (one.action === 'rotate') {
                const applied = { ...key, AppliedAt: now };
                entry = apply(
                  entry,
                  confirm(entry, name, SlotId, applied, name),
                )[1];
              }
              entry = apply(entry, settle(entry, name, now))[1];
              leave(one.key);
            }
          }
          pass(400);
        },
      ),
      { numRuns: 60 },
    );
  });
});
