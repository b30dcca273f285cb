import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequest } from '../../../shared/contract/request.ts';
import { RotationError } from '../../../shared/errors/errors.ts';
import type { CurrentKey, ResolvedKey } from '../../../shared/keys/key-ring.ts';
import {
  emptyEntry,
  type LastApplied,
  type Lease,
} from '../../../shared/ledger/entry.ts';
import { CLOCK_MARGIN_MS } from '../../../shared/ledger/window.ts';
import {
  BUSY_TIMEOUT_MS,
  LEASE_MS,
  RIGHTS_MS,
  UPDATE_TIMEOUT_MS,
  YOUNG_KEY_MS,
} from '../../../shared/rotation/deadlines.ts';
import {
  decidePlan,
  type PlanningFacts,
} from '../../../shared/rotation/plan.ts';
import type {
  KeyPlan,
  Plan,
  StartResult,
} from '../../../shared/rotation/state.ts';
import { keyArn, keyGuid, kmsKey, REGION } from '../../support/aws/kms-key.ts';

const STREAM_ARN = `arn:aws:kinesis:${REGION}:123456789012:stream/orders`;
const EXECUTION = `arn:aws:states:${REGION}:123456789012:execution:rotate`;
const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const UNENCRYPTED: CurrentKey = { KeyId: null, KeyArn: null };

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Another rotation's, which moves the stream from key 1 to key 2. */
const OTHER: Lease = {
  RotationId: `${EXECUTION}:other`,
  StartedAt: iso(NOW - 1000),
  ExpiresAt: NOW + 1000,
  KeyId: 'alias/key-2',
  KeyArn: keyArn(2),
  PreviousKeyId: 'alias/key-1',
  PreviousKeyArn: keyArn(1),
};

function key(n: number): ResolvedKey {
  return { KeyId: `alias/key-${n}`, Metadata: kmsKey(n) };
}

function under(n: number): CurrentKey {
  return { KeyId: `alias/key-${n}`, KeyArn: keyArn(n) };
}

/** A request for the keys with these numbers, of a stream under key 1. */
function facts(
  numbers: number[],
  differing: Partial<PlanningFacts> = {},
  fields: object = {},
): PlanningFacts {
  const Keys = numbers.map(key);
  const texts = Keys.map(({ KeyId }) => KeyId);
  return {
    RotationId: `${EXECUTION}:mine`,
    StartedAt: iso(NOW),
    Request: parseRequest({
      StreamName: 'orders',
      ...(texts.length === 1 ? { KeyId: texts[0] } : { KeyIds: texts }),
      ...fields,
    }),
    Stream: stream('ACTIVE'),
    Keys,
    Current: under(1),
    Entry: emptyEntry(STREAM_ARN),
    Now: NOW,
    ...differing,
  };
}

function stream(
  StreamStatus: 'ACTIVE' | 'UPDATING' | 'CREATING' | 'DELETING',
): PlanningFacts['Stream'] {
  return { StreamName: 'orders', StreamARN: STREAM_ARN, StreamStatus };
}

function keyPlan(planned: PlanningFacts): KeyPlan {
  const plan = decidePlan(planned);
  if (plan.Decision === 'STREAM_BUSY') throw new Error('The stream is busy');
  return plan;
}

