import { describe, expect, it } from 'vitest';
import { currentKey, lastAppliedTo } from '../../../shared/keys/current-key.ts';
import type { CurrentKey } from '../../../shared/keys/key-ring.ts';
import { emptyEntry, type LastApplied } from '../../../shared/ledger/entry.ts';
import { CLOCK_MARGIN_MS } from '../../../shared/ledger/window.ts';
import { keyArn, keyGuid, REGION } from '../../support/aws/kms-key.ts';

const STREAM_ARN = `arn:aws:kinesis:${REGION}:123456789012:stream/orders`;
const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const UNENCRYPTED: CurrentKey = { KeyId: null, KeyArn: null };

describe('currentKey', () => {
  const LastApplied: LastApplied = {
    KeyId: 'alias/orders',
    KeyArn: keyArn(1),
    AppliedAt: NOW,
  };

  it('is null for a stream that is not encrypted', () => {
    expect(currentKey(undefined, undefined, keyArn(1))).toEqual(UNENCRYPTED);
    expect(currentKey(undefined, LastApplied, undefined)).toEqual(UNENCRYPTED);
  });

  it.each([
    ['without a key in the ledger', undefined],
    ['of an external start', { KeyId: 'alias/orders', AppliedAt: NOW }],
  ])('is presumed to be the resolved alias %s', (_, last) => {
    expect(currentKey('alias/orders', last, keyArn(2))).toEqual({
      KeyId: 'alias/orders',
      KeyArn: keyArn(2),
      IsPresumed: true,
    });
  });

  it.each([keyArn(2), keyGuid(2), 'alias/aws/kinesis'])(
    'is certain for %s, which no owner repoints',
    (KeyId) => {
      expect(currentKey(KeyId, undefined, keyArn(2))).toEqual({
        KeyId,
        KeyArn: keyArn(2),
      });
    },
  );

  it('is the key in the ledger when the alias was repointed', () => {
    expect(currentKey('alias/orders', LastApplied, keyArn(2))).toEqual({
      KeyId: 'alias/orders',
      KeyArn: keyArn(1),
    });
  });

  it('is not a key that the ledger has under another KeyId', () => {
    expect(currentKey('alias/other', LastApplied, keyArn(2))).toEqual({
      KeyId: 'alias/other',
      KeyArn: keyArn(2),
      IsPresumed: true,
    });
  });

  it('has no ARN when the resolved key ARN is unknown', () => {
    expect(currentKey('alias/gone', undefined, undefined)).toEqual({
      KeyId: 'alias/gone',
      KeyArn: null,
    });
  });
});

describe('lastAppliedTo', () => {
  const LastApplied = { KeyId: 'alias/orders', AppliedAt: NOW };
  const entry = { ...emptyEntry(STREAM_ARN), LastApplied };
  const createdAt = (ms: number) => ({ StreamCreationTimestamp: new Date(ms) });

  it('ignores a key applied to an earlier stream of the same name', () => {
    const later = NOW + CLOCK_MARGIN_MS + 1;
    expect(lastAppliedTo(createdAt(later), entry)).toBeUndefined();
  });

  it('keeps a key applied within the clock margin of the creation', () => {
    const later = NOW + CLOCK_MARGIN_MS;
    expect(lastAppliedTo(createdAt(later), entry)).toBe(LastApplied);
    expect(lastAppliedTo({}, entry)).toBe(LastApplied);
    expect(lastAppliedTo({}, emptyEntry(STREAM_ARN))).toBeUndefined();
  });
});
