import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsRefusal } from '../../../shared/errors/errors.ts';
import { wholeSecond } from '../../../shared/events/iso-time.ts';
import type { CurrentKey, ResolvedKey } from '../../../shared/keys/key-ring.ts';
import { emptyEntry } from '../../../shared/ledger/entry.ts';
import {
  BUSY_TIMEOUT_MS,
  RIGHTS_MS,
} from '../../../shared/rotation/deadlines.ts';
import {
  noWayBack,
  planRollback,
  rollbackOutcome,
} from '../../../shared/rotation/rollback.ts';
import type { KeyPlan, PlannedState } from '../../../shared/rotation/state.ts';
import { keyArn, kmsKey, REGION } from '../../support/aws/kms-key.ts';

const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const ARN = `arn:aws:kinesis:${REGION}:123456789012:stream/orders`;

const plan: KeyPlan = {
  RotationId: 'r',
  StartedAt: new Date(T0).toISOString(),
  StreamName: 'orders',
  StreamARN: ARN,
  EncryptionType: 'KMS',
  Reason: '',
  WaitSeconds: 1,
  OnQuotaExhausted: 'WAIT',
  QuotaDeadline: new Date(T0).toISOString(),
  OnVerificationFailed: 'ROLL_BACK',
  KeepSlotForRollback: true,
  Decision: 'ROTATE',
  KeyId: 'alias/new',
  KeyArn: keyArn(1),
  PreviousKeyId: 'alias/old',
  PreviousKeyArn: keyArn(0),
  LastAppliedAt: null,
  HeldBy: 'another',
};
const ProbeFailure = { Error: 'KMSDisabledException', Cause: 'no' };
const old: ResolvedKey = { KeyId: 'alias/old', Metadata: kmsKey(0) };
const byArn: ResolvedKey = { KeyId: keyArn(0), Metadata: kmsKey(0) };
const elsewhere: ResolvedKey = { KeyId: 'alias/old', Metadata: kmsKey(2) };
const active = { StreamStatus: 'ACTIVE', KeyId: 'alias/new' } as const;

interface Given {
  Plan?: Partial<KeyPlan>;
  Start?: PlannedState['Start'];
  Stream?: Parameters<typeof planRollback>[0]['Stream'];
  Keys?: ResolvedKey[];
  Now?: number;
}

const planned = ({ Plan, Start, Stream, Keys, Now }: Given = {}): KeyPlan =>
  planRollback({
    State: {
      Plan: { ...plan, ...Plan },
      ProbeFailure,
      ...(Start && { Start }),
    },
    Stream: Stream ?? active,
    Keys: Keys ?? [old, byArn],
    Entry: {
      ...emptyEntry(ARN),
      LastApplied: { KeyId: 'alias/new', KeyArn: keyArn(1), AppliedAt: 7 },
    },
    Now: Now ?? T0,
  });

