import { describe, expect, it } from 'vitest';
import { handler } from '../../functions/summarize-fleet.ts';
import { CONTEXT } from '../support/workflow/planned-state.ts';

const FleetId =
  'arn:aws:states:us-east-1:000000000000:execution:rotate-fleet:one';
const rotated = {
  StreamName: 'orders',
  Status: 'SUCCEEDED',
  Outcome: 'ROTATED',
} as const;
const failed = {
  StreamName: 'payments',
  Status: 'FAILED',
  Error: 'StreamBusy',
} as const;

const summarize = (Streams: (typeof rotated | typeof failed)[]) =>
  handler({ FleetId, StartedAt: '2026-01-01T00:00:00Z', Streams }, CONTEXT);

describe('SummarizeFleet', () => {
  it('counts the streams, and spells the time as every record does', async () => {
    expect(await summarize([rotated])).toMatchObject({
      Status: 'SUCCEEDED',
      FleetId,
      StartedAt: '2026-01-01T00:00:00.000Z',
      Counts: { ROTATED: 1, FAILED: 0 },
    });
  });

  it('fails as FleetIncomplete, and names the stream that failed', async () => {
    expect(await summarize([rotated, failed])).toMatchObject({
      Status: 'FAILED',
      Error: 'FleetIncomplete',
      Cause: expect.stringContaining('payments StreamBusy'),
    });
  });
});
