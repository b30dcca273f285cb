import { createServer } from 'node:http';
import { KMSClient } from '@aws-sdk/client-kms';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createStartEncryption } from '../../functions/start-encryption.ts';
import { kinesisClient, quotaLedger } from '../../shared/lambda/clients.ts';
import { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';
import { openLedgerTable } from '../support/aws/ledger-table.ts';
import { listen } from '../support/local/listen.ts';
import { openLocalRotations } from '../support/workflow/local-rotations.ts';
import { CONTEXT } from '../support/workflow/planned-state.ts';

const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const STARTED = Date.now();
const PLAN = {
  RotationId: 'r',
  StartedAt: new Date(STARTED).toISOString(),
  StreamName: 'orders',
  StreamARN: ARN,
  KeyId: 'alias/a',
  KeyArn: 'arn:a',
  PreviousKeyId: null,
  PreviousKeyArn: null,
  LastAppliedAt: null,
};

/** A Kinesis that fails every call, and counts them. */
async function failingKinesis(
  status: number,
  __type = 'InternalFailureException',
) {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    calls.push(String(request.headers['x-amz-target']));
    response.writeHead(status, {
      'Content-Type': 'application/x-amz-json-1.1',
    });
    response.end(JSON.stringify({ __type }));
  });
  return { calls, endpoint: await listen(server) };
}

type Start = (event: object, context: object) => Promise<object>;

/** StartEncryption with Kinesis at this endpoint. */
function startAt(
  endpoint: string,
  ledger: QuotaLedger,
  now: () => number,
): Start {
  const kinesis = kinesisClient({ endpoint, maxAttempts: 1 });
  onTestFinished(() => kinesis.destroy());
  return createStartEncryption({
    kinesis,
    kms: new KMSClient(),
    ledger,
    now,
    random: Math.random,
  }) as unknown as Start;
}

it('the deployed function calls StartStreamEncryption once, whatever it meets', async () => {
  const aws = await openLocalRotations(0.1);
  onTestFinished(() => aws.close());
  const { calls, endpoint } = await failingKinesis(500);
  vi.stubEnv('AWS_ENDPOINT_URL_KINESIS', endpoint);
  onTestFinished(() => void vi.unstubAllEnvs());
  const Reservation = await quotaLedger().reserve(ARN, {
    ...PLAN,
    LeaseMs: 60_000,
  });

  vi.resetModules();
  const { handler } = await import('../../functions/start-encryption.ts');
  const start = handler as unknown as Start;
  const result = await start({ Plan: PLAN, Reservation }, CONTEXT);

  expect(result).toMatchObject({ Status: 'UNKNOWN', Unanswered: 1 });
  expect(calls).toEqual(['Kinesis_20131202.StartStreamEncryption']);
  expect((await quotaLedger().read(ARN)).Slots).toMatchObject([
    { State: 'SPENT' },
  ]);
});

it('makes no call that its stamp would not cover', async () => {
  const table = await openLedgerTable('slow-ledger');
  onTestFinished(() => table.close());
  const { calls, endpoint } = await failingKinesis(500);
  // The ledger takes 6 s to say that it has spent the slot.
  let isSpent = false;
  const now = () => {
    const time = STARTED + (isSpent ? 6_000 : 0);
    isSpent = true;
    return time;
  };
  const ledger = new QuotaLedger(table.client, 'slow-ledger');
  const Reservation = await ledger.reserve(ARN, { ...PLAN, LeaseMs: 60_000 });
  const start = startAt(endpoint, ledger, now);

  await expect(
    start({ Plan: PLAN, Reservation }, CONTEXT),
  ).rejects.toMatchObject({ name: 'ServiceUnavailable' });

  expect(calls).toEqual([]);
  expect((await ledger.read(ARN)).Slots).toMatchObject([{ State: 'RESERVED' }]);
});

it('releases lease and slot while it waits for a busy stream', async () => {
  const table = await openLedgerTable('busy-stream');
  onTestFinished(() => table.close());
  const { endpoint } = await failingKinesis(400, 'ResourceInUseException');
  const ledger = new QuotaLedger(table.client, 'busy-stream');
  const Reservation = await ledger.reserve(ARN, { ...PLAN, LeaseMs: 60_000 });
  const start = startAt(endpoint, ledger, () => STARTED);

  expect(await start({ Plan: PLAN, Reservation }, CONTEXT)).toMatchObject({
    Status: 'STREAM_BUSY',
  });

  const { Slots, Lease } = await ledger.read(ARN);
  expect({ Slots, Lease }).toEqual({ Slots: [], Lease: undefined });
});