function thrownBy(plan: () => unknown): Error {
  try {
    plan();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown');
}

describe('decidePlan with UnlessAppliedSince', () => {
  const applied = (AppliedAt: number, Current = under(1)) =>
    decidePlan(
      facts(
        [1, 2],
        {
          Entry: {
            ...emptyEntry(STREAM_ARN),
            LastApplied: { KeyId: 'alias/key-1', KeyArn: keyArn(1), AppliedAt },
          },
          Current,
        },
        { UnlessAppliedSince: iso(NOW) },
      ),
    );

  it('leaves a stream alone to which a key was applied since', () => {
    // By a clock that is up to the margin behind that of the schedule.
    const earliest = applied(NOW - CLOCK_MARGIN_MS);
    expect(earliest).toMatchObject({ Decision: 'UNCHANGED' });
    expect(applied(NOW)).toMatchObject({
      Decision: 'UNCHANGED',
      KeyId: 'alias/key-1',
      KeyArn: keyArn(1),
      Reason: expect.stringContaining(iso(NOW)),
    });
  });

  it.each([
    ['to which one was applied before', NOW - CLOCK_MARGIN_MS - 1, under(1)],
    ['that is not encrypted', NOW, UNENCRYPTED],
    ['whose key is unknown', NOW, { KeyId: 'alias/key-1', KeyArn: null }],
  ])('moves a stream %s', (_, at, current) => {
    expect(applied(at, current)).toMatchObject({ Decision: 'ROTATE' });
  });
});

describe('decidePlan', () => {
  it('moves a stream to another key', () => {
    expect(decidePlan(facts([2]))).toEqual({
      RotationId: `${EXECUTION}:mine`,
      StartedAt: iso(NOW),
      StreamName: 'orders',
      StreamARN: STREAM_ARN,
      EncryptionType: 'KMS',
      Decision: 'ROTATE',
      Reason: 'the stream is under alias/key-1',
      KeyId: 'alias/key-2',
      KeyArn: keyArn(2),
      PreviousKeyId: 'alias/key-1',
      PreviousKeyArn: keyArn(1),
      LastAppliedAt: null,
      WaitSeconds: 1,
      OnQuotaExhausted: 'FAIL',
      OnVerificationFailed: 'ROLL_BACK',
      KeepSlotForRollback: false,
      QuotaDeadline: '2026-01-03T00:00:00Z',
    });
  });

  it('encrypts a stream that is not encrypted', () => {
    expect(keyPlan(facts([2], { Current: UNENCRYPTED }))).toMatchObject({
      Decision: 'ROTATE',
      Reason: 'the stream is not encrypted',
      KeyArn: keyArn(2),
      PreviousKeyId: null,
      PreviousKeyArn: null,
    });
  });

  it('leaves a stream that has the key, under the name that it has', () => {
    const Current = { KeyId: keyGuid(1), KeyArn: keyArn(1) };

    expect(keyPlan(facts([1], { Current }))).toMatchObject({
      Decision: 'UNCHANGED',
      KeyId: keyGuid(1),
      KeyArn: keyArn(1),
    });
  });

  it('warns of no way back only where a rollback is wanted', () => {
    const differing = { Current: UNENCRYPTED };
    expect(keyPlan(facts([2], differing)).NoWayBack).toContain('not encrypted');
    const kept = facts([2], differing, { OnVerificationFailed: 'KEEP' });
    expect(keyPlan(kept)).not.toHaveProperty('NoWayBack');
  });

  it('knows no earlier key of another alias, or of the same key', () => {
    expect(keyPlan(facts([2]))).not.toHaveProperty('RepointedFrom');
    expect(keyPlan(facts([1]))).not.toHaveProperty('RepointedFrom');
    const Current = { KeyId: 'alias/key-1', KeyArn: null };
    expect(keyPlan(facts([1], { Current }))).not.toHaveProperty(
      'RepointedFrom',
    );
  });

  it('applies the key again when forced, as the request names it', () => {
    const Current = { KeyId: keyGuid(1), KeyArn: keyArn(1) };

    const plan = keyPlan(facts([1], { Current }, { Force: true }));

    expect(plan).toMatchObject({ Decision: 'ROTATE', KeyId: 'alias/key-1' });
    expect(plan.Reason).toContain('Force');
  });

  it('moves a stream whose alias was pointed at another key', () => {
    const Current = { KeyId: 'alias/key-1', KeyArn: keyArn(9) };

    expect(keyPlan(facts([1], { Current }))).toMatchObject({
      Decision: 'ROTATE',
      Reason: 'alias/key-1 resolves to another key than when it was applied',
      RepointedFrom: keyArn(9),
      KeyId: 'alias/key-1',
      KeyArn: keyArn(1),
      PreviousKeyId: 'alias/key-1',
      PreviousKeyArn: keyArn(9),
    });
  });

  it('moves a stream off a key that KMS forgot', () => {
    const Current = { KeyId: 'alias/gone', KeyArn: null };

    expect(keyPlan(facts([1], { Current }))).toMatchObject({
      Decision: 'ROTATE',
      Reason: 'the stream is under alias/gone',
      PreviousKeyId: 'alias/gone',
    });
  });

  it('keeps with RESTORE what it leaves with ROTATE', () => {
    const restored = keyPlan(facts([2, 1], {}, { Mode: 'RESTORE' }));
    const rotated = keyPlan(facts([2, 1], {}, { Mode: 'ROTATE' }));

    expect(restored).toMatchObject({
      Decision: 'UNCHANGED',
      KeyArn: keyArn(1),
    });
    expect(rotated).toMatchObject({ Decision: 'ROTATE', KeyArn: keyArn(2) });
  });

  it('passes on what decides nothing', () => {
    const fields = {
      OnQuotaExhausted: 'WAIT',
      Probe: { PartitionKey: 'p', Data: '' },
      Trigger: { Source: 'alarm', AlarmName: 'drift' },
    };

    expect(decidePlan(facts([2], {}, fields))).toMatchObject(fields);
  });

  it.each([
    ['ROLL_BACK', expect.stringContaining('KeyState Disabled')],
    ['KEEP', undefined],
  ] as const)(
    'explains why a rollback would be impossible with %s',
    (OnVerificationFailed, NoWayBack) => {
      const Former = {
        KeyId: 'alias/key-1',
        Metadata: kmsKey(1, { KeyState: 'Disabled' }),
      };
      const planned = facts([2], { Former }, { OnVerificationFailed });
      expect(keyPlan(planned).NoWayBack).toEqual(NoWayBack);
    },
  );

  it('counts the quota deadline from the start of the rotation', () => {
    const plan = decidePlan(facts([2], { Now: NOW + 5 * UPDATE_TIMEOUT_MS }));

    expect(plan.QuotaDeadline).toBe('2026-01-03T00:00:00Z');
  });

  it('says what the ledger last saw applied', () => {
    const LastApplied = { ...under(1), AppliedAt: NOW - 5 } as LastApplied;
    const Entry = { ...emptyEntry(STREAM_ARN), LastApplied };

    expect(keyPlan(facts([2], { Entry })).LastAppliedAt).toBe(NOW - 5);
    const Stops = [{ RequestId: 'stop', At: NOW - 3, By: 'unknown' }];
    const stopped = { ...emptyEntry(STREAM_ARN), Stops };
    expect(keyPlan(facts([2], { Entry: stopped })).LastAppliedAt).toBe(NOW - 3);
  });

  it("refuses a key of another Region than the stream's", () => {
    const Stream = {
      ...stream('ACTIVE'),
      StreamARN: STREAM_ARN.replace(REGION, 'eu-west-1'),
    };

    const error = thrownBy(() => decidePlan(facts([2], { Stream })));

    expect(error.name).toBe('UnusableKey');
    expect(error.message).toContain('alias/key-2');
    expect(error.message).toContain('eu-west-1');
  });

  it('says of a stream that stays that it has the key', () => {
    expect(keyPlan(facts([1])).Reason).toBe('the stream already has the key');
  });

  it('waits for the quota for 48 hours, and has minutes left to verify', () => {
    const { QuotaDeadline } = decidePlan(facts([2]));
    expect(Date.parse(QuotaDeadline) - NOW).toBe(48 * 3_600_000);
    expect(LEASE_MS - UPDATE_TIMEOUT_MS).toBeGreaterThanOrEqual(600_000);
  });

  it('is not misled by the request, which is all that was there before', () => {
    const Previous = { StreamName: 'orders', KeyId: 'alias/key-2' } as object;
    expect(decidePlan(facts([2], { Previous })).Decision).toBe('ROTATE');
  });

  it('holds a stream for longer than an update may take', () => {
    expect(LEASE_MS).toBeGreaterThan(UPDATE_TIMEOUT_MS);
  });

  it('rotates exactly where the key is another one', () => {
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.option(fc.nat(3)),
        fc.boolean(),
        (n, m, Force) => {
          const Current = m === null ? UNENCRYPTED : under(m);

          const plan = keyPlan(facts([n], { Current }, { Force }));

          expect(plan.Decision).toBe(
            n === m && !Force ? 'UNCHANGED' : 'ROTATE',
          );
          expect(plan.KeyArn).toBe(keyArn(n));
        },
      ),
    );
  });
});

