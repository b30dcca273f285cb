import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDescribeStream } from '../../functions/describe-stream.ts';
import { kinesisClient, kmsClient } from '../../shared/lambda/clients.ts';
import type { PlannedState, StartResult } from '../../shared/rotation/state.ts';
import { CLOSED_PORT } from '../support/local/taken-port.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { CONTEXT, plannedState } from '../support/workflow/planned-state.ts';

let aws: LocalRotations;
let kinesis: KinesisClient;
let kms: KMSClient;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 7);
  kinesis = kinesisClient();
  kms = kmsClient();
});

afterAll(async () => {
  kinesis.destroy();
  kms.destroy();
  await aws.close();
});

const DENY_ALL = {
  Effect: 'Deny',
  Principal: '*',
  Action: 'kms:*',
  Resource: '*',
};

/** A Start without an answer, as of now. */
const unanswered = (): StartResult => ({
  Status: 'UNKNOWN',
  StartedAt: new Date().toISOString(),
  Unanswered: 1,
  Throttled: 0,
  LimitExceeded: 0,
  SlotId: 1,
});

const look = (state: PlannedState) =>
  createDescribeStream({ kinesis, kms, now: Date.now })(
    { Start: unanswered(), ...state },
    CONTEXT,
  );

describe('DescribeStream', () => {
  it('finds a stream ACTIVE under the planned key', async () => {
    const stream = aws.nextStream();
    const state = await plannedState(aws, stream);
    await aws.rotate({ StreamName: stream.StreamName, KeyIds: stream.KeyIds });
    expect(await look(state)).toMatchObject({
      Status: 'ACTIVE',
      StreamStatus: 'ACTIVE',
      KeyId: stream.KeyIds[0],
      ActiveAt: expect.any(String),
    });
  });

  it('knows the planned key by its ARN where the KeyId reads otherwise', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    await aws.rotate({ StreamName, KeyId: KeyIds[0] });
    const { Plan } = await plannedState(
      aws,
      { StreamName, KeyIds },
      { Mode: 'RESTORE' },
    );
    const byArn = { ...Plan, KeyId: Plan.KeyArn, PreviousKeyId: null };
    expect(await look({ Plan: byArn })).toMatchObject({ Status: 'ACTIVE' });
  });

  it.each([
    ['RightsPending', 60_000],
    ['not a failure', -60_000],
  ])(
    'reports a key that it may not describe as %s where the deadline is %s ms ahead',
    async (name, ms) => {
      const stream = aws.nextStream();
      const { Plan } = await plannedState(aws, stream);
      await aws.rotate({
        StreamName: stream.StreamName,
        KeyIds: stream.KeyIds,
      });
      const policy = { Version: '2012-10-17', Statement: [DENY_ALL] };
      aws.iam.keyPolicies.set(Plan.KeyArn, policy);
      const [KeyId = '', KeyArn = ''] = [stream.KeyIds[1], 'unknown'];
      const RightsDeadline = new Date(Date.now() + ms).toISOString();
      const state = { Plan: { ...Plan, KeyId, KeyArn, RightsDeadline } };
      const { DescribeStream } = aws.iam.authorized({
        DescribeStream: createDescribeStream({ kinesis, kms, now: Date.now }),
      });
      const event = { Start: unanswered(), ...state };
      const seen = await DescribeStream?.(event as never, CONTEXT).catch(
        (error: Error) => error,
      );
      expect(seen).toMatchObject(
        ms > 0 ? { name } : { Status: 'UPDATING', OtherKeySeconds: 0 },
      );
      aws.iam.calls.length = 0;
    },
  );

  it('does not take a KMS that fails for another key', async () => {
    const stream = aws.nextStream();
    const { Plan } = await plannedState(aws, stream);
    await aws.rotate({ StreamName: stream.StreamName, KeyIds: stream.KeyIds });
    const silent = new KMSClient({
      endpoint: `http://127.0.0.1:${CLOSED_PORT}`,
      maxAttempts: 1,
    });
    const handler = createDescribeStream({
      kinesis,
      kms: silent,
      now: Date.now,
    });
    const event = {
      Plan: { ...Plan, KeyId: stream.KeyIds[1] ?? '', KeyArn: 'unknown' },
      Start: unanswered(),
    };
    await expect(handler(event, CONTEXT)).rejects.toMatchObject({
      name: 'ServiceUnavailable',
    });
    silent.destroy();
  });

  it('waits for a stream that still shows its previous key', async () => {
    const state = await plannedState(aws, aws.nextStream());
    const Start = {
      ...unanswered(),
      Status: 'STARTED',
      Unanswered: 0,
    } as const;
    expect(await look({ ...state, Start })).toMatchObject({
      Status: 'UPDATING',
      KeyId: null,
      WaitSeconds: 1,
    });
  });

  it("keeps AWS's name for a stream that does not exist", async () => {
    const { Plan } = await plannedState(aws, aws.nextStream());
    const StreamARN = `${Plan.StreamARN}-gone`;
    await expect(look({ Plan: { ...Plan, StreamARN } })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});
