import { describe, expect, it } from 'vitest';
import type { StreamFacts } from '../../../../cli/keys/stream-facts.ts';
import { coverageOf } from '../../../../cli/report/lookup/coverage.ts';
import { emptyEntry } from '../../../../shared/ledger/entry.ts';

function stream(
  StreamName: string,
  look: StreamFacts['look'] = { EncryptionType: 'NONE', at: 0 },
): StreamFacts {
  const StreamARN = `arn:aws:kinesis:us-east-1:123456789012:stream/${StreamName}`;
  const record = { entry: emptyEntry(StreamARN), history: [] };
  return { StreamName, StreamARN, look, record };
}

const refused = { Error: 'AccessDeniedException', Cause: 'not authorized' };

describe('coverageOf', () => {
  it('lists the streams that are not managed, with their encryption or the error', () => {
    const encrypted = { EncryptionType: 'KMS', KeyId: 'alias/other', at: 0 };
    const streams = [
      stream('orders'),
      stream('clear'),
      stream('encrypted', encrypted),
      stream('hidden', refused),
    ];
    const managed = new Set(['orders', 'gone']);
    expect(coverageOf({ streams, listed: 4 }, managed)).toMatchObject({
      status: 'LISTED',
      streams: 4,
      notManaged: [
        { StreamName: 'clear', description: { EncryptionType: 'NONE' } },
        { StreamName: 'encrypted', description: { KeyId: 'alias/other' } },
        { StreamName: 'hidden', description: refused },
      ],
    });
  });

  it('does not know which streams exist when ListStreams is denied', () => {
    const account = { streams: [stream('orders')], listed: refused };
    expect(coverageOf(account, new Set(['orders']))).toEqual({
      status: 'UNKNOWN',
      reason: 'AccessDeniedException: not authorized',
    });
  });
});