describe('planRollback', () => {
  it('waits for rights of its own where the rotation did', () => {
    const Now = T0 + 1000;
    const RightsDeadline = new Date(T0).toISOString();
    expect(planned({ Plan: { RightsDeadline }, Now }).RightsDeadline).toBe(
      wholeSecond(Now + RIGHTS_MS),
    );
    expect(planned({ Now })).not.toHaveProperty('RightsDeadline');
  });

  it('gives back the key before, as it was submitted', () => {
    const { HeldBy, ...rest } = planned();
    expect(HeldBy).toBeUndefined();
    expect(rest).toMatchObject({
      Decision: 'ROLL_BACK',
      KeyId: 'alias/old',
      KeyArn: keyArn(0),
      PreviousKeyId: 'alias/new',
      PreviousKeyArn: keyArn(1),
      LastAppliedAt: 7,
      OnQuotaExhausted: 'FAIL',
      KeepSlotForRollback: false,
      Rollback: { KeyId: 'alias/new', Failure: ProbeFailure },
    });
  });

  it('says why, and waits for nothing where the stream is not busy', () => {
    const plan = planned();
    expect(plan.Reason).toBe('alias/new is left: KMSDisabledException');
    expect(plan.WaitSeconds).toBe(1);
    expect(plan).not.toHaveProperty('BusySince');
  });

  it('takes no key for that of another principal while the stream is UPDATING', () => {
    const Stream = { StreamStatus: 'UPDATING', KeyId: 'alias/x' } as const;
    expect(planned({ Stream }).Decision).toBe('ROLL_BACK');
  });

  it('says that encryption was ended', () => {
    const Stream = { StreamStatus: 'ACTIVE' } as const;
    expect(planned({ Stream }).Rollback?.Impossible).toContain('to no key');
  });

  it('knows of no key that the ledger does not know of', () => {
    const { LastAppliedAt } = planRollback({
      State: { Plan: plan, ProbeFailure },
      Stream: active,
      Keys: [old, byArn],
      Entry: emptyEntry(ARN),
      Now: T0,
    });
    expect(LastAppliedAt).toBeNull();
  });

  it('builds on a Stop that the ledger knows of', () => {
    const Stops = [{ RequestId: 'stop', At: 9, By: 'unknown' }];
    const { LastAppliedAt } = planRollback({
      State: { Plan: plan, ProbeFailure },
      Stream: active,
      Keys: [old, byArn],
      Entry: { ...emptyEntry(ARN), Stops },
      Now: T0,
    });
    expect(LastAppliedAt).toBe(9);
  });

  it('gives it back by ARN where its text resolves to another key', () => {
    expect(planned({ Keys: [elsewhere, byArn] })).toMatchObject({
      Decision: 'ROLL_BACK',
      KeyId: keyArn(0),
    });
  });

  it.each<[string, Given, string]>([
    [
      'a stream that was not encrypted',
      { Plan: { PreviousKeyId: null, PreviousKeyArn: null } },
      'not encrypted before',
    ],
    [
      'the same key once more',
      { Plan: { PreviousKeyArn: keyArn(1) } },
      'it is also the previous key',
    ],
    ['a key that is gone', { Keys: [elsewhere] }, 'cannot be found'],
    [
      'a key that KMS does not let us see',
      {
        Keys: [
          {
            KeyId: 'alias/old',
            Refusal: new AwsRefusal('AccessDeniedException', 'not you'),
          },
        ],
      },
      'cannot be found: not you',
    ],
    [
      'a key that is unknown',
      { Plan: { PreviousKeyArn: null } },
      'the ledger does not know which key "alias/old" was before',
    ],
    [
      'a disabled key',
      {
        Keys: [{ ...old, Metadata: kmsKey(0, { KeyState: 'Disabled' }) }],
      },
      'KeyState Disabled',
    ],
    [
      'a stream that another principal has moved',
      { Stream: { StreamStatus: 'ACTIVE', KeyId: 'alias/other' } },
      'another principal has moved the stream to alias/other',
    ],
  ])('does not plan for %s', (_, given, reason) => {
    const { Decision, Rollback, KeyId } = planned(given);
    expect(Decision).toBe('ROTATE');
    expect(KeyId).toBe('alias/new');
    expect(Rollback?.Impossible).toContain(reason);
  });

  it('remembers since when the stream is busy, and gives up in the end', () => {
    const busy = {
      Status: 'STREAM_BUSY',
      Throttled: 0,
      LimitExceeded: 0,
      Unanswered: 0,
      StartedAt: '',
      SlotId: 1,
    } as const;
    const Stream = { StreamStatus: 'UPDATING', KeyId: 'alias/new' } as const;
    const first = planned({ Start: busy, Stream });
    expect(first).toMatchObject({
      Decision: 'ROLL_BACK',
      BusySince: new Date(T0).toISOString(),
    });
    const later = (Now: number) =>
      planned({ Plan: first, Start: busy, Stream, Now });
    const second = later(T0 + BUSY_TIMEOUT_MS - 1);
    expect(second.BusySince).toBe(first.BusySince);
    expect(second).toMatchObject({
      Decision: 'ROLL_BACK',
      KeyId: 'alias/old',
      Rollback: first.Rollback,
    });
    const last = later(T0 + BUSY_TIMEOUT_MS);
    expect(last.Decision).toBe('ROTATE');
    expect(last.Rollback?.Impossible).toContain(
      'UPDATING because of another operation',
    );
  });

  it('never plans for a key that is the refused one, or cannot be used', () => {
    const state = fc.constantFrom('Enabled' as const, 'Disabled' as const);
    const keys = fc.array(
      fc.tuple(fc.nat(3), state, fc.constantFrom('alias/old', keyArn(0))).map(
        ([n, KeyState, KeyId]): ResolvedKey => ({
          KeyId,
          Metadata: kmsKey(n, { KeyState }),
        }),
      ),
    );
    fc.assert(
      fc.property(keys, fc.nat(3), fc.nat(3), (Keys, before, target) => {
        const { Decision, KeyId, KeyArn } = planned({
          Keys,
          Plan: { KeyArn: keyArn(target), PreviousKeyArn: keyArn(before) },
        });
        if (Decision !== 'ROLL_BACK') return;
        expect(KeyArn).toBe(keyArn(before));
        expect(before).not.toBe(target);
        const key = Keys.find(
          (one) => one.KeyId === KeyId && one.Metadata?.Arn === KeyArn,
        );
        expect(key?.Metadata?.KeyState).toBe('Enabled');
      }),
    );
  });
});

