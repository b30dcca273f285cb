import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVerifyEncryption } from '../../functions/verify-encryption.ts';
import { kinesisClient } from '../../shared/lambda/clients.ts';
import type { PlannedState } from '../../shared/rotation/state.ts';
import {
  closeFaultyClients,
  faultyKinesis,
} from '../support/workflow/faulty-kinesis.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { CONTEXT, plannedState } from '../support/workflow/planned-state.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
let aws: LocalRotations;
let kinesis: KinesisClient;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 4);
  kinesis = kinesisClient();
});

afterAll(async () => {
  kinesis.destroy();
  await closeFaultyClients();
  await aws.close();
});

const verify = (state: PlannedState) =>
  createVerifyEncryption({ kinesis, now: () => NOW })(state, CONTEXT);

describe('VerifyEncryption', () => {
  it('says where the probe is, and that Kinesis encrypted it', async () => {
    const stream = aws.nextStream();
    const state = await plannedState(aws, stream);
    await aws.rotate({ StreamName: stream.StreamName, KeyIds: stream.KeyIds });
    expect(await verify(state)).toEqual({
      ShardId: expect.stringMatching(/^shardId-/),
      SequenceNumber: expect.stringMatching(/^\d+$/),
      EncryptionType: 'KMS',
      VerifiedAt: new Date(NOW).toISOString(),
    });
  });

  it('fails as RecordNotEncrypted when Kinesis answers NONE', async () => {
    const state = await plannedState(aws, aws.nextStream());
    await expect(verify(state)).rejects.toMatchObject({
      name: 'RecordNotEncrypted',
      message: expect.stringContaining('EncryptionType NONE'),
    });
  });

  it('refuses an answer without EncryptionType as proof', async () => {
    const state = await plannedState(aws, aws.nextStream());
    const headers = { 'content-type': 'application/x-amz-json-1.1' };
    const body = JSON.stringify({ ShardId: 's', SequenceNumber: '1' });
    const silent = faultyKinesis('PutRecord', [
      ({ answer }) => answer({ status: 200, headers, body }),
    ]);
    const verifyThere = createVerifyEncryption({
      kinesis: silent,
      now: () => NOW,
    });
    await expect(verifyThere(state, CONTEXT)).rejects.toMatchObject({
      name: 'RecordNotEncrypted',
    });
  });

  it("keeps AWS's name for a stream that does not exist", async () => {
    const { Plan } = await plannedState(aws, aws.nextStream());
    const StreamARN = `${Plan.StreamARN}-gone`;
    await expect(
      verify({ Plan: { ...Plan, StreamARN } }),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
