import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findings } from '../../../cli/report/findings.ts';
import { reportModel } from '../../../cli/report/report-model.ts';
import { QUOTA_LIMIT } from '../../../shared/ledger/window.ts';
import {
  FROM,
  NOW,
  simulatedMonth,
} from '../../support/report/simulated-month.ts';

const sum = (counts: Record<string, number>) =>
  Object.values(counts).reduce((all, one) => all + one, 0);

const model = reportModel(simulatedMonth());
const stream = (name: string) => {
  const found = model.Streams.find(({ StreamName }) => StreamName === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

describe('reportModel', () => {
  it('adds up, loses nothing, and leaves no gap, in any month', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: FROM, max: NOW - 1 }),
        (seed, from) => {
          const input = { ...simulatedMonth(seed), From: from };
          const { Summary, Streams } = reportModel(input);
          const records = input.Streams.flatMap(
            ({ History }) => History,
          ).filter(({ StartedAt }) => Date.parse(StartedAt) >= from);
          expect(Streams).toHaveLength(20);
          expect(sum(Summary.Conditions)).toBe(20);
          expect(sum(Summary.Timeliness)).toBe(20);
          expect(sum(Summary.Results)).toBe(records.length);
          const told = Streams.flatMap(({ Entries }) => Entries).flatMap(
            (entry) => (entry.Kind === 'ROTATION' ? [entry.Outcome] : []),
          );
          expect(new Set(told)).toEqual(new Set(records));
          for (const { Spans, Use, Entries } of Streams) {
            expect(Spans[0]?.From).toBe(from);
            expect(Spans.at(-1)?.To).toBe(NOW);
            for (const [at, span] of Spans.entries()) {
              expect(span.To).toBeGreaterThan(span.From);
              if (at > 0) expect(span.From).toBe(Spans[at - 1]?.To);
            }
            expect(Use.Peak).toBeLessThanOrEqual(QUOTA_LIMIT);
            const times = Entries.map(({ At }) => At);
            expect(times).toEqual(times.toSorted((a, b) => b - a));
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  it('says how each stream stands', () => {
    expect(stream('orders').Condition).toBe('IN_RING');
    expect(stream('customer-profiles').Condition).toBe('OUTSIDE_RING');
    expect(stream('legacy-import').Condition).toBe('NOT_ENCRYPTED');
    expect(stream('pricing').Condition).toBe('UNSEEN');
  });

  it('tells a key that cannot be used, and a stream without a ring', () => {
    const input = simulatedMonth();
    const changed = input.Streams.map((one) => {
      if (one.StreamName === 'orders') return { ...one, Listed: undefined };
      if (one.StreamName === 'refunds') return { ...one, Ring: undefined };
      if (one.StreamName !== 'carts') return one;
      const Ring = one.Ring?.map(({ KeyId, Metadata }) => ({
        KeyId,
        Metadata: Metadata && { ...Metadata, KeyState: 'Disabled' as const },
      }));
      return { ...one, Ring };
    });
    const { Streams } = reportModel({ ...input, Streams: changed });
    const of = (name: string) =>
      Streams.find(({ StreamName }) => StreamName === name)?.Condition;
    expect([of('orders'), of('refunds'), of('carts')]).toEqual([
      'NO_RING',
      'UNDECIDED',
      'UNUSABLE',
    ]);
  });

  it('finds an alias that resolves to another key than when applied', () => {
    const input = simulatedMonth();
    const Streams = input.Streams.filter(
      ({ StreamName }) => StreamName === 'orders',
    ).map((one) => ({ ...one, KeyArn: 'arn:aws:kms:other' }));
    const [orders] = reportModel({ ...input, Streams }).Streams;
    expect(orders?.MovedTo).toBe('arn:aws:kms:other');
    expect(stream('orders').MovedTo).toBeUndefined();
  });

  it('finds the streams that are late, and those that are unknown', () => {
    expect(stream('warehouse').Timeliness).toEqual({
      Status: 'OVERDUE',
      DueAt: Date.parse('2026-11-09T04:30:00Z'),
    });
    // Every rotation was rolled back, which makes no key younger.
    expect(stream('payments').Timeliness.Status).toBe('OVERDUE');
    expect(stream('pricing').Timeliness.Status).toBe('UNKNOWN');
    expect(stream('legacy-import').Timeliness.Status).toBe('NO_SCHEDULE');
    expect(stream('orders').Timeliness).toEqual({
      Status: 'IN_TIME',
      DueAt: Date.parse('2026-11-26T03:00:00Z'),
    });
  });

  it('sees the quota used up, and gone again', () => {
    const { Use, Quota } = stream('clickstream');
    expect(Use.Peak).toBe(QUOTA_LIMIT);
    expect(Use.Steps.at(-1)?.Used).toBe(Quota.Used);
    expect(stream('warehouse').Use.Peak).toBe(1);
  });

  it('counts slots as the ledger did when rotations ended', () => {
    for (const { Use } of model.Streams) {
      for (const { At, Used } of Use.Said) {
        const step = Use.Steps.findLast((one) => one.At <= At);
        // Records have the times of the stream, the ledger has AWS's answers.
        expect(Math.abs((step?.Used ?? 0) - Used)).toBeLessThanOrEqual(1);
      }
    }
  });

  it('has external starts among the entries', () => {
    expect(stream('customer-profiles').Entries[0]).toMatchObject({
      Kind: 'START_BY_OTHERS',
      Start: { KeyId: 'alias/breakglass' },
    });
    expect(model.Summary.StartsByOthers).toBe(1);
  });
});

describe('findings', () => {
  it('name what is wrong now, and what went wrong', () => {
    const of = (when: string) =>
      findings(model)
        .filter(({ When }) => When === when)
        .map(({ StreamName }) => StreamName);
    expect(of('NOW')).toEqual([
      'customer-profiles',
      'legacy-import',
      'payments',
      'pricing',
      'warehouse',
    ]);
    expect(of('PAST')).toEqual([
      'clickstream',
      'customer-profiles',
      'legacy-import',
      'payments',
      'sessions',
      'telemetry',
    ]);
  });

  it('count failures by how they ended', () => {
    expect(
      findings(model).filter(
        ({ StreamName, When }) => StreamName === 'payments' && When === 'PAST',
      ),
    ).toEqual([
      {
        StreamName: 'payments',
        Anchor: stream('payments').Anchor,
        When: 'PAST',
        Text: '5 of 5 rotations failed: KMSAccessDeniedException. Rolled back: 5.',
      },
    ]);
  });
});
