import { describe, expect, it } from 'vitest';
import { decideAway, type StreamFacts } from '../../../cli/away-from/decide.ts';
import { AwsRefusal } from '../../../shared/errors/errors.ts';
import type { CurrentKey, ResolvedKey } from '../../../shared/keys/key-ring.ts';
import type { Lease } from '../../../shared/ledger/entry.ts';
import { keyArn, kmsKey, REGION } from '../../support/aws/kms-key.ts';

const key = (n: number, KeyState?: 'Disabled'): ResolvedKey => ({
  KeyId: `alias/${n}`,
  Metadata: kmsKey(n, KeyState && { KeyState }),
});
const under = (n: number): CurrentKey => ({
  KeyId: `alias/${n}`,
  KeyArn: keyArn(n),
});
const movingTo = (n: number): Lease => ({
  RotationId: 'arn:rotation',
  StartedAt: '2026-01-01T00:00:00Z',
  ExpiresAt: 0,
  KeyId: `alias/${n}`,
  KeyArn: keyArn(n),
  PreviousKeyId: null,
  PreviousKeyArn: null,
});
const DENIED = new AwsRefusal('AccessDeniedException', 'ann may not');

/** Away from the first key, for a stream under it in a ring of three. */
const decide = (facts: Partial<StreamFacts>) =>
  decideAway(keyArn(1), {
    StreamStatus: 'ACTIVE',
    Current: under(1),
    Keys: [key(1), key(2), key(3)],
    region: REGION,
    ...facts,
  });

const to = (n: number) => ({
  Status: 'MOVE',
  KeyId: `alias/${n}`,
  KeyArn: keyArn(n),
});

it('presumes the key of an alias that the ledger never saw applied, and says it', () => {
  const Current = { ...under(2), IsPresumed: true } as const;
  expect(decide({ Current })).toEqual({
    Status: 'NOT_UNDER_IT',
    Reason:
      'is under alias/2, which resolves to another key now; the ledger did not see it applied',
  });
  expect(decide({ Current: { ...under(1), IsPresumed: true } })).toEqual(to(2));
});

describe('decideAway', () => {
  it.each<[string, Partial<StreamFacts>, number]>([
    ['the next key of its ring', {}, 2],
    ['the first key after the last', { Keys: [key(2), key(3), key(1)] }, 2],
    ['the key after it', { Keys: [key(2), key(1), key(3)] }, 3],
    [
      'the key after the next where that is disabled',
      { Keys: [key(1), key(2, 'Disabled'), key(3)] },
      3,
    ],
    [
      'the key after the next where that is the same key by another name',
      { Keys: [key(1), { ...key(1), KeyId: 'alias/same' }, key(3)] },
      3,
    ],
    [
      'the key after the next where KMS denies that',
      { Keys: [key(1), { KeyId: 'alias/2', Refusal: DENIED }, key(3)] },
      3,
    ],
    [
      'a key of its ring where the key is outside it',
      { Keys: [key(3), key(2)] },
      3,
    ],
    [
      'a usable key, although the key is disabled',
      { Keys: [key(1, 'Disabled'), key(2)] },
      2,
    ],
    [
      'another key where a rotation is moving it to the key',
      { Current: under(3), Lease: movingTo(1), StreamStatus: 'UPDATING' },
      2,
    ],
    [
      'another key where its description is that of before an update',
      { StreamStatus: 'UPDATING' },
      2,
    ],
  ])('moves a stream under the key to %s', (_, facts, n) => {
    expect(decide(facts)).toEqual(to(n));
  });

  it.each<[string, Partial<StreamFacts>, string]>([
    ['another key', { Current: under(2) }, 'is under alias/2'],
    ['no key', { Current: { KeyId: null, KeyArn: null } }, 'is not encrypted'],
    ['the key, and DELETING', { StreamStatus: 'DELETING' }, 'is DELETING'],
  ])('leaves a stream that is under %s', (_, facts, Reason) => {
    expect(decide(facts)).toEqual({ Status: 'NOT_UNDER_IT', Reason });
  });

  it.each<[string, ResolvedKey[], RegExp]>([
    [
      'names the key twice',
      [key(1), { ...key(1), KeyId: 'alias/same' }],
      /^its ring has no other key$/,
    ],
    [
      'has unusable keys besides it',
      [key(1), key(2, 'Disabled'), { KeyId: 'alias/3', Refusal: DENIED }],
      /^alias\/2 has KeyState Disabled.*; alias\/3 is unknown: ann may not$/,
    ],
  ])('moves no stream whose ring %s', (_, Keys, Reason) => {
    expect(decide({ Keys })).toEqual({
      Status: 'NO_OTHER_KEY',
      Reason: expect.stringMatching(Reason),
    });
  });

  it.each<[string, Partial<StreamFacts>, RegExp]>([
    [
      'KMS does not resolve',
      { Current: { KeyId: 'alias/x', KeyArn: null }, Refusal: DENIED },
      /^is under alias\/x, which KMS does not resolve: AccessDenied.*ann may/,
    ],
    [
      'may be changing',
      { Current: under(2), StreamStatus: 'UPDATING' },
      /^is UPDATING/,
    ],
    [
      'a rotation is changing',
      { Current: under(2), Lease: movingTo(3) },
      /^arn:rotation is moving it to alias\/3/,
    ],
  ])('does not know a stream whose key %s', (_, facts, Reason) => {
    expect(decide(facts)).toEqual({
      Status: 'UNKNOWN',
      Reason: expect.stringMatching(Reason),
    });
  });
});
