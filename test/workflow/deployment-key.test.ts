import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

const KmsKeyId = '12345678-1234-1234-1234-123456789012';

let aws: LocalRotations;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 2, { KmsKeyId });
});

// Fails if a role was denied anything.
afterAll(() => aws.close());

const onKey = () =>
  new Set(
    aws.iam.calls
      .filter(({ resource }) => resource.endsWith(KmsKeyId))
      .map(({ role }) => role),
  );

it('rotates under its roles with the ledger under a key of the deployment', async () => {
  const outcome = await aws.rotate(aws.nextStream());
  expect(outcome).toMatchObject({ Status: 'SUCCEEDED', Outcome: 'ROTATED' });
  expect([...onKey()].toSorted()).toEqual([
    'CompleteRotation',
    'PlanRotation',
    'ReserveQuota',
    'StartEncryption',
  ]);
});

it('settles a failure there', async () => {
  const { StreamName } = aws.nextStream();
  const outcome = await aws.rotate({ StreamName, KeyId: 'alias/none' });
  expect(outcome).toMatchObject({ Status: 'FAILED' });
  expect(onKey()).toContain('SettleFailure');
});
