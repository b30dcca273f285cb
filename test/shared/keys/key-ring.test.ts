import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsRefusal, RotationError } from '../../../shared/errors/errors.ts';
import {
  type CurrentKey,
  chooseKey,
  type ResolvedKey,
} from '../../../shared/keys/key-ring.ts';
import { keyArn, keyGuid, kmsKey, REGION } from '../../support/aws/kms-key.ts';

type Mode = 'ROTATE' | 'RESTORE';

const UNENCRYPTED: CurrentKey = { KeyId: null, KeyArn: null };

/** The nth key, under a text of the request's choice. */
function key(n: number, text = `alias/key-${n}`): ResolvedKey {
  return { KeyId: text, Metadata: kmsKey(n) };
}

function disabled(n: number): ResolvedKey {
  return {
    KeyId: `alias/key-${n}`,
    Metadata: kmsKey(n, { KeyState: 'Disabled' }),
  };
}

function unknown(n: number): ResolvedKey {
  const KeyId = `alias/key-${n}`;
  return {
    KeyId,
    Refusal: new AwsRefusal('NotFoundException', `KeyIds "${KeyId}": no key`),
  };
}

function under(n: number, text = `alias/key-${n}`): CurrentKey {
  return { KeyId: text, KeyArn: keyArn(n) };
}

function fromRing(ring: ResolvedKey[], current: CurrentKey, Mode?: Mode) {
  const KeyIds = ring.map(({ KeyId }) => KeyId);
  return chooseKey({ KeyIds, Mode }, ring, current, REGION);
}

