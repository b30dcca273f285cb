import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareStreams } from '../../../cli/deployment/stream-changes.ts';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';

const stream = (
  StreamName: string,
  more: Partial<RotationsStream> = {},
): RotationsStream => ({ StreamName, KeyIds: ['alias/a', 'alias/b'], ...more });

describe('compareStreams', () => {
  it('names added, changed and removed streams, and the fields that change', () => {
    const changes = compareStreams(
      [
        stream('same'),
        stream('gone'),
        stream('other', { Schedule: 'rate(90 days)' }),
      ],
      [
        stream('new'),
        stream('other', { KeyIds: ['alias/b', 'alias/a'], OnDrift: 'ALERT' }),
        stream('same'),
      ],
    );
    expect(changes).toEqual({
      added: [stream('new')],
      changed: [
        {
          StreamName: 'other',
          fields: [
            {
              field: 'KeyIds',
              from: ['alias/a', 'alias/b'],
              to: ['alias/b', 'alias/a'],
            },
            { field: 'Schedule', from: 'rate(90 days)', to: undefined },
            { field: 'OnDrift', from: undefined, to: 'ALERT' },
          ],
        },
      ],
      removed: ['gone'],
      unchanged: 1,
    });
  });

  it('puts every stream into exactly one group', () => {
    const files = fc.uniqueArray(
      fc.record({
        StreamName: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        KeyIds: fc.subarray(['alias/a', 'alias/b', 'alias/c']),
      }),
      { selector: ({ StreamName }) => StreamName },
    );
    fc.assert(
      fc.property(files, files, (before, after) => {
        const { added, changed, removed, unchanged } = compareStreams(
          before,
          after,
        );
        expect(added.length + changed.length + unchanged).toBe(after.length);
        expect(removed.length + changed.length + unchanged).toBe(before.length);
        expect(compareStreams(after, after)).toEqual({
          added: [],
          changed: [],
          removed: [],
          unchanged: after.length,
        });
      }),
    );
  });
});
