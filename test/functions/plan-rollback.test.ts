import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlanRollback } from '../../functions/plan-rollback.ts';
import {
  kinesisClient,
  kmsClient,
  ledgerReader,
} from '../../shared/lambda/clients.ts';
import type { PlannedState } from '../../shared/rotation/state.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { CONTEXT, plannedState } from '../support/workflow/planned-state.ts';

const ProbeFailure = { Error: 'KMSDisabledException', Cause: 'disabled' };
let aws: LocalRotations;
let kinesis: KinesisClient;
let kms: KMSClient;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 2);
  kinesis = kinesisClient();
  kms = kmsClient();
});

afterAll(async () => {
  kinesis.destroy();
  kms.destroy();
  await aws.close();
});

const planRollback = (state: PlannedState) =>
  createPlanRollback({ kinesis, kms, ledger: ledgerReader(), now: Date.now })(
    state,
    CONTEXT,
  );

describe('PlanRollback', () => {
  it('plans the return to the previous key, as it was submitted', async () => {
    const stream = aws.nextStream();
    const { StreamName, KeyIds } = stream;
    await aws.rotate({ StreamName, KeyId: KeyIds[0] });
    const state = await plannedState(aws, stream);
    await aws.rotate({ StreamName, KeyIds });
    const { Plan } = await planRollback({ ...state, ProbeFailure });
    expect(Plan).toMatchObject({
      Decision: 'ROLL_BACK',
      KeyId: KeyIds[0],
      PreviousKeyId: KeyIds[1],
      Rollback: { KeyId: KeyIds[1], Failure: ProbeFailure },
    });
  });

  it('says why a stream that was not encrypted cannot return', async () => {
    const state = await plannedState(aws, aws.nextStream());
    const { Plan } = await planRollback({ ...state, ProbeFailure });
    expect(Plan).toMatchObject({
      Decision: 'ROTATE',
      Rollback: { Impossible: 'the stream was not encrypted before' },
    });
  });
});