describe('decidePlan for a ring of one alias', () => {
  const ALIAS = 'alias/orders';
  /** The nth key under the alias. */
  const resolved = (n: number): ResolvedKey => ({
    KeyId: ALIAS,
    Metadata: kmsKey(n),
  });
  const ofRing = (
    n: number,
    Current: CurrentKey,
    fields: object = {},
    differing: Partial<PlanningFacts> = {},
  ) =>
    keyPlan({
      ...facts([1], { Current, Keys: [resolved(n)], ...differing }),
      Request: parseRequest({
        StreamName: 'orders',
        KeyIds: [ALIAS],
        ...fields,
      }),
    });

  it('applies the alias exactly where it is or may be another key', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.nat(2),
        fc.nat(2),
        fc.constantFrom(ALIAS, 'alias/other', 'its ARN', 'no key'),
        fc.boolean(),
        fc.constantFrom('ROTATE', 'RESTORE', undefined),
        fc.boolean(),
        (now, then, name, IsPresumed, Mode, Force) => {
          const Current: CurrentKey =
            name === 'no key'
              ? UNENCRYPTED
              : name === 'its ARN'
                ? { KeyId: keyArn(then), KeyArn: keyArn(then) }
                : {
                    KeyId: name,
                    KeyArn: keyArn(then),
                    ...(IsPresumed && { IsPresumed }),
                  };
          const plan = ofRing(now, Current, { Mode, Force });

          const isSame = Current.KeyArn === keyArn(now);
          const isUnknown = Current.IsPresumed && Mode !== 'RESTORE';
          const isApplied = !isSame || isUnknown || Force;
          expect(plan.Decision).toBe(isApplied ? 'ROTATE' : 'UNCHANGED');
          expect(plan.KeyArn).toBe(keyArn(now));
          expect(plan.KeyId).toBe(isApplied ? ALIAS : Current.KeyId);
          const isRepointed = name === ALIAS && !isSame;
          expect(plan.RepointedFrom).toBe(
            isRepointed ? keyArn(then) : undefined,
          );
          seen.add(`${plan.Decision} ${plan.Reason.replace(/\S+\/\S+/g, '')}`);
        },
      ),
      { numRuns: 2000 },
    );
    expect(seen.size).toBeGreaterThanOrEqual(7);
  });

  it('claims no former key where the ledger does not know it', () => {
    const Current: CurrentKey = {
      KeyId: ALIAS,
      KeyArn: keyArn(1),
      IsPresumed: true,
    };
    expect(ofRing(1, Current, {}, { Former: resolved(1) })).toMatchObject({
      Decision: 'ROTATE',
      Reason:
        'the ledger does not know which key alias/orders was when it was applied',
      PreviousKeyId: ALIAS,
      PreviousKeyArn: null,
      NoWayBack: 'the ledger does not know which key "alias/orders" was before',
    });
    expect(ofRing(1, Current, { Mode: 'RESTORE' })).toMatchObject({
      Decision: 'UNCHANGED',
      PreviousKeyArn: keyArn(1),
      Reason: expect.stringContaining('Force applies it again'),
    });
  });

  it('leaves a KeyId whose earlier key is unknown, and says so', () => {
    const Current: CurrentKey = { ...under(1), IsPresumed: true };
    expect(keyPlan(facts([1], { Current }))).toMatchObject({
      Decision: 'UNCHANGED',
      Reason: expect.stringContaining('Force applies it again'),
    });
    expect(keyPlan(facts([2], { Current }))).toMatchObject({
      PreviousKeyArn: keyArn(1),
    });
  });

  it('warns where the key before the repointed alias is unusable', () => {
    const Former = {
      KeyId: keyArn(9),
      Metadata: kmsKey(9, { KeyState: 'Disabled' }),
    };
    const Current = { KeyId: ALIAS, KeyArn: keyArn(9) };
    expect(ofRing(1, Current, {}, { Former }).NoWayBack).toContain(keyArn(9));
  });

  it('leaves an alias that was repointed after a key since UnlessAppliedSince', () => {
    const LastApplied = { KeyId: ALIAS, KeyArn: keyArn(9), AppliedAt: NOW };
    const Entry = { ...emptyEntry(STREAM_ARN), LastApplied };
    const Current = { KeyId: ALIAS, KeyArn: keyArn(9) };
    const since = (at: number) =>
      ofRing(1, Current, { UnlessAppliedSince: iso(at) }, { Entry });
    expect(since(NOW)).toMatchObject({
      Decision: 'UNCHANGED',
      KeyArn: keyArn(9),
    });
    expect(since(NOW + CLOCK_MARGIN_MS + 1)).toMatchObject({
      Decision: 'ROTATE',
      KeyArn: keyArn(1),
    });
  });

  it('agrees with another rotation that applies the alias', () => {
    const lease = { ...OTHER, KeyId: ALIAS, PreviousKeyId: ALIAS };
    const Entry = { ...emptyEntry(STREAM_ARN), Lease: lease };
    for (const Mode of ['ROTATE', 'RESTORE']) {
      const Current = { KeyId: ALIAS, KeyArn: keyArn(1) };
      expect(ofRing(2, Current, { Mode }, { Entry })).toMatchObject({
        HeldBy: OTHER.RotationId,
        KeyId: ALIAS,
        KeyArn: lease.KeyArn,
      });
    }
  });
});

