import { describe, expect, it } from 'vitest';
import {
  reportJson,
  SCHEMA_VERSION,
} from '../../../../cli/report/formats/report-json.ts';
import { reportModel } from '../../../../cli/report/report-model.ts';
import { hostileMonth } from '../../../support/report/hostile-month.ts';
import {
  FROM,
  NOW,
  simulatedMonth,
} from '../../../support/report/simulated-month.ts';

const month = simulatedMonth();
const document = JSON.parse(reportJson(month));
const stream = (name: string) =>
  document.Streams.find(
    (one: { StreamName: string }) => one.StreamName === name,
  );

/** Every value in a document, with the name of its field. */
function fields(value: unknown, name = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[name, value]];
  return Object.entries(value).flatMap(([key, each]) =>
    fields(each, Array.isArray(value) ? name : key),
  );
}

describe('reportJson', () => {
  it('states its schema, and where and when it was made', () => {
    expect(document).toMatchObject({
      SchemaVersion: SCHEMA_VERSION,
      GeneratedAt: new Date(NOW).toISOString(),
      From: new Date(FROM).toISOString(),
      To: new Date(NOW).toISOString(),
      Account: '111122223333',
      Stage: 'prod',
    });
  });

  it('has every rotation as its record has it, with its result', () => {
    const shown = document.Streams.flatMap(
      ({ Rotations }: { Rotations: unknown[] }) => Rotations,
    );
    const { streams, summary } = reportModel(month);
    expect(document.Summary.Rotations).toBe(summary.rotations);
    expect(shown).toHaveLength(summary.rotations);
    const [last] =
      streams.find(({ StreamName }) => StreamName === 'orders')?.rows ?? [];
    expect(stream('orders').Rotations[0]).toEqual({
      Result: 'ROTATED',
      TriggerEvidence: 'CLAIMED_BY_REQUEST',
      ...(last?.kind === 'ROTATION' && last.outcome),
    });
  });

  it('has every time in ISO 8601 in UTC', () => {
    const times = fields(document).filter(([name]) =>
      /(At|From|To|Since|NotBefore)$/.test(name),
    );
    expect(times.length).toBeGreaterThan(1000);
    const isTime = (value: unknown) =>
      value === null || /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(String(value));
    const isOther = ([name]: [string, unknown]) =>
      name === 'ResolvesNowTo' || name === 'ReportedAt';
    expect(
      times
        .filter(([, value]) => !isTime(value))
        .filter((one) => !isOther(one)),
    ).toEqual([]);
    // No time is left as a number.
    const large = fields(document).filter(([, value]) => Number(value) > 1e12);
    expect(large.map(([name]) => name)).not.toContain('At');
  });

  it('tells an unknown key from a stream that is not encrypted', () => {
    expect(stream('legacy-import').KeyId).toBeNull();
    expect(stream('pricing')).not.toHaveProperty('KeyId');
  });

  it('has the external starts, with the caller that CloudTrail reported', () => {
    expect(stream('customer-profiles').ExternalStarts).toMatchObject([
      { KeyId: 'alias/breakglass', By: expect.stringContaining('m.keller') },
    ]);
  });

  it('has the findings of the page', () => {
    expect(document.Findings[0]).toMatchObject({
      When: 'NOW',
      StreamName: 'customer-profiles',
    });
  });

  it('escapes hidden characters, and stays JSON', () => {
    const text = reportJson(hostileMonth());
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
    expect(() => JSON.parse(text)).not.toThrow();
  });
});
