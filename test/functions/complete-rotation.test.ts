import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCompleteRotation } from '../../functions/complete-rotation.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import { quotaLedger } from '../../shared/lambda/clients.ts';
import type { PlannedState } from '../../shared/rotation/state.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { CONTEXT, plannedState } from '../support/workflow/planned-state.ts';

const published: Outcome[] = [];
let aws: LocalRotations;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 3);
});

afterAll(() => aws.close());

const complete = (state: PlannedState) =>
  createCompleteRotation({
    ledger: quotaLedger(),
    notifier: { publish: async (outcome) => void published.push(outcome) },
  })(state, CONTEXT);

/** The state after the probe, of a rotation that holds its lease. */
async function verifiedState(): Promise<PlannedState> {
  const state = await plannedState(aws, aws.nextStream());
  const { Plan } = state;
  await quotaLedger().reserve(Plan.StreamARN, { ...Plan, LeaseMs: 60_000 });
  return {
    ...state,
    Description: {
      Status: 'ACTIVE',
      StreamStatus: 'ACTIVE',
      KeyId: Plan.KeyId,
      WaitSeconds: 1,
      SawUpdating: true,
      ActiveAt: '2026-01-01T00:00:10.000Z',
    },
    Verification: {
      ShardId: 'shardId-000000000000',
      SequenceNumber: '1',
      EncryptionType: 'KMS',
      VerifiedAt: '2026-01-01T00:00:15.000Z',
    },
  };
}

describe('CompleteRotation', () => {
  it('releases the lease, and records and publishes the outcome', async () => {
    const state = await verifiedState();
    const outcome = await complete(state);
    expect(outcome).toMatchObject({
      Status: 'SUCCEEDED',
      Outcome: 'ROTATED',
      ActiveAt: '2026-01-01T00:00:10.000Z',
      VerifiedAt: '2026-01-01T00:00:15.000Z',
      Verification: { EncryptionType: 'KMS' },
    });
    expect(published).toContainEqual(outcome);
    const entry = await quotaLedger().read(state.Plan.StreamARN);
    expect(entry).not.toHaveProperty('Lease');
  });

  it('gives the same outcome when it runs twice', async () => {
    const state = await verifiedState();
    expect(await complete(state)).toEqual(await complete(state));
  });

  it('fails as KeyMismatch when another key was applied before the probe', async () => {
    const state = await verifiedState();
    await quotaLedger().recordExternalStart(state.Plan.StreamARN, {
      RequestId: 'another',
      KeyId: 'alias/another',
      At: Date.now(),
      By: 'arn:aws:iam::000000000000:user/another',
    });
    const VerifiedAt = new Date(Date.now() + 60_000).toISOString();
    const Verification = { ...state.Verification, VerifiedAt } as never;
    await expect(complete({ ...state, Verification })).rejects.toMatchObject({
      name: 'KeyMismatch',
      message: expect.stringContaining('"alias/another"'),
    });
  });
});
