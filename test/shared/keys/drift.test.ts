import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsRefusal } from '../../../shared/errors/errors.ts';
import { detectDrift } from '../../../shared/keys/drift.ts';
import {
  type CurrentKey,
  chooseKey,
  type ResolvedKey,
} from '../../../shared/keys/key-ring.ts';
import { keyArn, keyGuid, kmsKey, REGION } from '../../support/aws/kms-key.ts';

const UNENCRYPTED: CurrentKey = { KeyId: null, KeyArn: null };

/** The nth key, under an alias of its own. */
function key(n: number): ResolvedKey {
  return { KeyId: `alias/key-${n}`, Metadata: kmsKey(n) };
}

function disabled(n: number): ResolvedKey {
  return {
    KeyId: `alias/key-${n}`,
    Metadata: kmsKey(n, { KeyState: 'Disabled' }),
  };
}

function unknown(n: number): ResolvedKey {
  const KeyId = `alias/key-${n}`;
  const Refusal = new AwsRefusal('NotFoundException', `"${KeyId}": no key`);
  return { KeyId, Refusal };
}

function under(n: number, KeyId = `alias/key-${n}`): CurrentKey {
  return { KeyId, KeyArn: keyArn(n) };
}

describe('detectDrift', () => {
  it.each<[string, ResolvedKey[], CurrentKey]>([
    ['a key of its ring', [key(1), key(2)], under(2)],
    ['one that has another name there', [key(1)], under(1, keyGuid(1))],
    ['one beside a disabled one', [disabled(1), key(2)], under(2)],
    ['one beside one that KMS does not know', [unknown(1), key(2)], under(2)],
    ['one that is in the ring twice', [key(1), key(1), key(2)], under(1)],
  ])('finds no drift in a stream under %s', (_, ring, current) => {
    expect(detectDrift(ring, current, REGION)).toEqual({
      Drift: 0,
      Reason: `is under "${current.KeyId}"`,
    });
  });

  it.each<[string, ResolvedKey[], CurrentKey, string]>([
    ['is not encrypted', [key(1), key(2)], UNENCRYPTED, 'not encrypted'],
    [
      'is under a key outside its ring',
      [key(1), key(2)],
      under(3),
      'is under "alias/key-3", which is not in its ring',
    ],
    [
      'is under a key of its ring that is disabled',
      [key(1), disabled(2)],
      under(2),
      'has KeyState Disabled',
    ],
    [
      'is under a key of its ring that KMS does not know',
      [unknown(1), key(2)],
      { KeyId: 'alias/key-1', KeyArn: null },
      'cannot be used: "alias/key-1": no key',
    ],
    [
      'is under a key that is no longer known',
      [key(1), key(2)],
      { KeyId: 'alias/deleted', KeyArn: null },
      'is not in its ring',
    ],
    [
      'is under an alias that was pointed elsewhere since',
      [key(1), key(2)],
      under(3, 'alias/key-1'),
      'is under "alias/key-1", which resolves to another key than when it was applied',
    ],
    [
      'has a ring of another Region',
      [key(1), { KeyId: 'alias/x', Metadata: kmsKey(2) }],
      under(2),
      'the stream is in eu-west-1',
    ],
  ])('finds that a stream %s', (what, ring, current, reason) => {
    const region = what.includes('Region') ? 'eu-west-1' : REGION;
    const { Drift, Reason } = detectDrift(ring, current, region);
    expect(Drift).toBe(1);
    expect(Reason).toContain(reason);
  });

  it("is unknown where KMS denies the stream's key", () => {
    const denied: ResolvedKey = {
      KeyId: 'alias/a',
      Refusal: new AwsRefusal('AccessDeniedException', 'not yet'),
    };
    const judged = detectDrift([denied, key(1)], under(0, 'alias/a'), REGION);
    expect(judged).toEqual({
      Drift: null,
      Reason: 'is under "alias/a", which cannot be used: not yet',
    });
    expect(
      detectDrift([denied, key(1)], under(0, 'alias/x'), REGION).Drift,
    ).toBe(1);
  });

  it('says where the key of an alias at the time is unknown', () => {
    const current: CurrentKey = { ...under(1), IsPresumed: true };
    expect(detectDrift([key(1)], current, REGION)).toEqual({
      Drift: 0,
      Reason:
        'is under "alias/key-1"; the ledger does not know which key it resolved to when it was applied',
    });
  });

  it('finds a repointed alias in a ring of one, and any other key', () => {
    const ring = [key(1)];
    for (const [current, words] of [
      [under(2, 'alias/key-1'), 'resolves to another key than when it was'],
      [under(2, keyArn(2)), 'is not in its ring'],
    ] as const) {
      const { Drift, Reason } = detectDrift(ring, current, REGION);
      expect(Drift).toBe(1);
      expect(Reason).toContain(words);
    }
    expect(detectDrift(ring, under(1, keyArn(1)), REGION).Drift).toBe(0);
  });

  it('finds no drift exactly where a RESTORE keeps the key', () => {
    const state = fc.constantFrom('usable', 'usable', 'disabled', 'unknown');
    // One key is in one state, however often a ring names it.
    const states = fc.array(state, { minLength: 5, maxLength: 5 });
    const ring = states.chain((of) =>
      fc.array(
        fc.tuple(fc.nat(4), fc.constantFrom('a', 'b', 'c')).map(
          ([n, name]): ResolvedKey => ({
            ...{ usable: key, disabled, unknown }[of[n] ?? 'usable'](n),
            KeyId: `alias/${name}`,
          }),
        ),
        { minLength: 1, maxLength: 6 },
      ),
    );
    const current = fc.oneof(
      fc.constant(UNENCRYPTED),
      fc
        .tuple(fc.nat(6), fc.constantFrom('a', 'b', 'x'))
        .map(([n, name]) => under(n, `alias/${name}`)),
      fc
        .constantFrom('a', 'x')
        .map((name) => ({ KeyId: `alias/${name}`, KeyArn: null })),
    );
    const seen = new Set<number | null>();
    fc.assert(
      fc.property(ring, current, (ring, current) => {
        const { Drift, Reason } = detectDrift(ring, current, REGION);
        const KeyIds = ring.map(({ KeyId }) => KeyId);
        let restored: string | null = null;
        try {
          const request = { KeyIds, Mode: 'RESTORE' as const };
          restored = chooseKey(request, ring, current, REGION).KeyArn;
        } catch (error) {
          expect(error).toMatchObject({ name: 'UnusableKey' });
        }
        const stays = restored !== null && restored === current.KeyArn;
        expect(Drift).toBe(stays ? 0 : 1);
        expect(Reason).not.toContain('undefined');
        seen.add(Drift);
      }),
      { numRuns: 2000 },
    );
    expect(seen).toEqual(new Set([0, 1]));
  });
});
