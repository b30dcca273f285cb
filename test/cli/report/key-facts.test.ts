import { describe, expect, it } from 'vitest';
import { reportModel } from '../../../cli/report/report-model.ts';
import { NOW, simulatedMonth } from '../../support/report/simulated-month.ts';

const month = simulatedMonth();
const { streams } = reportModel(month);
const stream = (name: string) => {
  const found = streams.find(({ StreamName }) => StreamName === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

describe('keyFacts', () => {
  it('has the age of the key beside the time since the stream moved to it', () => {
    const orders = stream('orders');
    const [one, other] = orders.keys;
    const present = one?.isPresent ? one : other;
    const former = one?.isPresent ? other : one;
    expect(present).toMatchObject({
      KeyId: orders.KeyId,
      movedAt: orders.since,
      lastAt: undefined,
      origin: 'AWS_KMS',
      keyManager: 'CUSTOMER',
    });
    expect(present?.createdAt).toBeLessThan(Number(present?.movedAt));
    // It was left when the stream moved to the present key.
    expect(former).toMatchObject({ isPresent: false, lastAt: orders.since });
    expect(orders.keys.map(({ place }) => place)).toEqual([1, 2]);
  });

  it('has the present key outside the ring, with the refusal of KMS', () => {
    const { keys } = stream('customer-profiles');
    expect(keys[2]).toMatchObject({
      KeyId: 'alias/breakglass',
      place: undefined,
      isPresent: true,
      createdAt: undefined,
      refusal: expect.stringMatching(/^AccessDeniedException: /),
      rotation: { status: 'UNKNOWN' },
      // Applied, and never verified.
      movedAt: stream('customer-profiles').currentSpan.from,
    });
    expect(stream('customer-profiles').since).not.toBe(keys[2]?.movedAt);
  });

  it('knows no move that no record shows', () => {
    const present = stream('inventory').keys.find(({ isPresent }) => isPresent);
    expect(present?.movedAt).toBeLessThan(NOW);
    const unseen = stream('deliveries').keys.find(({ isPresent }) => isPresent);
    expect(unseen?.movedAt).toBe(stream('deliveries').since);
    const neverUsed = stream('fraud-signals').keys.map(({ lastAt }) => lastAt);
    expect(neverUsed.filter((at) => at === undefined)).toHaveLength(1);
  });
});

describe('ringLength', () => {
  it('counts the different keys of a ring', () => {
    expect(stream('orders').ringLength).toBe(2);
    expect(stream('fraud-signals').ringLength).toBe(4);
    const same = month.streams.map((one) => ({
      ...one,
      ring: one.ring?.map((key) => ({
        ...key,
        Metadata: one.ring?.[0]?.Metadata,
      })),
      listed: one.StreamName === 'orders' ? one.listed : undefined,
    }));
    const model = reportModel({ ...month, streams: same as never });
    const of = (name: string) =>
      model.streams.find(({ StreamName }) => StreamName === name)?.ringLength;
    expect(of('orders')).toBe(1);
    const without = month.streams.map((one) => ({ ...one, ring: undefined }));
    const [first] = reportModel({ ...month, streams: without }).streams;
    expect(first?.ringLength).toBeUndefined();
  });
});
