import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type QuotaReport,
  quotaPicture,
  quotaTable,
} from '../../../cli/output/quota-text.ts';

const NOW = Date.parse('2026-11-25T13:00:00Z');
const HOUR = 3_600_000;
const EXECUTION =
  'arn:aws:states:eu-west-1:111122223333:execution:rotate-stream:orders-1';

const slotAt = (ago: number, rest = {}): QuotaReport['Slots'][number] => ({
  State: 'SPENT',
  StampedAt: new Date(NOW - ago).toISOString(),
  FreeAt: new Date(NOW - ago + 24 * HOUR + 60_000).toISOString(),
  KeyId: 'alias/orders-a',
  By: EXECUTION,
  ...rest,
});

const reportOf = (Slots: QuotaReport['Slots']): QuotaReport => ({
  StreamName: 'orders',
  StreamARN: 'arn:aws:kinesis:eu-west-1:111122223333:stream/orders',
  Quota: {
    Limit: 25,
    Used: Slots.length,
    Remaining: 25 - Slots.length,
    NextAvailableAt: null,
  },
  Slots,
});

const linesOf = (report: QuotaReport) => quotaPicture(report, NOW).split('\n');

describe('quotaPicture', () => {
  it('is one line while nothing is used', () => {
    expect(quotaPicture(reportOf([]), NOW)).toBe(
      'orders: 0 of 25 used in 24 hours, 25 remaining, next free now',
    );
  });

  it('shows slots where they were taken, the present at the right', () => {
    const [, , timeline, axis] = linesOf(
      reportOf([slotAt(23.9 * HOUR), slotAt(12 * HOUR - 1), slotAt(0)]),
    );
    expect(timeline).toBe(`▁${'·'.repeat(23)}▁${'·'.repeat(22)}▁ █ 25`);
    expect(axis).toMatch(/^-24h .* now$/);
    expect(axis).toHaveLength(48);
  });

  it.each([
    [1, '▁'],
    [4, '▂'],
    [13, '▅'],
    [25, '█'],
    [26, '█'],
  ])('shows %i slots as %s, on a scale to 25', (count, column) => {
    const many = Array.from({ length: count }, () => slotAt(0));
    expect(linesOf(reportOf(many))[2]).toBe(`${'·'.repeat(47)}${column} █ 25`);
  });

  it('fits a line of 120 characters, whatever the reason of an alarm', () => {
    const Reason = 'Threshold Crossed: 3 datapoints were greater. '.repeat(8);
    const Trigger = { Source: 'alarm', AlarmName: 'orders-drift', Reason };
    const text = quotaPicture(reportOf([slotAt(HOUR, { Trigger })]), NOW);
    for (const line of text.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(120);
    }
    expect(text).toContain('Threshold Crossed: 3');
    expect(text).toContain('…');
  });

  it('has every slot in one of its columns and in a row, whenever it was', () => {
    const ages = fc.array(fc.integer({ min: -60_000, max: 25 * HOUR }), {
      minLength: 1,
      maxLength: 25,
    });
    fc.assert(
      fc.property(ages, (all) => {
        const lines = linesOf(reportOf(all.map((ago) => slotAt(ago))));
        expect(lines[2]).toHaveLength(53);
        expect(lines[2]?.slice(0, 48)).toMatch(/[^·]/);
        expect(lines.slice(6)).toHaveLength(all.length);
      }),
    );
  });

  it('says who took a slot and when it is free', () => {
    const text = quotaPicture(
      reportOf([
        slotAt(2 * HOUR, { Trigger: { Source: 'alarm', AlarmName: 'drift' } }),
        slotAt(HOUR, {
          By: 'alice\u001b[2J',
          IsReported: true,
        }),
        slotAt(0, { State: 'RESERVED' }),
      ]),
      NOW,
    );
    expect(text).toContain('alarm drift orders-1');
    expect(text).toContain('alice\\u{1b}[2J, outside the ledger');
    expect(text).toContain('in 22h');
    expect(text).toContain('orders-1, not used yet');
    expect(text).toContain('when its rotation ends');
  });
});

describe('quotaTable', () => {
  it('has a line for each stream, and says what others used', () => {
    const exhausted = reportOf([]);
    exhausted.Quota = {
      Limit: 25,
      Used: 25,
      Remaining: 0,
      NextAvailableAt: new Date(NOW).toISOString(),
      UsedByOthers: 25,
    };
    const [head, first, second] = quotaTable([
      reportOf([slotAt(0)]),
      exhausted,
    ]).split('\n');
    expect(head).toMatch(/^Stream +Used +Remaining +Next free$/);
    expect(first).toMatch(/^orders +1 of 25 +24 +now$/);
    expect(second).toMatch(/^orders +25 of 25 \(25 refused by AWS\) +0 +\S/);
  });
});
