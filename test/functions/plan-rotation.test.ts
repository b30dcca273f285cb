import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlanRotation } from '../../functions/plan-rotation.ts';
import type { StreamBoundaries } from '../../shared/config/stream-boundary.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import type { KeyPlan, Plan } from '../../shared/rotation/state.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

let aws: LocalRotations;
const kinesis = kinesisClient();
const kms = kmsClient();

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 4);
});

afterAll(async () => {
  kinesis.destroy();
  kms.destroy();
  await aws.close();
});

async function plan(
  Request: object,
  account: string,
  StartedAt = new Date().toISOString(),
  boundaries: StreamBoundaries = {},
): Promise<Plan> {
  const handler = createPlanRotation({
    kinesis,
    kms,
    ledger: quotaLedger(),
    boundaries,
    now: Date.now,
  });
  const event = {
    Request,
    RotationId: `arn:aws:states:us-east-1:${account}:execution:rotate-stream:x`,
    StartedAt,
  };
  const { Plan } = await handler(event, { functionName: 'test' } as never);
  return Plan;
}

describe('PlanRotation', () => {
  it('reads the ledger of the very stream, also in another account', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    await aws.rotate({ StreamName, KeyId: KeyIds[0] });
    for (const account of ['000000000000', '111122223333']) {
      const { LastAppliedAt, ...rest } = (await plan(
        { StreamName, KeyIds },
        account,
      )) as KeyPlan;
      // Where rotations.yml is not deployed, a denial is final at once.
      expect(rest).not.toHaveProperty('RightsDeadline');
      expect(rest).toMatchObject({
        Decision: 'ROTATE',
        StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`,
        KeyId: KeyIds[1],
        PreviousKeyId: KeyIds[0],
      });
      expect(LastAppliedAt).toBeGreaterThan(0);
    }
  });

  it('takes a REVERT behind a rollback to a key outside the ring for the same', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`;
    const RollsBack = { KeyId: 'k', KeyArn: 'arn:k', PreviousKeyId: 'former' };
    const RotationId = 'arn:aws:states:us-east-1:000000000000:execution:a:b';
    await quotaLedger().reserve(StreamARN, {
      RotationId,
      StartedAt: new Date().toISOString(),
      KeyId: 'former',
      KeyArn: 'arn:former',
      PreviousKeyId: 'k',
      PreviousKeyArn: 'arn:k',
      LastAppliedAt: null,
      RollsBack,
      LeaseMs: 60_000,
    });
    const request = { StreamName, KeyIds, Mode: 'REVERT' };
    const boundaries = { [StreamName]: { KeyIds } };
    expect(await plan(request, '000000000000', undefined, boundaries)).toEqual(
      expect.objectContaining({ KeyArn: 'arn:former', HeldBy: RotationId }),
    );
    await quotaLedger().settle(StreamARN, RotationId);
  });

  it('refuses a stream of another Region by name', async () => {
    const StreamARN = 'arn:aws:kinesis:eu-west-1:000000000000:stream/orders';
    await expect(
      plan({ StreamARN, KeyId: 'alias/a' }, '000000000000'),
    ).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining('eu-west-1'),
    });
  });

  it('spells the time of the start as every record does', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const { StartedAt } = await plan(
      { StreamName, KeyIds },
      '000000000000',
      '2026-01-12T03:00:01Z',
    );
    expect(StartedAt).toBe('2026-01-12T03:00:01.000Z');
  });

  it('changes nothing', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const { StreamARN } = await plan({ StreamName, KeyIds }, '000000000000');
    expect((await quotaLedger().read(StreamARN)).Version).toBe(0);
  });
});
