import { describe, expect, it } from 'vitest';
import { FLEET_CONCURRENCY } from '../../../shared/fleet/pace.ts';
import {
  bytesOf,
  PAYLOAD_BYTES,
} from '../../../shared/fleet/payload-budget.ts';
import { planFleet } from '../../../shared/fleet/plan.ts';

const request = (n: number) => ({
  StreamName: `stream-${n}`,
  KeyIds: [`alias/stream-${n}-a`, `alias/stream-${n}-b`],
  Trigger: { Source: 'manual' },
});
const requests = (count: number) =>
  Array.from({ length: count }, (_, n) => request(n));

describe('planFleet', () => {
  it('leaves requests as they are, and names the stream of an ARN', () => {
    const StreamARN = 'arn:aws:kinesis:eu-west-1:111122223333:stream/payments';
    const KeyId = 'alias/payments';
    const plan = planFleet({ Streams: [request(0), { StreamARN, KeyId }] });
    expect(plan).toEqual({
      Streams: [
        { Request: request(0), WaitSeconds: 0 },
        {
          Request: { StreamARN, KeyId, StreamName: 'payments' },
          WaitSeconds: 0,
        },
      ],
      DetailBytes: 1000,
      PacedStreams: 0,
    });
  });

  it('has room for 1,000 streams, with less to say of each', () => {
    const plan = planFleet({ Streams: requests(1000) });
    expect(plan.Streams).toHaveLength(1000);
    expect(bytesOf(plan)).toBeLessThanOrEqual(PAYLOAD_BYTES);
    expect(plan.DetailBytes).toBeGreaterThan(30);
    expect(plan.PacedStreams).toBe(1000 - FLEET_CONCURRENCY);
  });

  it.each([
    [null, 'Streams undefined is not a list of requests'],
    [{ Streams: [] }, 'Streams [] is not a list of requests'],
    [{ Streams: [], Mode: 'ROTATE' }, '"Mode" is not a field of a fleet'],
    [
      { Streams: [request(0), { ...request(1), Foo: 1 }] },
      'Streams[1]: "Foo" is not a field of a request',
    ],
    [
      { Streams: [request(0), request(1), request(0)] },
      'Streams[2]: StreamName "stream-0" is listed twice',
    ],
    [
      { Streams: requests(1001) },
      'Streams has 1001 requests, and Step Functions has room for the first 1000 of them in one execution; start another fleet for those from StreamName "stream-1000" on',
    ],
  ])('refuses %.60j by what is wrong', (input, message) => {
    expect(() => planFleet(input)).toThrow(
      expect.objectContaining({
        name: 'InvalidRequest',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('refuses more than a payload holds, and says how many do', () => {
    const large = requests(20).map((one) => ({
      ...one,
      Probe: { PartitionKey: 'p', Data: 'A'.repeat(40_000) },
    }));
    expect(() => planFleet({ Streams: large })).toThrow(
      /^Streams has 20 requests, .* the first 6 of them .* StreamName "stream-6" on$/,
    );
    expect(planFleet({ Streams: large.slice(0, 6) }).Streams).toHaveLength(6);
  });
});
