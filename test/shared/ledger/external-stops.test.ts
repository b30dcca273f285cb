import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyEntry,
  isLatest,
  type LedgerEntry,
  type ReportedStop,
} from '../../../shared/ledger/entry.ts';
import { recordExternalStart } from '../../../shared/ledger/external-starts.ts';
import { recordExternalStop } from '../../../shared/ledger/external-stops.ts';
import { reserve } from '../../../shared/ledger/reserve.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import { CLOCK_MARGIN_MS, SLOT_MS } from '../../../shared/ledger/window.ts';
import {
  ARN,
  apply,
  claim,
  HOUR,
  rotate,
  T0,
} from '../../support/ledger/transitions.ts';

const MALLORY = 'arn:aws:iam::123456789012:user/mallory';

const stop = (of: Partial<ReportedStop> = {}): ReportedStop => ({
  RequestId: 'stop',
  At: T0 + HOUR,
  By: MALLORY,
  ...of,
});

const record = (entry: LedgerEntry, of: ReportedStop, now: number) => {
  const [answer, after] = apply(entry, recordExternalStop(entry, of, now));
  return { answer, entry: after };
};

describe('recordExternalStop', () => {
  const before = rotate(emptyEntry(ARN), 'r', T0);

  it('leaves the stream under no key, and uses no slot', () => {
    const { answer, entry } = record(before, stop(), T0 + 2 * HOUR);
    expect(answer).toBe('RECORDED');
    expect(entry).not.toHaveProperty('LastApplied');
    expect(entry.Stops).toEqual([stop()]);
    const now = T0 + 2 * HOUR;
    expect(usage(entry, now)).toEqual(usage(before, now));
  });

  it('makes an older plan stale, and not the next one', () => {
    const { entry } = record(before, stop(), T0 + 2 * HOUR);
    const at = (planned: LedgerEntry) =>
      reserve(entry, claim('next', planned), T0 + 2 * HOUR).answer.Status;
    expect(at(before)).toBe('STALE_PLAN');
    expect(at(entry)).toBe('GRANTED');
  });

  it('is a change after the call of a slot that is not answered yet', () => {
    const slot = { SpentAfter: T0 } as never;
    expect(isLatest(before, slot)).toBe(true);
    const { entry } = record(before, stop(), T0 + 2 * HOUR);
    expect(isLatest(entry, slot)).toBe(false);
  });

  it('is recorded once, and writes nothing the second time', () => {
    const { entry } = record(before, stop(), T0 + 2 * HOUR);
    const again = recordExternalStop(entry, stop(), T0 + 3 * HOUR);
    expect(again).toEqual({ answer: 'KNOWN' });
  });

  it('changes no key where a later Start is known', () => {
    const late = stop({ At: T0 - HOUR });
    const { answer, entry } = record(before, late, T0 + 2 * HOUR);
    expect(answer).toBe('SUPERSEDED');
    expect(entry.LastApplied).toEqual(before.LastApplied);
    const next = reserve(entry, claim('next', before), T0 + 2 * HOUR);
    expect(next.answer.Status).toBe('GRANTED');
  });

  it('is forgotten after its window, except for the last one', () => {
    const last = T0 + HOUR + 1000 + SLOT_MS - 1;
    const { entry } = record(before, stop(), last);
    expect(entry.Stops).toEqual([stop()]);
    const ignored = recordExternalStop(before, stop(), last + 1);
    expect(ignored).toEqual({ answer: 'TOO_OLD' });
    const next = stop({ RequestId: 'next', At: last + 1 });
    expect(record(entry, next, last + 1).entry.Stops).toEqual([next]);
  });

  it('limits a time in the future to the clock margin', () => {
    const future = stop({ At: Date.parse('9999-12-31T23:59:59Z') });
    const { entry } = record(before, future, T0 + HOUR);
    expect(entry.Stops?.[0]?.At).toBe(T0 + HOUR + CLOCK_MARGIN_MS);
  });

  it('ends as the last call did, whatever the order of delivery and however often', () => {
    const calls = fc.uniqueArray(
      fc.record({ second: fc.nat({ max: 3000 }), isStop: fc.boolean() }),
      { selector: ({ second }) => second, minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(
        calls.chain((made) =>
          fc.tuple(
            fc.constant(made),
            fc.shuffledSubarray([...made, ...made], {
              minLength: made.length * 2,
            }),
          ),
        ),
        ([made, delivered]) => {
          const now = T0 + 2 * HOUR;
          let entry = emptyEntry(ARN);
          for (const { second, isStop } of delivered) {
            const RequestId = `q${second}`;
            const At = T0 + second * 1000;
            const call = { RequestId, At, By: MALLORY };
            const transition = isStop
              ? recordExternalStop(entry, call, now)
              : recordExternalStart(entry, { ...call, KeyId: RequestId }, now);
            entry = transition.entry ?? entry;
          }
          const last = made.toSorted((a, b) => a.second - b.second).at(-1);
          expect(entry.LastApplied?.KeyId).toBe(
            last?.isStop ? undefined : `q${last?.second}`,
          );
          const starts = made.filter(({ isStop }) => !isStop);
          expect(usage(entry, now).Used).toBe(starts.length);
          expect(entry.Stops ?? []).toHaveLength(made.length - starts.length);
        },
      ),
    );
  });
});