function thrownBy(choose: () => unknown): Error {
  try {
    choose();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown');
}

/** Two to ten different keys, each usable, in any order. */
const usableRing = fc
  .uniqueArray(fc.nat(1000), { minLength: 2, maxLength: 10 })
  .map((numbers) => numbers.map((n) => key(n)));

/** A ring in which keys may repeat, be disabled or be unknown to KMS. */
const anyRing = fc.array(
  fc
    .tuple(fc.nat(4), fc.constantFrom('usable', 'disabled', 'unknown'))
    .chain(([n, state]) =>
      fc.string({ minLength: 1, maxLength: 3 }).map((text) => ({
        ...(state === 'usable'
          ? key(n)
          : state === 'disabled'
            ? disabled(n)
            : unknown(n)),
        KeyId: `alias/${text}`,
      })),
    ),
  { minLength: 2, maxLength: 8 },
);

const anyCurrent = fc.oneof(
  fc.constant(UNENCRYPTED),
  fc.nat(6).map((n) => under(n)),
  fc.constant({ KeyId: 'alias/deleted', KeyArn: null }),
);

describe('chooseKey with one KeyId', () => {
  it('returns the KeyId as written, with its resolved key ARN', () => {
    const chosen = chooseKey({}, [key(1, 'alias/orders')], under(2), REGION);

    expect(chosen).toEqual({ KeyId: 'alias/orders', KeyArn: keyArn(1) });
  });

  it('returns the key also when the stream already has it', () => {
    expect(chooseKey({}, [key(1)], under(1), REGION).KeyArn).toBe(keyArn(1));
  });

  it('refuses an unusable key, and names field, value and key', () => {
    const error = thrownBy(() =>
      chooseKey({}, [disabled(1)], UNENCRYPTED, REGION),
    );

    expect(error).toBeInstanceOf(RotationError);
    expect(error.name).toBe('UnusableKey');
    expect(error.message).toContain(`KeyId "alias/key-1": key ${keyArn(1)}`);
    expect(error.message).toContain('Disabled');
  });

  it('refuses a key of another Region than the stream', () => {
    const error = thrownBy(() =>
      chooseKey({}, [key(1)], UNENCRYPTED, 'eu-west-1'),
    );

    expect(error.name).toBe('UnusableKey');
    expect(error.message).toContain(`Region ${REGION}`);
    expect(error.message).toContain('eu-west-1');
  });

  it("hands KMS's own refusal on", () => {
    const resolved = unknown(1);

    const error = thrownBy(() =>
      chooseKey({}, [resolved], UNENCRYPTED, REGION),
    );

    expect(error).toBe(resolved.Refusal);
  });
});

describe('chooseKey ROTATE', () => {
  it('is the default', () => {
    expect(fromRing([key(1), key(2)], under(1)).KeyArn).toBe(keyArn(2));
  });

  it.each([
    ['of a stream without encryption', UNENCRYPTED],
    ['of a key outside the ring', under(9)],
    ['of a key that KMS forgot', { KeyId: 'alias/gone', KeyArn: null }],
  ])('starts with the first key %s', (_what, current) => {
    const ring = [key(1), key(2), key(3)];

    expect(fromRing(ring, current, 'ROTATE').KeyArn).toBe(keyArn(1));
  });

  it('compares keys by ARN, for any KeyId of the stream', () => {
    const ring = [key(1, 'alias/a'), key(2, 'alias/b'), key(3, 'alias/c')];

    expect(fromRing(ring, under(2, keyGuid(2)), 'ROTATE')).toEqual({
      KeyId: 'alias/c',
      KeyArn: keyArn(3),
    });
  });

  it('does not confuse two keys with the same KeyId', () => {
    const ring = [key(1, 'alias/a'), key(2, 'alias/b')];

    expect(fromRing(ring, under(9, 'alias/a'), 'ROTATE').KeyArn).toBe(
      keyArn(1),
    );
  });

  it("continues after the ring's key with the stream's KeyId", () => {
    const ring = [key(1, 'alias/a'), key(2), key(1, 'alias/z'), key(3)];

    expect(fromRing(ring, under(1, 'alias/a'), 'ROTATE').KeyArn).toBe(
      keyArn(2),
    );
    expect(fromRing(ring, under(1, 'alias/z'), 'ROTATE').KeyArn).toBe(
      keyArn(3),
    );
  });

  it('skips another name of the current key', () => {
    const ring = [key(1, 'alias/a'), key(1, 'alias/b'), key(2)];

    expect(fromRing(ring, under(1, 'alias/a'), 'ROTATE').KeyArn).toBe(
      keyArn(2),
    );
  });

  it('refuses a ring whose names are all one key, and names them', () => {
    const ring = [key(1, 'alias/a'), key(1, 'alias/b')];

    const error = thrownBy(() => fromRing(ring, under(2), 'ROTATE'));

    expect(error).toBeInstanceOf(RotationError);
    expect(error.name).toBe('InvalidKeyRing');
    expect(error.message).toContain('KeyIds ["alias/a","alias/b"]');
    expect(error.message).toContain(keyArn(1));
  });

  it('refuses an unusable next key instead of skipping it', () => {
    const ring = [key(1), disabled(2), key(3)];

    const error = thrownBy(() => fromRing(ring, under(1), 'ROTATE'));

    expect(error.name).toBe('UnusableKey');
    expect(error.message).toContain('KeyIds "alias/key-2"');
  });

  it("hands KMS's own refusal of the next key on", () => {
    const next = unknown(2);

    const error = thrownBy(() => fromRing([key(1), next], under(1), 'ROTATE'));

    expect(error).toBe(next.Refusal);
  });

  it('ignores an unusable key that is not the next one', () => {
    const ring = [key(1), key(2), disabled(3), unknown(4)];

    expect(fromRing(ring, under(1), 'ROTATE').KeyArn).toBe(keyArn(2));
  });

  it('visits every key of a usable ring, then returns to the first', () => {
    fc.assert(
      fc.property(usableRing, fc.nat(), (ring, start) => {
        const begin = start % ring.length;
        let current: CurrentKey = {
          KeyId: ring[begin]?.KeyId ?? null,
          KeyArn: ring[begin]?.Metadata?.Arn ?? null,
        };
        const visited: string[] = [];
        for (let step = 0; step < ring.length; step++) {
          const chosen = fromRing(ring, current, 'ROTATE');
          visited.push(chosen.KeyArn);
          current = chosen;
        }

        const inOrder = [
          ...ring.slice(begin + 1),
          ...ring.slice(0, begin + 1),
        ].map(({ Metadata }) => Metadata?.Arn);
        expect(visited).toEqual(inOrder);
      }),
    );
  });

  it('never returns the current, an unusable or a foreign key', () => {
    fc.assert(
      fc.property(anyRing, anyCurrent, (ring, current) => {
        let chosen: ReturnType<typeof fromRing>;
        try {
          chosen = fromRing(ring, current, 'ROTATE');
        } catch (error) {
          expect([
            'UnusableKey',
            'InvalidKeyRing',
            'NotFoundException',
          ]).toContain((error as Error).name);
          return;
        }

        expect(chosen.KeyArn).not.toBe(current.KeyArn);
        const found = ring.find(
          ({ KeyId, Metadata }) =>
            KeyId === chosen.KeyId && Metadata?.Arn === chosen.KeyArn,
        );
        expect(found?.Metadata?.KeyState).toBe('Enabled');
      }),
      { numRuns: 500 },
    );
  });
});

describe('chooseKey of a ring of one alias', () => {
  it.each(['ROTATE', 'RESTORE'] as const)(
    'returns with %s the key to which it resolves, or its refusal',
    (mode) => {
      const entry = fc
        .tuple(fc.nat(3), fc.constantFrom(key, disabled, unknown))
        .map(
          ([n, make]): ResolvedKey => ({
            ...make(n),
            KeyId: 'alias/orders',
          }),
        );
      const current = fc.oneof(
        anyCurrent,
        fc.nat(3).map((n) => under(n, 'alias/orders')),
      );
      fc.assert(
        fc.property(entry, current, (only, now) => {
          const { KeyId, Metadata } = only;
          if (Metadata?.KeyState === 'Enabled') {
            const chosen = fromRing([only], now, mode);
            expect(chosen).toEqual({ KeyId, KeyArn: Metadata.Arn });
            return;
          }
          const error = thrownBy(() => fromRing([only], now, mode));
          expect(error.name).not.toBe('InvalidKeyRing');
          expect(error.message).toContain(
            Metadata === undefined ? 'no key' : 'Disabled',
          );
        }),
      );
    },
  );
});

describe('chooseKey RESTORE', () => {
  it("keeps the stream's KeyId", () => {
    const ring = [key(1, keyArn(1)), key(1), key(2)];

    expect(fromRing(ring, under(1), 'RESTORE').KeyId).toBe('alias/key-1');
  });

  it('keeps a usable key of the ring', () => {
    const ring = [key(1), key(2)];

    expect(fromRing(ring, under(2), 'RESTORE').KeyArn).toBe(keyArn(2));
  });

  it.each([
    ['a stream without encryption', UNENCRYPTED],
    ['a key outside the ring', under(9)],
    ['a key that KMS forgot', { KeyId: 'alias/gone', KeyArn: null }],
    ['a disabled key of the ring', under(3)],
  ])('returns the first usable key for %s', (_what, current) => {
    const ring = [unknown(0), disabled(3), key(2), key(1)];

    expect(fromRing(ring, current, 'RESTORE')).toEqual({
      KeyId: 'alias/key-2',
      KeyArn: keyArn(2),
    });
  });

  const denied = (n: number): ResolvedKey => ({
    KeyId: `alias/key-${n}`,
    Refusal: new AwsRefusal('AccessDeniedException', `key ${n}: denied`),
  });

  it.each<[string, CurrentKey]>([
    ['is unknown', { KeyId: 'alias/key-1', KeyArn: null }],
    ['is known from the ledger', under(1)],
  ])(
    'does not move a stream off a key that may not be described and %s',
    (_, current) => {
      const ring = [denied(1), key(2)];

      expect(() => fromRing(ring, current, 'RESTORE')).toThrow('key 1: denied');
    },
  );

  it('keeps a key under another name where one name is denied', () => {
    const ring = [denied(1), key(2), key(1, keyArn(1))];

    expect(fromRing(ring, under(1), 'RESTORE').KeyId).toBe(keyArn(1));
  });

  it('reports a denial, not an unusable key, where no key is usable', () => {
    const ring = [disabled(1), denied(2)];

    const error = thrownBy(() => fromRing(ring, under(1), 'RESTORE'));

    expect(error.name).toBe('AccessDeniedException');
  });

  it('explains for every key of the ring why it is unusable', () => {
    const ring = [disabled(1), unknown(2)];

    const error = thrownBy(() => fromRing(ring, under(1), 'RESTORE'));

    expect(error).toBeInstanceOf(RotationError);
    expect(error.name).toBe('UnusableKey');
    expect(error.message).toContain('KeyIds "alias/key-1"');
    expect(error.message).toContain('Disabled');
    expect(error.message).toContain('; KeyIds "alias/key-2": no key');
  });

  it('never moves a stream off a usable key of the ring', () => {
    fc.assert(
      fc.property(anyRing, fc.nat(6), (ring, n) => {
        const isThere = ring.some(
          ({ Metadata }) =>
            Metadata?.Arn === keyArn(n) && Metadata.KeyState === 'Enabled',
        );
        fc.pre(isThere);
        // Disabled in one place and enabled in another is no state of a key.
        const ringOfFacts = ring.map((each) =>
          each.Metadata?.Arn === keyArn(n)
            ? { ...each, Metadata: kmsKey(n) }
            : each,
        );

        const chosen = fromRing(ringOfFacts, under(n), 'RESTORE');

        expect(chosen.KeyArn).toBe(keyArn(n));
      }),
    );
  });

  it('returns a usable key if the ring has one, and refuses otherwise', () => {
    fc.assert(
      fc.property(anyRing, anyCurrent, (ring, current) => {
        const usable = ring
          .filter(({ Metadata }) => Metadata?.KeyState === 'Enabled')
          .map(({ Metadata }) => Metadata?.Arn);

        if (usable.length === 0) {
          const error = thrownBy(() => fromRing(ring, current, 'RESTORE'));
          expect(error.name).toBe('UnusableKey');
        } else {
          const chosen = fromRing(ring, current, 'RESTORE');
          expect(usable).toContain(chosen.KeyArn);
        }
      }),
      { numRuns: 500 },
    );
  });
});
