import { describe, expect, it } from 'vitest';
import {
  type AccessReport,
  refusalsOf,
} from '../../../cli/access-check/access-report.ts';
import {
  accessLines,
  accessRows,
  warningLines,
} from '../../../cli/access-check/access-text.ts';

const REPORT: AccessReport = {
  AccessCheck: 'WARN',
  OldKeyArn: 'old',
  NewKeyArn: 'new',
  Principals: [],
  NotChecked: [],
  NotCovered: [],
};

const principal = (
  RoleArn: string,
  Status: AccessReport['Principals'][number]['Status'],
  Why: string,
) => ({
  Role: 'Reader' as const,
  RoleArn,
  Action: 'kms:Decrypt',
  Source: 'rotations.yml',
  Covered: [],
  Status,
  Why,
});

describe('accessRows', () => {
  it('names losses first, then what is open, then what is good', () => {
    const rows = accessRows({
      ...REPORT,
      Policy: { Status: 'OK', Why: 'same', Reasons: [] },
      Grants: { Status: 'NOT_CHECKED', Why: 'needs x', Missing: [] },
      Principals: [
        principal('a', 'OK', 'its policies'),
        principal('b', 'WOULD_LOSE', 'no right'),
      ],
      NotChecked: ['writers: none listed'],
    });
    expect(rows).toEqual([
      'Access  would lose: Reader b: no right',
      '        not checked: grants: needs x',
      '        not checked: writers: none listed',
      '        ok: key policies, 1 role',
    ]);
  });

  it('says a reason of several checks once', () => {
    const rows = accessRows({
      ...REPORT,
      Policy: { Status: 'NOT_CHECKED', Why: 'needs x', Reasons: [] },
      Principals: [
        principal('a', 'NOT_CHECKED', 'needs x'),
        principal('b', 'NOT_CHECKED', 'needs x'),
      ],
    });
    expect(rows).toEqual([
      'Access  not checked: Reader a, Reader b, key policies: needs x',
    ]);
  });

  it('never calls good what was not checked', () => {
    const rows = accessRows({ ...REPORT, NotChecked: ['no IAM'] });
    expect(rows).toEqual(['Access  not checked: no IAM']);
    expect(accessRows(undefined)).toEqual([]);
  });

  it('shows eight lines of a kind', () => {
    const NotChecked = Array.from({ length: 10 }, (_, n) => `line ${n}`);
    const rows = accessRows({ ...REPORT, NotChecked });
    expect(rows).toHaveLength(9);
    expect(rows.at(-1)).toMatch(/2 more, which --output json shows$/);
  });

  it('shows the statements in the words of Access Analyzer', () => {
    const rows = accessRows({
      ...REPORT,
      Policy: {
        Status: 'WOULD_LOSE',
        Why: 'more',
        Reasons: [
          { StatementId: 'App', StatementIndex: 2, Description: 'New access.' },
          { Description: 'Other.' },
        ],
      },
    });
    expect(rows).toEqual([
      'Access  would lose: more',
      '        would lose:   statement 2 (App) New access.',
      '        would lose:   Other.',
    ]);
  });
});

describe('the lines of many streams', () => {
  const NotChecked = ['writers: none listed'];
  const streams = ['a', 'b', 'c'].map((StreamName) => ({
    StreamName,
    Access: { ...REPORT, NotChecked },
  }));

  it('say the same once', () => {
    expect(accessLines(streams)).toEqual([
      'Access not checked: a and 2 more: writers: none listed',
    ]);
  });

  it('are one for what is open, before a start', () => {
    expect(warningLines(streams)).toEqual([
      'Access not checked in full: plan shows 3 open points',
    ]);
    expect(warningLines([{ StreamName: 'a' }])).toEqual([]);
  });
});

describe('refusalsOf', () => {
  const strict = { ...REPORT, AccessCheck: 'FAIL' as const };
  const found = (Status: 'WOULD_LOSE' | 'NOT_CHECKED') => ({
    ...principal('a', Status, 'why'),
    Source: 'Lambda function reader',
  });

  it.each([
    [[principal('a', 'WOULD_LOSE', 'why')], ['Reader a: why']],
    [[found('WOULD_LOSE')], ['Reader a of Lambda function reader: why']],
    [[principal('a', 'NOT_CHECKED', 'why')], ['Reader a: not checked: why']],
    [[found('NOT_CHECKED')], []],
    [[principal('a', 'OK', 'why')], []],
  ])('refuses with FAIL alone: %j', (Principals, refusals) => {
    expect(refusalsOf({ ...strict, Principals })).toEqual(refusals);
    expect(refusalsOf({ ...REPORT, Principals })).toEqual([]);
  });
});
