import { describe, expect, it } from 'vitest';
import { findings } from '../../../cli/report/findings.ts';
import { reportCsv } from '../../../cli/report/formats/report-csv.ts';
import { reportJson } from '../../../cli/report/formats/report-json.ts';
import { reportModel } from '../../../cli/report/report-model.ts';
import { reportPage } from '../../../cli/report/report-page.ts';
import { NOW, simulatedMonth } from '../../support/report/simulated-month.ts';

const MALLORY = 'arn:aws:iam::111122223333:user/mallory';
const At = NOW - 3_600_000;
const Stop = { RequestId: 'q-stop', At, By: MALLORY };

/** The month, in which encryption of one stream was switched off. */
const month = simulatedMonth();
const input = {
  ...month,
  streams: month.streams.map((stream) =>
    stream.StreamName === 'orders'
      ? { ...stream, ledgerEntry: { ...stream.ledgerEntry, Stops: [Stop] } }
      : stream,
  ),
};

describe('an external stop in the report', () => {
  const model = reportModel(input);

  it('is a row and a finding, and no external start', () => {
    const orders = model.streams.find(
      ({ StreamName }) => StreamName === 'orders',
    );
    expect(orders?.rows[0]).toEqual({
      kind: 'EXTERNAL_STOP',
      at: At,
      stop: Stop,
    });
    expect(model.summary.externalStops).toBe(1);
    expect(model.summary.externalStarts).toBe(
      reportModel(month).summary.externalStarts,
    );
    const texts = findings(model).map(({ text }) => text);
    expect(texts).toContainEqual(
      expect.stringMatching(
        /^Encryption was switched off at .* by arn:aws:iam::111122223333:user\/mallory, outside the ledger\.$/,
      ),
    );
  });

  it('is in every format, with the caller that CloudTrail reported', async () => {
    const { Summary, Streams } = JSON.parse(reportJson(input));
    expect(Summary.ExternalStops).toBe(1);
    const of = Streams.flatMap(
      ({ ExternalStops }: { ExternalStops: object[] }) => ExternalStops,
    );
    const iso = new Date(At).toISOString();
    expect(of).toEqual([{ At: iso, By: MALLORY, RequestId: 'q-stop' }]);
    const row = reportCsv(input)
      .split('\r\n')
      .find((line) => line.includes('EXTERNAL_STOP'));
    expect(row).toContain(`,${iso},`);
    expect(row).toContain(MALLORY);
    const page = await reportPage(input);
    expect(page).toContain('1 external stop');
    expect(page).toContain('External stops switched encryption off once');
    expect(page).toContain('request <code>q-stop</code>');
  });
});