describe('rollbackOutcome', () => {
  it('says nothing of a rotation that failed otherwise', () => {
    const Failure = { Error: 'KeyMismatch', Cause: '' };
    expect(rollbackOutcome({ Plan: plan, Failure })).toBeUndefined();
    expect(rollbackOutcome({ Plan: plan, ProbeFailure })).toBeUndefined();
  });

  const rolling: KeyPlan = planned();
  const Failure = {
    Error: 'StreamBusy',
    Cause: JSON.stringify({ errorMessage: 'for too long' }),
  };

  it.each([
    ['planning it did', { Plan: plan, ProbeFailure, Failure }],
    ['a later state did', { Plan: rolling, Failure }],
    [
      'the key before was refused, too',
      { Plan: rolling, ProbeFailure: Failure },
    ],
  ])('says that it failed, and why, where %s', (_, state) => {
    expect(rollbackOutcome(state)).toEqual({
      Status: 'FAILED',
      Cause: 'StreamBusy: for too long',
    });
  });

  it('says why it was impossible', () => {
    const Plan = planned({ Keys: [elsewhere] });
    expect(rollbackOutcome({ Plan, ProbeFailure })).toEqual({
      Status: 'IMPOSSIBLE',
      Cause: 'the previous key, "alias/old", cannot be found',
    });
  });

  it('proves that the stream has its key again', () => {
    const proof = {
      ShardId: 'shardId-000000000000',
      SequenceNumber: '1',
      EncryptionType: 'KMS',
    } as const;
    const ActiveAt = new Date(T0 + 1000).toISOString();
    const VerifiedAt = new Date(T0 + 6000).toISOString();
    const key = { KeyId: 'alias/old', KeyArn: keyArn(0) };
    const Description = { ActiveAt } as PlannedState['Description'];
    expect(
      rollbackOutcome({
        Plan: rolling,
        Description,
        Verification: { ...proof, VerifiedAt },
      }),
    ).toEqual({
      Status: 'ROLLED_BACK',
      ...key,
      ActiveAt,
      VerifiedAt,
      Verification: proof,
    });
    // An execution that was stopped may have got so far and no further.
    expect(rollbackOutcome({ Plan: rolling })).toStrictEqual({
      Status: 'ROLLED_BACK',
      ...key,
    });
  });
});

describe('noWayBack', () => {
  const current = { KeyId: 'alias/old', KeyArn: keyArn(0) };

  it('returns undefined for a key that was not described and for a usable key', () => {
    expect(noWayBack(current, undefined, REGION)).toBeUndefined();
    expect(noWayBack(current, old, REGION)).toBeUndefined();
  });

  it.each<[string, CurrentKey, ResolvedKey | undefined, RegExp]>([
    [
      'of a stream that is not encrypted',
      { KeyId: null, KeyArn: null },
      undefined,
      /^the stream is not encrypted now$/,
    ],
    [
      'of a disabled key',
      current,
      { KeyId: 'alias/old', Metadata: kmsKey(0, { KeyState: 'Disabled' }) },
      /"alias\/old", has KeyState Disabled/,
    ],
    [
      'of a disabled key whose alias was repointed',
      current,
      { KeyId: keyArn(0), Metadata: kmsKey(0, { KeyState: 'Disabled' }) },
      new RegExp(`"${keyArn(0)}", has KeyState Disabled`),
    ],
    [
      'of an alias whose key at the time is unknown',
      { KeyId: 'alias/old', KeyArn: null, IsPresumed: true },
      old,
      /^the ledger does not know which key "alias\/old" was before$/,
    ],
    [
      'of a key that may not be described',
      current,
      { KeyId: 'alias/old', Refusal: new Error('denied') },
      /cannot be described: denied$/,
    ],
  ])('explains the case %s', (_, key, former, words) => {
    expect(noWayBack(key, former, REGION)).toMatch(words);
  });
});
