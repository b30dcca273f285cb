import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markRisks, unpublishRisks } from '../../../shared/guard/risk-mark.ts';
import { emptyEntry, type LedgerEntry } from '../../../shared/ledger/entry.ts';

const STREAM = 'arn:aws:kinesis:eu-west-1:111122223333:stream/orders';
const DAY = 86_400_000;
const MINUTE = 60_000;

const key = (KeyArn: string, State = 'Disabled', HasRemedy = true) => ({
  KeyArn,
  State,
  Deadline: 'now',
  HasRemedy,
});

/** Looks one after the other, and when each was published. */
function looks(
  sights: { At: number; Keys: ReturnType<typeof key>[] }[],
  entry: LedgerEntry = emptyEntry(STREAM),
) {
  const published: number[] = [];
  let now = entry;
  for (const sight of sights) {
    const { answer, entry: next } = markRisks(now, sight);
    if (answer) published.push(sight.At);
    now = next ?? now;
  }
  return { published, entry: now };
}

describe('a risk', () => {
  it('is published once, and again after a day', () => {
    const sights = Array.from({ length: 3 * 288 }, (_, nth) => ({
      At: nth * 5 * MINUTE,
      Keys: [key('a')],
    }));
    expect(looks(sights).published).toEqual([0, DAY, 2 * DAY]);
  });

  it('that nothing helps is published once', () => {
    const Keys = [key('a', 'NotFound', false)];
    const sights = [0, DAY, 2 * DAY].map((At) => ({ At, Keys }));
    expect(looks(sights).published).toEqual([0]);
  });

  it('is published when it changes, or another one comes', () => {
    const { published } = looks([
      { At: 1, Keys: [key('a')] },
      { At: 2, Keys: [key('a', 'PendingDeletion')] },
      { At: 3, Keys: [key('b'), key('a', 'PendingDeletion')] },
      { At: 4, Keys: [key('a', 'PendingDeletion'), key('b')] },
    ]);
    expect(published).toEqual([1, 2, 3]);
  });

  it('that ends is not published, and is when it returns', () => {
    const { published, entry } = looks([
      { At: 1, Keys: [key('a'), key('b')] },
      { At: 2, Keys: [key('b')] },
      { At: 3, Keys: [key('a'), key('b')] },
      { At: 4, Keys: [] },
      { At: 5, Keys: [] },
    ]);
    expect(published).toEqual([1, 3]);
    expect(entry).not.toHaveProperty('AtRisk');
    expect(entry.Version).toBe(4);
  });

  it('that could not be published is published by the next look', () => {
    const Keys = [key('a', 'NotFound', false)];
    const { entry } = looks([{ At: 1, Keys }]);
    const undone = unpublishRisks(entry, 1).entry;
    expect(undone?.AtRisk?.PublishedAt).toBeNull();
    expect(looks([{ At: 2, Keys }], undone).published).toEqual([2]);
    expect(unpublishRisks(entry, 2).entry).toBeUndefined();
    expect(unpublishRisks(emptyEntry(STREAM), 2).entry).toBeUndefined();
  });

  it('writes nothing where nothing changes', () => {
    const { entry } = looks([{ At: 1, Keys: [key('a')] }]);
    expect(markRisks(entry, { At: 2, Keys: [key('a')] })).toEqual({
      answer: false,
    });
    expect(markRisks(emptyEntry(STREAM), { At: 2, Keys: [] })).toEqual({
      answer: false,
    });
  });

  it('is never published less than a day apart without a change, and never missed', () => {
    const state = fc.constantFrom('Disabled', 'PendingDeletion');
    const look = fc.record({
      gap: fc.integer({ min: 1, max: DAY }),
      states: fc.dictionary(fc.constantFrom('a', 'b', 'c'), state),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 30 }), (all) => {
        let At = 0;
        let entry = emptyEntry(STREAM);
        let before: Record<string, string> = {};
        let last = Number.NEGATIVE_INFINITY;
        for (const { gap, states } of all) {
          At += gap;
          const Keys = Object.entries(states).map(([arn, one]) =>
            key(arn, one),
          );
          const { answer, entry: next } = markRisks(entry, { At, Keys });
          entry = next ?? entry;
          const isNew = Object.entries(states).some(
            ([arn, one]) => before[arn] !== one,
          );
          const isDue = Keys.length > 0 && At - last >= DAY;
          expect(answer).toBe(isNew || isDue);
          if (answer) last = At;
          before = states;
        }
      }),
    );
  });
});
