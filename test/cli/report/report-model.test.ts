import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findings } from '../../../cli/report/findings.ts';
import type { StreamInput } from '../../../cli/report/report-input.ts';
import { reportModel } from '../../../cli/report/report-model.ts';
import type { Failure } from '../../../shared/contract/outcome.ts';
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
  const found = model.streams.find(({ StreamName }) => StreamName === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

describe('the finding that a key is overdue', () => {
  /** A stream whose rotation is overdue, with the first keys of its ring. */
  function overdue(keys: number): string[] {
    const late = simulatedMonth().streams.find(
      ({ StreamName }) => StreamName === 'payments',
    );
    if (late?.listed === undefined) throw new Error('no stream');
    const KeyIds = late.listed.KeyIds.slice(0, keys);
    const KeyId = KeyIds[0] as string;
    const ring = late.ring?.slice(0, keys);
    const KeyArn = ring?.[0]?.Metadata?.Arn;
    const { LastApplied: _, ...ledgerEntry } = late.ledgerEntry;
    const description = {
      ...late.description,
      EncryptionType: 'KMS',
      KeyId,
    } as StreamInput['description'];
    const streams = [
      {
        ...late,
        description,
        listed: { ...late.listed, KeyIds },
        ring,
        KeyArn,
        ledgerEntry,
      },
    ];
    return findings(reportModel({ ...simulatedMonth(), streams }))
      .map(({ text }) => text)
      .filter((text) => text.startsWith('The next key was due'));
  }

  it('names the alias of a ring of one, which the owner has to point elsewhere', () => {
    expect(overdue(1)).toEqual([
      expect.stringMatching(
        /has not been applied\. A rotation applies one after the owner points alias\/payments\S* at it\.$/,
      ),
    ]);
    expect(overdue(2)).toEqual([
      expect.stringMatching(/has not been applied\.$/),
    ]);
  });
});

describe('reportModel', () => {
  it('adds up, loses nothing, and leaves no gap, in any month', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: FROM, max: NOW - 1 }),
        (seed, from) => {
          const input = { ...simulatedMonth(seed), from };
          const { summary, streams } = reportModel(input);
          const records = input.streams
            .flatMap(({ history }) => history)
            .filter(({ StartedAt }) => Date.parse(StartedAt) >= from);
          expect(streams).toHaveLength(20);
          expect(sum(summary.conditions)).toBe(20);
          expect(sum(summary.timeliness)).toBe(20);
          expect(sum(summary.results)).toBe(records.length);
          const shown = streams
            .flatMap(({ rows }) => rows)
            .flatMap((row) => (row.kind === 'ROTATION' ? [row.outcome] : []));
          expect(new Set(shown)).toEqual(new Set(records));
          for (const { spans, quotaUse, rows } of streams) {
            expect(spans[0]?.from).toBe(from);
            expect(spans.at(-1)?.to).toBe(NOW);
            for (const [at, span] of spans.entries()) {
              expect(span.to).toBeGreaterThan(span.from);
              if (at > 0) expect(span.from).toBe(spans[at - 1]?.to);
            }
            expect(quotaUse.peak).toBeLessThanOrEqual(QUOTA_LIMIT);
            const times = rows.map(({ at }) => at);
            expect(times).toEqual(times.toSorted((a, b) => b - a));
          }
        },
      ),
      { numRuns: 10 },
    );
  });

  it('states the condition of each stream', () => {
    expect(stream('orders').condition).toBe('IN_RING');
    expect(stream('customer-profiles').condition).toBe('OUTSIDE_RING');
    expect(stream('legacy-import').condition).toBe('NOT_ENCRYPTED');
    expect(stream('pricing').condition).toBe('NOT_DESCRIBED');
  });

  it('finds a key that cannot be used, and a stream without a ring', () => {
    const input = simulatedMonth();
    const changed = input.streams.map((one) => {
      if (one.StreamName === 'orders') return { ...one, listed: undefined };
      if (one.StreamName === 'refunds') return { ...one, ring: undefined };
      if (one.StreamName !== 'carts') return one;
      const ring = one.ring?.map(({ KeyId, Metadata }) => ({
        KeyId,
        Metadata: Metadata && { ...Metadata, KeyState: 'Disabled' as const },
      }));
      return { ...one, ring };
    });
    const { streams } = reportModel({ ...input, streams: changed });
    const of = (name: string) =>
      streams.find(({ StreamName }) => StreamName === name)?.condition;
    expect([of('orders'), of('refunds'), of('carts')]).toEqual([
      'NO_RING',
      'UNDECIDED',
      'UNUSABLE',
    ]);
  });

  it('finds an alias that resolves to another key than when applied', () => {
    const input = simulatedMonth();
    const streams = input.streams
      .filter(({ StreamName }) => StreamName === 'orders')
      .map((one) => ({ ...one, KeyArn: 'arn:aws:kms:other' }));
    const [orders] = reportModel({ ...input, streams }).streams;
    expect(orders?.movedTo).toBe('arn:aws:kms:other');
    expect(stream('orders').movedTo).toBeUndefined();
  });

  it('finds the streams that are late, and those that are unknown', () => {
    expect(stream('warehouse').timeliness).toEqual({
      status: 'OVERDUE',
      dueAt: Date.parse('2026-11-09T04:30:00Z'),
    });
    // Every rotation was rolled back, which makes no key younger.
    expect(stream('payments').timeliness.status).toBe('OVERDUE');
    expect(stream('pricing').timeliness.status).toBe('UNKNOWN');
    expect(stream('legacy-import').timeliness.status).toBe('NO_SCHEDULE');
    expect(stream('orders').timeliness).toEqual({
      status: 'ON_TIME',
      dueAt: Date.parse('2026-11-26T03:00:00Z'),
    });
  });

  it('counts a used-up quota, and slots that are free again', () => {
    const { quotaUse, quota } = stream('clickstream');
    expect(quotaUse.peak).toBe(QUOTA_LIMIT);
    expect(quotaUse.steps.at(-1)?.used).toBe(quota.Used);
    expect(stream('warehouse').quotaUse.peak).toBe(1);
  });

  it('counts slots as the ledger did when rotations ended', () => {
    for (const { quotaUse } of model.streams) {
      for (const { at, used } of quotaUse.recorded) {
        const step = quotaUse.steps.findLast((one) => one.at <= at);
        // Records have the times of the stream, the ledger has AWS's answers.
        expect(Math.abs((step?.used ?? 0) - used)).toBeLessThanOrEqual(1);
      }
    }
  });

  it('has external starts among the rows', () => {
    expect(stream('customer-profiles').rows[0]).toMatchObject({
      kind: 'EXTERNAL_START',
      start: { KeyId: 'alias/breakglass' },
    });
    expect(model.summary.externalStarts).toBe(1);
  });
});