describe('decidePlan for a busy stream', () => {
  const busy = { StreamName: 'orders', StreamARN: STREAM_ARN };

  it.each(['UPDATING', 'CREATING'] as const)('waits while %s', (status) => {
    const plan = decidePlan(facts([2], { Stream: stream(status) }));

    expect(plan).toMatchObject({
      ...busy,
      Decision: 'STREAM_BUSY',
      Reason: `the stream is ${status} because of another operation`,
      WaitSeconds: 1,
      BusySince: iso(NOW),
    });
    expect(plan).not.toHaveProperty('KeyId');
  });

  it('refuses a stream that is being deleted', () => {
    const error = thrownBy(() =>
      decidePlan(facts([2], { Stream: stream('DELETING') })),
    );

    expect(error).toBeInstanceOf(RotationError);
    expect(error.name).toBe('StreamBusy');
    expect(error.message).toContain('StreamName "orders" is DELETING');
  });

  it('waits longer the longer it has waited', () => {
    const first = decidePlan(facts([2], { Stream: stream('UPDATING') }));

    const second = decidePlan(
      facts([2], {
        Stream: stream('UPDATING'),
        Previous: { Plan: first },
        Now: NOW + 60_000,
      }),
    );

    expect(second).toMatchObject({ BusySince: iso(NOW), WaitSeconds: 6 });
  });

  it('waits also after Kinesis refused a Start because the stream was busy', () => {
    const Start: StartResult = {
      Status: 'STREAM_BUSY',
      Throttled: 0,
      LimitExceeded: 0,
      Unanswered: 0,
      StartedAt: iso(NOW),
      SlotId: 1,
    };
    const first = decidePlan(facts([2]));

    const second = decidePlan(
      facts([2], { Previous: { Plan: first, Start }, Now: NOW + 1000 }),
    );

    expect(second).toMatchObject({
      Decision: 'ROTATE',
      BusySince: iso(NOW + 1000),
    });
  });

  it('forgets an earlier wait that came to its end', () => {
    const first = decidePlan(facts([2], { Stream: stream('UPDATING') }));
    const ready = decidePlan(facts([2], { Previous: { Plan: first } }));
    const QUOTA = {
      Status: 'QUOTA_EXHAUSTED',
      Cause: 'none left',
      NextAvailableAt: iso(NOW),
    } as const;

    const later = decidePlan(
      facts([2], {
        Stream: stream('UPDATING'),
        Previous: { Plan: ready, Reservation: QUOTA },
        Now: NOW + 24 * BUSY_TIMEOUT_MS,
      }),
    );

    expect(later).toMatchObject({
      Decision: 'STREAM_BUSY',
      BusySince: iso(NOW + 24 * BUSY_TIMEOUT_MS),
    });
  });

  it('gives up in the end, and says since when it waited', () => {
    let now = NOW;
    let plan: Plan | undefined;
    const error = thrownBy(() => {
      while (now < NOW + 2 * BUSY_TIMEOUT_MS) {
        plan = decidePlan(
          facts([2], {
            Stream: stream('UPDATING'),
            Previous: plan && { Plan: plan },
            Now: now,
          }),
        );
        now += plan.WaitSeconds * 1000;
      }
    });

    expect(error).toBeInstanceOf(RotationError);
    expect(error.name).toBe('StreamBusy');
    expect(error.message).toContain('StreamName "orders"');
    expect(error.message).toContain(`UPDATING since ${iso(NOW)}`);
    expect(now - NOW).toBeGreaterThanOrEqual(BUSY_TIMEOUT_MS);
    expect(now - NOW).toBeLessThan(BUSY_TIMEOUT_MS + 15_000);
  });

  it('gives up also when only Kinesis says that the stream is busy', () => {
    let now = NOW;
    let Plan = decidePlan(facts([2]));
    const error = thrownBy(() => {
      while (now < NOW + 2 * BUSY_TIMEOUT_MS) {
        const Start: StartResult = {
          Status: 'STREAM_BUSY',
          Throttled: 0,
          LimitExceeded: 0,
          Unanswered: 0,
          StartedAt: iso(now),
          SlotId: 1,
        };
        now += Plan.WaitSeconds * 1000;
        Plan = decidePlan(facts([2], { Previous: { Plan, Start }, Now: now }));
      }
    });

    expect(error.name).toBe('StreamBusy');
    expect(error.message).toContain('has been busy since');
  });
});

