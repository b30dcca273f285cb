import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReserveQuota } from '../../functions/reserve-quota.ts';
import { quotaLedger } from '../../shared/lambda/clients.ts';
import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import type { PlannedState } from '../../shared/rotation/state.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { CONTEXT, plannedState } from '../support/workflow/planned-state.ts';

let aws: LocalRotations;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 4);
});

afterAll(() => aws.close());

const reserve = (state: PlannedState) =>
  createReserveQuota({ ledger: quotaLedger() })(state, CONTEXT);

describe('ReserveQuota', () => {
  it('grants the same slot again when it runs twice', async () => {
    const state = await plannedState(aws, aws.nextStream());
    const first = await reserve(state);
    expect(first).toMatchObject({ Status: 'GRANTED' });
    expect(await reserve(state)).toMatchObject({
      Status: 'GRANTED',
      SlotId: 'SlotId' in first ? first.SlotId : undefined,
    });
    const { Used } = await quotaLedger().usage(state.Plan.StreamARN);
    expect(Used).toBe(1);
  });

  it('names the rotation that holds the stream, by the key that it applies', async () => {
    const stream = aws.nextStream();
    const [first, same, other] = [
      await plannedState(aws, stream),
      await plannedState(aws, stream),
      await plannedState(aws, stream, {
        KeyId: stream.KeyIds[2],
        KeyIds: undefined,
      }),
    ];
    await reserve(first);
    const InProgressRotationId = first.Plan.RotationId;
    expect(await reserve(same)).toMatchObject({
      Status: 'ALREADY_IN_PROGRESS',
      InProgressRotationId,
    });
    expect(await reserve(other)).toMatchObject({
      Status: 'ROTATION_IN_PROGRESS',
      InProgressRotationId,
    });
  });

  it('refuses an exhausted quota, and says when a slot is free', async () => {
    const state = await plannedState(aws, aws.nextStream());
    const { StreamARN } = state.Plan;
    for (let at = 0; at < QUOTA_LIMIT; at++) {
      await quotaLedger().recordExternalStart(StreamARN, {
        RequestId: `request-${at}`,
        KeyId: 'alias/another',
        At: Date.now() - 60_000,
        By: 'arn:aws:iam::000000000000:user/another',
      });
    }
    const { LastApplied } = await quotaLedger().read(StreamARN);
    const LastAppliedAt = LastApplied?.AppliedAt ?? null;
    const Plan = { ...state.Plan, LastAppliedAt };
    expect(await reserve({ Plan })).toMatchObject({
      Status: 'QUOTA_EXHAUSTED',
      NextAvailableAt: expect.stringMatching(/^\d{4}-/),
      Cause: expect.stringContaining('25 of its 25 keys in 24 hours'),
    });
  });
});
