import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CurrentKey, ResolvedKey } from '../../../shared/keys/key-ring.ts';
import { chooseRevert } from '../../../shared/keys/revert.ts';
import type { LastApplied } from '../../../shared/ledger/entry.ts';
import { CLOCK_MARGIN_MS } from '../../../shared/ledger/window.ts';
import { keyArn, keyGuid, kmsKey, REGION } from '../../support/aws/kms-key.ts';

const NOW = Date.parse('2026-01-02T00:00:00.000Z');
const MINUTE = 60_000;

const alias = (n: number) => `alias/key-${n}`;
const key = (n: number, differing: object = {}): ResolvedKey => ({
  KeyId: alias(n),
  Metadata: kmsKey(n, differing),
});
const under = (n: number): CurrentKey => ({
  KeyId: alias(n),
  KeyArn: keyArn(n),
});
/** Key 2, which replaced key 1 an hour ago. */
const MOVED: LastApplied = {
  KeyId: alias(2),
  KeyArn: keyArn(2),
  AppliedAt: NOW - 60 * MINUTE,
  Previous: { KeyId: alias(1), KeyArn: keyArn(1) },
};

interface Given {
  ring?: readonly ResolvedKey[];
  current?: CurrentKey;
  former?: ResolvedKey;
  minutes?: number;
}

function revert(last: LastApplied | undefined, given: Given = {}) {
  const { ring = [key(1), key(2), key(3)], current = under(2) } = given;
  return chooseRevert({
    Request: {
      KeyIds: ring.map(({ KeyId }) => KeyId),
      ...(given.minutes !== undefined && {
        RevertWithinMinutes: given.minutes,
      }),
    },
    Keys: ring,
    Current: current,
    Former: given.former ?? key(2),
    Last: last,
    StartedAt: NOW,
    region: REGION,
  });
}

const returned = { KeyId: alias(1), KeyArn: keyArn(1), IsReturn: true };
const kept = { KeyId: alias(2), KeyArn: keyArn(2) };