describe('decidePlan while another rotation holds the stream', () => {
  const Entry = { ...emptyEntry(STREAM_ARN), Lease: OTHER };

  it.each([
    ['before the change', 'ACTIVE', under(1)],
    ['during the change', 'UPDATING', under(2)],
    ['after the change', 'ACTIVE', under(2)],
  ] as const)(
    'plans ROTATE from where the other began, %s',
    (_when, status, Current) => {
      const Stream = stream(status);

      const plan = keyPlan(facts([1, 2, 3], { Stream, Current, Entry }));

      expect(plan).toMatchObject({
        Decision: 'ROTATE',
        Reason: `${EXECUTION}:other holds the stream`,
        HeldBy: `${EXECUTION}:other`,
        KeyArn: keyArn(2),
        PreviousKeyId: 'alias/key-1',
        PreviousKeyArn: keyArn(1),
      });
    },
  );

  it.each([under(1), under(2)])(
    'plans RESTORE from where the other goes, found under %j',
    (Current) => {
      const Stream = stream('UPDATING');

      const plan = keyPlan(
        facts([1, 2], { Stream, Current, Entry }, { Mode: 'RESTORE' }),
      );

      expect(plan).toMatchObject({ Decision: 'ROTATE', KeyArn: keyArn(2) });
    },
  );

  it('counts from an alias that is applied again, whose earlier key is unknown', () => {
    const Lease = {
      ...OTHER,
      KeyId: 'alias/key-1',
      KeyArn: keyArn(1),
      PreviousKeyArn: null,
    };
    const Entry = { ...emptyEntry(STREAM_ARN), Lease };
    expect(keyPlan(facts([1, 2], { Entry })).KeyArn).toBe(keyArn(2));
  });

  it('leaves it to the ledger to refuse another key', () => {
    expect(keyPlan(facts([3], { Entry }))).toMatchObject({
      Decision: 'ROTATE',
      KeyArn: keyArn(3),
    });
  });

  it('still heeds a lease within the clock margin, and not after it', () => {
    const Current = under(2);
    const within = OTHER.ExpiresAt + CLOCK_MARGIN_MS - 1;
    const after = OTHER.ExpiresAt + CLOCK_MARGIN_MS + 1;

    expect(keyPlan(facts([2], { Entry, Current, Now: within })).Decision).toBe(
      'ROTATE',
    );
    expect(keyPlan(facts([2], { Entry, Current, Now: after })).Decision).toBe(
      'UNCHANGED',
    );
  });

  it('does not take its own lease for that of another', () => {
    const mine = { ...OTHER, RotationId: `${EXECUTION}:mine` };
    const Current = under(2);

    const plan = keyPlan(
      facts([2], { Current, Entry: { ...Entry, Lease: mine } }),
    );

    expect(plan.Decision).toBe('UNCHANGED');
  });
});

