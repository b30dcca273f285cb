import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { previewText } from '../../cli/preview/preview-text.ts';
import {
  type PreviewClients,
  previewRotation,
} from '../../cli/preview/rotation-preview.ts';
import { localExecutions } from '../../local/runner/rotation.ts';
import {
  ServiceError,
  startJsonService,
} from '../../local/services/json-service.ts';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import { LEASE_MS } from '../../shared/rotation/deadlines.ts';
import {
  ledgerOf,
  localStreamArn,
  takeSlots,
} from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  MISSING_STREAM,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

let aws: LocalRotations;
let clients: PreviewClients;

const preview = (request: Record<string, unknown>) =>
  previewRotation(request, localExecutions('us-east-1'), clients);

/** Says what is planned, does it, and says whether it came out so. */
async function planned(request: Record<string, unknown>) {
  const plan = await preview(request);
  const ledger = () => ledgerOf(plan.StreamName);
  const before = await ledger();
  const again = await preview(request);
  expect(await ledger()).toEqual(before);
  expect(again.Expected).toBe(plan.Expected);
  return { plan, outcome: await aws.rotate(request) };
}

beforeAll(async () => {
  aws = await openLocalRotations(0.15, 9);
  clients = {
    kinesis: kinesisClient(),
    kms: kmsClient(),
    dynamodb: dynamoDbClient(),
    tableName: ledgerTableName(),
    now: Date.now,
  };
});

afterAll(async () => {
  for (const each of ['kinesis', 'kms', 'dynamodb'] as const) {
    clients[each].destroy();
  }
  await aws.close();
});

describe('a rotation comes out as its preview said', () => {
  it('that moves the stream on in its ring, twice', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    for (const [at, PreviousKeyId] of [null, KeyIds[0]].entries()) {
      const { plan, outcome } = await planned({ StreamName, KeyIds });
      expect(plan).toMatchObject({
        Expected: 'ROTATED',
        KeyId: KeyIds[at],
        PreviousKeyId,
        QuotaBefore: { Used: at },
        Estimate: {
          BasedOn: expect.stringContaining(at === 0 ? 'no rotation' : 'last'),
        },
      });
      const { KeyArn, QuotaAfter } = plan;
      expect(outcome).toMatchObject({
        Outcome: 'ROTATED',
        KeyId: KeyIds[at],
        PreviousKeyId,
        KeyArn,
        Quota: QuotaAfter,
      });
    }
  });

  it('that keeps a slot to roll back with, and gives it back', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const request = { StreamName, KeyIds, KeepSlotForRollback: true };
    const { plan, outcome } = await planned(request);
    expect(plan.QuotaAfter).toMatchObject({ Used: 1 });
    expect(outcome).toMatchObject({ Quota: plan.QuotaAfter });
  });

  it('that has nothing to do', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    await aws.rotate({ StreamName, KeyId: KeyIds[0] });
    const { plan, outcome } = await planned({ StreamName, KeyId: KeyIds[0] });
    expect(plan).toMatchObject({ Expected: 'UNCHANGED', KeyId: KeyIds[0] });
    expect(outcome).toMatchObject({
      Outcome: 'UNCHANGED',
      Quota: plan.QuotaAfter,
    });
  });

  it('that returns, and that warns after the return', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    for (const KeyId of KeyIds.slice(0, 2)) {
      await aws.rotate({ StreamName, KeyId });
    }
    const request = { StreamName, KeyIds, Mode: 'REVERT' };
    const first = await planned(request);
    expect(first.plan).toMatchObject({ Expected: 'ROTATED', KeyId: KeyIds[0] });
    expect(first.outcome).toMatchObject({
      Outcome: 'ROTATED',
      KeyId: KeyIds[0],
    });
    const { plan, outcome } = await planned(request);
    expect(plan.Warning).toContain('a return is not reverted');
    expect(outcome).toMatchObject({
      Outcome: 'UNCHANGED',
      Warning: plan.Warning,
    });
    expect(previewText(plan)).toMatch(
      /^WARNING UNCHANGED .*\nThe stream keeps/,
    );
  });

  it.each(['FAIL', 'WAIT'])('that finds no slot and is to %s', async (what) => {
    const { StreamName, KeyIds } = aws.nextStream();
    await takeSlots(StreamName, 25);
    const request = { StreamName, KeyIds, OnQuotaExhausted: what };
    if (what === 'WAIT') {
      expect(await preview(request)).toMatchObject({
        Expected: 'ROTATED',
        WaitsFor: expect.stringMatching(/^a slot, until \d{4}-/),
      });
      return;
    }
    const { plan, outcome } = await planned(request);
    expect(plan).toMatchObject({
      Expected: 'FAILED',
      Error: 'QuotaExhausted',
      QuotaBefore: { Remaining: 0 },
    });
    expect(outcome).toMatchObject({ Error: plan.Error });
  });

  it.each([
    ['a stream that is not there', { StreamName: MISSING_STREAM }, {}],
    ['a key that is not there', {}, { KeyId: 'alias/nowhere' }],
  ])('that is refused for %s', async (_, stream, key) => {
    const request = {
      StreamName: 'stream-0',
      KeyId: 'alias/0-a',
      ...stream,
      ...key,
    };
    const { plan, outcome } = await planned(request);
    expect(plan.Expected).toBe('FAILED');
    expect(outcome).toMatchObject({ Error: plan.Error, Cause: plan.Cause });
  });
});

describe('while another rotation holds the stream', () => {
  it.each([
    ['the same key', 0, { Expected: 'ALREADY_IN_PROGRESS' }],
    ['another key', 1, { Expected: 'FAILED', Error: 'RotationInProgress' }],
  ])('a preview for %s says so', async (_, at, expected) => {
    const { StreamName, KeyIds } = aws.nextStream();
    const first = await preview({ StreamName, KeyId: KeyIds[0] });
    await quotaLedger().reserve(localStreamArn(StreamName), {
      RotationId: `${localExecutions('us-east-1')}other`,
      StartedAt: new Date().toISOString(),
      KeyId: first.KeyId ?? '',
      KeyArn: first.KeyArn ?? '',
      PreviousKeyId: null,
      PreviousKeyArn: null,
      LastAppliedAt: null,
      LeaseMs: LEASE_MS,
    });
    const plan = await preview({ StreamName, KeyId: KeyIds[at] });
    expect(plan).toMatchObject(expected);
  });
});

it('refuses a preview that the credentials of the caller do not allow', async () => {
  const { StreamName, KeyIds } = aws.nextStream();
  const deny = () => {
    throw new ServiceError('AccessDeniedException', 'ann may not describe');
  };
  const denying = await startJsonService(
    {
      name: 'Kinesis',
      target: 'Kinesis_20131202',
      version: '1.1',
      operations: { DescribeStreamSummary: deny },
    },
    0,
  );
  const kinesis = kinesisClient({ endpoint: denying.endpoint });
  try {
    await expect(
      previewRotation({ StreamName, KeyIds }, localExecutions('us-east-1'), {
        ...clients,
        kinesis,
      }),
    ).rejects.toThrow('ann may not describe');
  } finally {
    kinesis.destroy();
    await denying.close();
  }
});