describe('findings', () => {
  it('list what is wrong now, and what went wrong', () => {
    const of = (when: string) =>
      findings(model)
        .filter((finding) => finding.when === when)
        .map(({ StreamName }) => StreamName);
    expect(of('NOW')).toEqual([
      'customer-profiles',
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
        ({ StreamName, when }) => StreamName === 'payments' && when === 'PAST',
      ),
    ).toEqual([
      {
        StreamName: 'payments',
        anchor: stream('payments').anchor,
        when: 'PAST',
        text: '5 of 5 rotations failed: KMSAccessDeniedException. Rolled back: 5.',
      },
    ]);
  });
});

describe('what is wrong now', () => {
  const at = '2026-11-25T12:00:00.000Z';
  const input = simulatedMonth();
  /** The findings of a stream whose last rotation ended like this. */
  function findingsAfter(last: Partial<Failure>): string[] {
    const streams = input.streams.map((one) =>
      one.StreamName === 'orders'
        ? { ...one, history: [{ ...failure(one), ...last }, ...one.history] }
        : one,
    );
    return findings(reportModel({ ...input, streams }))
      .filter(
        ({ StreamName, when }) => StreamName === 'orders' && when === 'NOW',
      )
      .map(({ text }) => text);
  }
  const failure = ({ StreamName, StreamARN, description }: StreamInput) => ({
    Status: 'FAILED' as const,
    Error: 'KMSAccessDeniedException',
    Cause: 'denied',
    RotationId: 'arn:rotation',
    StartedAt: at,
    StreamName,
    StreamARN,
    KeyId: ('KeyId' in description && description.KeyId) || '',
    PreviousKeyId: 'alias/before',
    SlotsSpent: 1,
  });

  it('is a key that no probe has proved', () => {
    expect(findingsAfter({})).toEqual([
      expect.stringMatching(
        /^No probe has proved the present key, alias\/orders/,
      ),
    ]);
  });

  it.each(['FAILED', 'IMPOSSIBLE'] as const)(
    'is a rollback that is %s',
    (Status) => {
      const Rollback = { Status, Cause: 'the previous key is gone' };
      expect(findingsAfter({ Rollback })).toContain(
        `The last rotation failed, and its rollback is ${Status}: the previous key is gone. Writers may be denied.`,
      );
    },
  );

  it('is a quota without a slot', () => {
    const ExhaustedUntil = Date.parse('2026-11-25T13:10:00.000Z');
    const streams = input.streams.map((one) => ({
      ...one,
      ledgerEntry: { ...one.ledgerEntry, ExhaustedUntil },
    }));
    const texts = findings(reportModel({ ...input, streams })).map(
      ({ text }) => text,
    );
    expect(texts).toContainEqual(
      expect.stringMatching(
        /^No slot of the quota is free before 2026-\S+ \S+\sUTC: no rotation and no rollback can start\.$/,
      ),
    );
  });
});