describe('the deadline of rights', () => {
  const verified = { ...emptyEntry(STREAM_ARN), VerifiedAt: NOW - 1 };
  const created = (ms: number) => [
    { ...key(2), Metadata: kmsKey(2, { CreationDate: new Date(NOW - ms) }) },
  ];
  const later = { RightsDeadline: iso(NOW + RIGHTS_MS).replace('.000', '') };

  it.each<[string, Partial<PlanningFacts>, object | undefined]>([
    ['a stream that was never verified', { IsListed: true }, later],
    ['one that rotations.yml does not list', { IsListed: false }, undefined],
    ['a verified one', { IsListed: true, Entry: verified }, undefined],
    [
      'a verified one and a new key',
      { IsListed: true, Entry: verified, Keys: created(YOUNG_KEY_MS - 1) },
      later,
    ],
    [
      'a verified one and a key that is not new any more',
      { IsListed: true, Entry: verified, Keys: created(YOUNG_KEY_MS) },
      undefined,
    ],
  ])('for %s', (_, differing, expected = {}) => {
    const plan = decidePlan(facts([2], differing));
    const { RightsDeadline } = plan as KeyPlan;
    expect({ ...(RightsDeadline && { RightsDeadline }) }).toEqual(expected);
  });

  it('is there behind another rotation as well', () => {
    const Entry = { ...emptyEntry(STREAM_ARN), Lease: OTHER };
    const plan = decidePlan(facts([2], { IsListed: true, Entry }));
    expect(plan).toMatchObject({ HeldBy: expect.any(String), ...later });
  });
});

