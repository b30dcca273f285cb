import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  COLUMNS,
  reportCsv,
} from '../../../../cli/report/formats/report-csv.ts';
import { reportModel } from '../../../../cli/report/report-model.ts';
import { hostileMonth } from '../../../support/report/hostile-month.ts';
import { simulatedMonth } from '../../../support/report/simulated-month.ts';

/** Reads CSV as RFC 4180 defines it. */
function parse(text: string): string[][] {
  expect(text.endsWith('\r\n')).toBe(true);
  const rows: string[][] = [[]];
  const fields = text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy);
  let read = 0;
  for (const [all, quoted, plain, end] of fields) {
    read += all.length;
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\r\n') rows.push([]);
  }
  expect(read).toBe(text.length);
  return rows.slice(0, -1);
}

/** Rows by the names of the columns. */
function records(text: string): Record<string, string>[] {
  const [head = [], ...rows] = parse(text);
  return rows.map((row) => {
    expect(row).toHaveLength(head.length);
    return Object.fromEntries(head.map((name, at) => [name, row[at] ?? '']));
  });
}

describe('reportCsv', () => {
  const month = simulatedMonth();
  const { summary } = reportModel(month);
  const rows = records(reportCsv(month));

  it('has a row for each rotation and external start', () => {
    expect(parse(reportCsv(month))[0]).toEqual([...COLUMNS]);
    const of = (kind: string) => rows.filter(({ Kind }) => Kind === kind);
    expect(of('ROTATION')).toHaveLength(summary.rotations);
    expect(of('EXTERNAL_START')).toHaveLength(summary.externalStarts);
    expect(of('EXTERNAL_START')[0]).toMatchObject({
      StreamName: 'customer-profiles',
      KeyId: 'alias/breakglass',
      ReportedCaller: 'arn:aws:sts::111122223333:assumed-role/Admin/m.keller',
      RotationId: '',
    });
  });

  it('has the proof of a rotation, and the rollback of a failure', () => {
    expect(rows.find(({ Result }) => Result === 'ROTATED')).toMatchObject({
      EncryptionType: 'KMS',
      ShardId: expect.stringMatching(/^shardId-/),
      SequenceNumber: expect.stringMatching(/^\d{40,}$/),
      ClaimedTrigger: expect.stringContaining('"Source":"schedule"'),
    });
    expect(rows.find(({ Result }) => Result === 'ROLLED_BACK')).toMatchObject({
      StreamName: 'payments',
      Error: 'KMSAccessDeniedException',
      RollbackStatus: 'ROLLED_BACK',
      RollbackKeyId: 'alias/payments-a',
      EncryptionType: 'KMS',
    });
  });

  it('has who started a rotation as a claim', () => {
    const byHand = rows.find(
      ({ StreamName, ClaimedSource }) =>
        StreamName === 'orders' && ClaimedSource === 'manual',
    );
    expect(byHand).toMatchObject({
      ClaimedCaller: 'arn:aws:sts::111122223333:assumed-role/Operator/j.ortega',
      ClaimedTicket: 'SEC-2291',
      ReportedCaller: '',
    });
  });

  it('tells a stream without encryption from an unknown key', () => {
    const emails = rows.filter(({ StreamName }) => StreamName === 'emails');
    expect(emails.at(-1)?.PreviousKeyId).toBe('not encrypted');
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    [' =1', "' =1"],
    ['\uff1d1', "'\uff1d1"],
    ['a=1', 'a=1'],
    ['"=1', '"=1'],
  ])('runs no formula in a spreadsheet: %j', (value, shown) => {
    const [row] = records(reportCsv(hostileMonth([value])));
    expect(row?.KeyId).toBe(shown);
  });

  it('keeps its columns, whatever the values are', () => {
    const nasty = fc.string({
      unit: fc.constantFrom(...`",;=+-@\r\n\t'\u0000\u2028\u202e a`),
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(nasty, (value) => {
        for (const row of records(reportCsv(hostileMonth([value])))) {
          for (const text of Object.values(row)) {
            expect(text).not.toMatch(/^\s*[=+@-]/);
            expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});
