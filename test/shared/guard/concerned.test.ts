import { describe, expect, it } from 'vitest';
import { concernedStreams } from '../../../shared/guard/concerned.ts';
import {
  emptyEntry,
  type KeyPeriod,
  type LedgerEntry,
} from '../../../shared/ledger/entry.ts';

const GUID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const KEY = `arn:aws-cn:kms:cn-north-1:111122223333:key/${GUID}`;
const OTHER = KEY.replace('1234abcd', '9999abcd');
const streamArn = (name: string) =>
  `arn:aws-cn:kinesis:cn-north-1:111122223333:stream/${name}`;

const under = (period: Partial<KeyPeriod>): Partial<LedgerEntry> => ({
  KeyPeriods: [{ KeyId: 'alias/a', From: 1, ...period }],
});

const ENTRIES: Record<string, Partial<LedgerEntry>> = {
  current: under({ KeyArn: KEY }),
  former: under({ KeyArn: KEY, LeftAt: 2, RetentionHours: 24 }),
  over: under({ KeyArn: KEY, LeftAt: 2, RetentionHours: 24, OverAt: 3 }),
  other: under({ KeyArn: OTHER }),
  presumed: under({ KeyArn: OTHER, IsPresumed: true }),
  unresolved: under({}),
  'by-id': under({ KeyId: GUID }),
  'by-other-id': under({ KeyId: GUID.replace('1234', '9999') }),
  unanswered: {
    KeyPeriods: [],
    Slots: [
      {
        SlotId: 1,
        RotationId: 'one',
        KeyId: 'alias/a',
        KeyArn: KEY,
        State: 'SPENT',
        StampedAt: 1,
      },
    ],
  },
  'never-seen': {},
};

const ledger = {
  read: async (arn: string): Promise<LedgerEntry> => {
    const name = arn.split('stream/')[1] ?? '';
    if (name === 'unreadable') throw new Error('throttled');
    expect(arn).toBe(streamArn(name));
    return { ...emptyEntry(arn), ...ENTRIES[name] };
  },
};

describe('the streams that an event of a key concerns', () => {
  const names = [...Object.keys(ENTRIES), 'unreadable'];
  const streams = names.map((StreamName) => ({ StreamName }));
  const concerned = async (keyArn?: string) =>
    (await concernedStreams(streams, keyArn, ledger)).map(
      ({ StreamName }) => StreamName,
    );

  it('are those whose records may be under it', async () => {
    expect(await concerned(KEY)).toEqual(
      names.filter((name) => !['over', 'other', 'by-other-id'].includes(name)),
    );
  });

  it('are all where the event does not name it', async () => {
    expect(await concerned()).toEqual(names);
    expect(await concerned('alias/a')).toEqual(names);
  });
});