describe('decidePlan with Mode REVERT', () => {
  const moved: LastApplied = {
    KeyId: 'alias/key-2',
    KeyArn: keyArn(2),
    AppliedAt: NOW - 60_000,
    Previous: { KeyId: 'alias/key-1', KeyArn: keyArn(1) },
  };
  const entryOf = (LastApplied: LastApplied) => ({
    ...emptyEntry(STREAM_ARN),
    LastApplied,
  });
  const REVERT = { Mode: 'REVERT' };
  const reverting = (
    differing: Partial<PlanningFacts> = {},
    fields: object = {},
  ) =>
    facts(
      [1, 2, 3],
      { Current: under(2), Entry: entryOf(moved), ...differing },
      { ...REVERT, ...fields },
    );

  it('returns, with one slot and no bake', () => {
    const fields = {
      KeepSlotForRollback: true,
      BakeMinutes: 10,
      BakeAlarms: ['a'],
    };
    const plan = keyPlan(reverting({}, fields));
    expect(plan).toMatchObject({
      Decision: 'ROTATE',
      Reason: 'the stream returns to the key before alias/key-2',
      KeyArn: keyArn(1),
      PreviousKeyArn: keyArn(2),
      IsReturn: true,
      KeepSlotForRollback: false,
    });
    expect(plan).not.toHaveProperty('Bake');
    expect(plan).not.toHaveProperty('Warning');
  });

  it.each([under(2), { ...under(2), IsPresumed: true as const }])(
    'changes nothing where it cannot return, with a warning: %j',
    (Current) => {
      const Entry = entryOf({ ...moved, IsReturn: true });
      const Keys = [key(2)];
      const plan = keyPlan(reverting({ Current, Entry, Keys }));
      expect(plan).toMatchObject({
        Decision: 'UNCHANGED',
        KeyId: 'alias/key-2',
        Warning: expect.stringMatching(
          /^The stream keeps "alias\/key-2", and this rotation helps no writer or reader: the stream returned .* a return is not reverted$/,
        ),
      });
      expect(plan).not.toHaveProperty('IsReturn');
    },
  );

  it('warns where UnlessAppliedSince ends it', () => {
    const plan = keyPlan(reverting({}, { UnlessAppliedSince: iso(NOW) }));
    expect(plan).toMatchObject({
      Decision: 'UNCHANGED',
      Warning: expect.stringContaining('a key was applied at'),
    });
  });

  it('does not revert a key of an earlier stream of the same name', () => {
    const Stream = {
      ...stream('ACTIVE'),
      StreamCreationTimestamp: new Date(NOW),
    };
    const Entry = entryOf({ ...moved, AppliedAt: NOW - 3_600_000 });
    expect(keyPlan(reverting({ Stream, Entry })).Decision).toBe('UNCHANGED');
  });

  it('waits for a rotation that moves the stream on, for an hour', () => {
    const Entry = { ...entryOf(moved), Lease: OTHER };
    const plan = decidePlan(reverting({ Entry }));
    expect(plan).toMatchObject({
      Decision: 'STREAM_BUSY',
      BusySince: iso(NOW),
      Reason: `${EXECUTION}:other holds the stream`,
    });
    const later = NOW + BUSY_TIMEOUT_MS;
    const Lease = { ...OTHER, ExpiresAt: later };
    const again = reverting({
      Entry: { ...Entry, Lease },
      Previous: { Plan: plan },
      Now: later,
    });
    expect(thrownBy(() => decidePlan(again)).name).toBe('StreamBusy');
  });

  it.each([
    ['a REVERT', { IsReturn: true as const }],
    [
      'a rollback',
      { RollsBack: { KeyId: 'k', KeyArn: 'k', PreviousKeyId: 'k' } },
    ],
  ])('asks for the same key as %s that holds the stream', (_, returning) => {
    const Lease = { ...OTHER, ...returning };
    const Entry = { ...entryOf(moved), Lease };
    expect(keyPlan(reverting({ Entry }))).toMatchObject({
      Decision: 'ROTATE',
      KeyArn: OTHER.KeyArn,
      HeldBy: OTHER.RotationId,
    });
  });
});

describe('a RESTORE that changes nothing', () => {
  const warning = (Trigger?: object) =>
    keyPlan(facts([1, 2], {}, { Mode: 'RESTORE', ...(Trigger && { Trigger }) }))
      .Warning;

  it('warns where an alarm of the user started it', () => {
    expect(warning({ Source: 'alarm', AlarmName: 'mine' })).toBe(
      'The stream keeps "alias/key-1", and this rotation helps no writer or reader: the stream already has the key',
    );
    expect(warning({ Source: 'alarm' })).toBeDefined();
  });

  it.each([
    undefined,
    { Source: 'manual' },
    { Source: 'alarm', AlarmName: 'kinesis-key-rotation-prod-drift-orders' },
  ])('does not warn for %j', (trigger) => {
    expect(warning(trigger)).toBeUndefined();
  });

  it('does not warn where the key is applied', () => {
    const Current = under(3);
    const fields = { Mode: 'RESTORE', Trigger: { Source: 'alarm' } };
    const plan = keyPlan(facts([1, 2], { Current }, fields));
    expect(plan.Decision).toBe('ROTATE');
    expect(plan.Warning).toBeUndefined();
  });
});