describe('chooseRevert', () => {
  it('returns to the key before the last applied one, as the ring writes it', () => {
    expect(revert(MOVED)).toMatchObject(returned);
    const ring = [{ ...key(1), KeyId: 'alias/other-name' }, key(2)];
    expect(revert(MOVED, { ring }).KeyId).toBe('alias/other-name');
  });

  it.each<[string, LastApplied['Previous']]>([
    ['a key ID', { KeyId: keyGuid(1) }],
    ['a key ARN', { KeyId: keyArn(1) }],
    ['an alias of the ring', { KeyId: alias(1) }],
  ])('returns to what an external start left as %s', (_, Previous) => {
    const last: LastApplied = { ...MOVED, Previous: Previous ?? null };
    expect(revert(last)).toMatchObject(returned);
  });

  const { Previous: _, ...unknown } = MOVED;
  it.each<[string, LastApplied | undefined, Given, RegExp]>([
    ['an empty ledger', undefined, {}, /knows no key that was applied/],
    ['an entry of an earlier version', unknown, {}, /does not know the key/],
    [
      'a key that CloudTrail does not name',
      { ...MOVED, Previous: { KeyId: 'unknown' } },
      {},
      /does not know the key before/,
    ],
    [
      'a stream that was not encrypted before',
      { ...MOVED, Previous: null },
      {},
      /was not encrypted before "alias\/key-2"$/,
    ],
    [
      'a key that an unreported start applied',
      { ...MOVED, KeyId: alias(3), KeyArn: keyArn(3) },
      {},
      /is under "alias\/key-2", and the last key .* "alias\/key-3"$/,
    ],
    [
      'a return',
      { ...MOVED, IsReturn: true },
      {},
      /returned to "alias\/key-2" at 2026-01-01T23:00:00.000Z, and a return is not reverted$/,
    ],
    ['a key that is not in the ring', MOVED, { ring: [key(2), key(3)] }, /not/],
    [
      'an alias that was repointed',
      MOVED,
      { ring: [{ KeyId: alias(1), Metadata: kmsKey(4) }, key(2)] },
      /"alias\/key-1", is not a key of the ring now$/,
    ],
    [
      'a key that was applied again',
      { ...MOVED, Previous: { KeyId: alias(2), KeyArn: keyArn(2) } },
      {},
      /is the key that the stream is under$/,
    ],
    [
      'a disabled key',
      MOVED,
      { ring: [key(1, { KeyState: 'Disabled' }), key(2)] },
      /"alias\/key-1", has KeyState Disabled; use an Enabled key$/,
    ],
    [
      'a key that KMS does not know',
      MOVED,
      { ring: [{ KeyId: alias(1), Refusal: new Error('gone') }, key(2)] },
      /cannot be used: gone$/,
    ],
  ])('keeps the key, and says why: %s', (_, last, given, reason) => {
    const choice = revert(last, given);
    expect(choice).toMatchObject(kept);
    expect(choice.IsReturn).toBeUndefined();
    expect(choice.Reason).toMatch(reason);
  });

  it('leaves a denial of the key before to the rotation', () => {
    const Refusal = new Error('not authorized');
    Refusal.name = 'AccessDeniedException';
    const ring = [{ KeyId: alias(1), Refusal }, key(2)];
    expect(() => revert(MOVED, { ring })).toThrow('not authorized');
  });

  it.each([
    ['is not encrypted', { current: { KeyId: null, KeyArn: null } }],
    [
      'is under a disabled key that no return applied',
      { former: key(2, { KeyState: 'Disabled' }) },
    ],
  ])('does as RESTORE where a stream %s', (_, given) => {
    const last = { ...MOVED, Previous: null };
    const ring = [key(1), key(2, { KeyState: 'Disabled' })];
    const { Reason, ...choice } = revert(last, { ring, ...given });
    expect(choice).toEqual({ KeyId: alias(1), KeyArn: keyArn(1) });
    expect(Reason).not.toBe('');
  });

  it('leaves a stream under the key of a return, also where that is disabled', () => {
    const former = key(2, { KeyState: 'Disabled' });
    const last: LastApplied = { ...MOVED, IsReturn: true };
    expect(revert(last, { former, ring: [key(1), former] })).toMatchObject(
      kept,
    );
  });

  it('reverts within the window, to the minute, and nothing that came later', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 1, max: 10_080 }), { nil: undefined }),
        fc.integer({ min: -2 * CLOCK_MARGIN_MS, max: 11_000 * MINUTE }),
        (minutes, age) => {
          const last = { ...MOVED, AppliedAt: NOW - age };
          const { IsReturn } = revert(last, {
            ...(minutes !== undefined && { minutes }),
          });
          const isWithin =
            age <= (minutes ?? 1440) * MINUTE && age >= -CLOCK_MARGIN_MS;
          expect(IsReturn).toBe(isWithin ? true : undefined);
        },
      ),
      {
        examples: [
          [1, MINUTE],
          [1, MINUTE + 1],
          [undefined, 1440 * MINUTE],
        ],
      },
    );
  });

  it('chooses a usable key of the ring, or keeps the key, whatever the ledger says', () => {
    const anyKey = fc.integer({ min: 1, max: 4 });
    const previous = fc.option(
      fc.record(
        { KeyId: anyKey.map(alias), KeyArn: anyKey.map((n) => keyArn(n)) },
        { requiredKeys: ['KeyId'] },
      ),
    );
    const last = fc.record(
      {
        KeyId: anyKey.map(alias),
        KeyArn: anyKey.map((n) => keyArn(n)),
        AppliedAt: fc.integer({ min: NOW - 3000 * MINUTE, max: NOW }),
        Previous: previous,
        IsReturn: fc.constant<true>(true),
      },
      { requiredKeys: ['KeyId', 'AppliedAt'] },
    );
    const state = fc.constantFrom('Enabled' as const, 'Disabled' as const);
    const ring = fc
      .uniqueArray(fc.record({ n: anyKey, KeyState: state }), {
        selector: ({ n }) => n,
        minLength: 2,
      })
      .map((keys) => keys.map(({ n, KeyState }) => key(n, { KeyState })));
    fc.assert(
      fc.property(fc.option(last, { nil: undefined }), ring, (entry, keys) => {
        const choice = revert(entry, { ring: [...keys] });
        if (choice.IsReturn) {
          const chosen = keys.find(({ KeyId }) => KeyId === choice.KeyId);
          expect(chosen?.Metadata).toMatchObject({
            Arn: choice.KeyArn,
            KeyState: 'Enabled',
          });
          expect(entry?.IsReturn).toBeUndefined();
          expect(choice.KeyArn).not.toBe(keyArn(2));
        } else {
          expect(choice).toMatchObject(kept);
        }
      }),
    );
  });
});
