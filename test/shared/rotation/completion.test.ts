import { describe, expect, it } from 'vitest';
import {
  appliedKey,
  successOutcome,
} from '../../../shared/rotation/completion.ts';
import type {
  Description,
  KeyPlan,
  PlannedState,
} from '../../../shared/rotation/state.ts';

const ActiveAt = '2026-01-01T00:00:10.000Z';
const VerifiedAt = '2026-01-01T00:00:15.000Z';
const QUOTA = { Limit: 25, Used: 1, Remaining: 24, NextAvailableAt: null };
const PLAN = {
  Decision: 'ROTATE',
  KeyId: 'alias/a',
  KeyArn: 'arn:a',
  PreviousKeyId: 'alias/b',
  PreviousKeyArn: 'arn:b',
} as KeyPlan;
const DESCRIPTION = { Status: 'ACTIVE', ActiveAt } as Description;
const PROOF = {
  ShardId: 'shardId-000000000000',
  SequenceNumber: '1',
  EncryptionType: 'KMS',
} as const;

const outcomeOf = (state: Partial<PlannedState>) =>
  successOutcome({ Plan: PLAN, ...state }, QUOTA);

describe('successOutcome', () => {
  it('has the proof of the probe, and its time beside it', () => {
    const Verification = { ...PROOF, VerifiedAt };
    const outcome = outcomeOf({ Description: DESCRIPTION, Verification });
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', ActiveAt, VerifiedAt });
    expect(outcome.Verification).toEqual(PROOF);
  });

  it('is null where nothing was applied or verified', () => {
    const Plan: KeyPlan = { ...PLAN, Decision: 'UNCHANGED' };
    expect(outcomeOf({ Plan })).toMatchObject({
      Outcome: 'UNCHANGED',
      ActiveAt: null,
      VerifiedAt: null,
      Verification: null,
    });
  });

  it('names the rotation that moves the stream to the same key', () => {
    const InProgressRotationId = 'other';
    const Status = 'ALREADY_IN_PROGRESS';
    const Reservation = { Status, Cause: '', InProgressRotationId } as const;
    expect(outcomeOf({ Reservation })).toMatchObject({
      Outcome: 'ALREADY_IN_PROGRESS',
      InProgressRotationId,
    });
  });
});

describe('appliedKey', () => {
  it('is applied since Describe showed it', () => {
    expect(appliedKey(PLAN, DESCRIPTION)).toEqual({
      KeyId: 'alias/a',
      KeyArn: 'arn:a',
      AppliedAt: Date.parse(ActiveAt),
      Previous: { KeyId: 'alias/b', KeyArn: 'arn:b' },
    });
    expect(appliedKey(PLAN, undefined)).toBeUndefined();
  });

  const { KeyId, KeyArn } = PLAN;
  const Rollback = { KeyId, KeyArn, PreviousKeyId: 'alias/b' };
  it.each<[string, Partial<KeyPlan>, true | undefined]>([
    ['a rotation', {}, undefined],
    ['a REVERT', { IsReturn: true }, true],
    [
      'a rollback',
      { Decision: 'ROLL_BACK', Rollback } as Partial<KeyPlan>,
      true,
    ],
  ])('says whether it is a return: %s', (_, plan, expected) => {
    const applied = appliedKey({ ...PLAN, ...plan }, DESCRIPTION);
    expect(applied?.IsReturn).toBe(expected);
  });

  it('knows a stream that was not encrypted before', () => {
    const plan = { ...PLAN, PreviousKeyId: null, PreviousKeyArn: null };
    expect(appliedKey(plan, DESCRIPTION)?.Previous).toBeNull();
  });
});
