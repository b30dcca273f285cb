import { describe, expect, it } from 'vitest';
import type { Coverage } from '../../../cli/report/report-input.ts';
import { reportJson } from '../../../cli/report/report-json.ts';
import { reportPage } from '../../../cli/report/report-page.ts';
import { simulatedMonth } from '../../support/report/simulated-month.ts';

/** The words of a page, without its tags and styles. */
const words = (page: string) =>
  page
    .replace(/<style>.*?<\/style>|<svg.*?<\/svg>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

async function shown(changes: Partial<ReturnType<typeof simulatedMonth>>) {
  const input = { ...simulatedMonth(), ...changes };
  return {
    text: words(await reportPage(input)),
    document: JSON.parse(reportJson(input)),
  };
}

describe('the streams that are not managed', () => {
  it('are counted, listed, and shown with their encryption', async () => {
    const { text, document } = await shown({});
    expect(text).toContain('3 streams not managed');
    expect(text).toContain('of 23 streams in this account and Region');
    expect(text).toContain('1 not encrypted.');
    expect(text).toMatch(/scratch . Not encrypted not encrypted partner-feed/);
    expect(text).toMatch(/partner-feed . Encrypted alias\/aws\/kinesis vault/);
    expect(text).toMatch(
      /vault . Could not be described AccessDeniedException: /,
    );
    expect(document.Coverage).toEqual({
      Status: 'LISTED',
      Streams: 23,
      NotManaged: [
        { StreamName: 'scratch', KeyId: null },
        { StreamName: 'partner-feed', KeyId: 'alias/aws/kinesis' },
        {
          StreamName: 'vault',
          Error: 'AccessDeniedException',
          Cause: expect.stringContaining('not authorized'),
        },
      ],
    });
  });

  const others: [Coverage, string][] = [
    [
      { status: 'UNKNOWN', reason: 'AccessDeniedException: no' },
      'Not known which streams exist: AccessDeniedException: no',
    ],
    [
      { status: 'LISTED', streams: 20, notManaged: [] },
      '0 streams not managed , of 20 streams',
    ],
    [{ status: 'NOT_ASKED' }, 'This report is about one stream.'],
  ];
  it.each(others)('are not claimed: %j', async (coverage, claim) => {
    const { text, document } = await shown({ coverage });
    expect(text).toContain(claim);
    expect(text.includes('0 streams not managed')).toBe(
      coverage.status === 'LISTED',
    );
    expect(text).not.toContain('Streams not managed');
    expect(document.Coverage.Status).toBe(coverage.status);
  });
});
