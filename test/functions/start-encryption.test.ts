import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { quotaLedger } from '../../shared/clients.ts';
import { openLocalRotations } from '../workflow/local-rotations.ts';

const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';

/** A Kinesis that fails every call, and counts them. */
async function failingKinesis(status: number) {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    calls.push(String(request.headers['x-amz-target']));
    response.writeHead(status, {
      'Content-Type': 'application/x-amz-json-1.1',
    });
    response.end(JSON.stringify({ __type: 'InternalFailureException' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { calls, endpoint: `http://127.0.0.1:${port}` };
}

it('the deployed function calls StartStreamEncryption once, whatever it meets', async () => {
  const aws = await openLocalRotations(0.1);
  onTestFinished(() => aws.close());
  const { calls, endpoint } = await failingKinesis(500);
  vi.stubEnv('AWS_ENDPOINT_URL_KINESIS', endpoint);
  onTestFinished(() => void vi.unstubAllEnvs());
  const key = {
    KeyId: 'alias/a',
    KeyArn: 'arn:a',
    PreviousKeyId: null,
    PreviousKeyArn: null,
  };
  const Plan = {
    RotationId: 'r',
    StartedAt: new Date().toISOString(),
    StreamName: 'orders',
    StreamARN: ARN,
    ...key,
    LastAppliedAt: null,
  };
  const Reservation = await quotaLedger().reserve(ARN, {
    ...Plan,
    LeaseMs: 60_000,
  });

  vi.resetModules();
  const { handler } = await import('../../functions/start-encryption.ts');
  const start = handler as unknown as (
    event: object,
    context: object,
  ) => Promise<object>;
  const result = await start({ Plan, Reservation }, { functionName: 'test' });

  expect(result).toMatchObject({ Status: 'UNKNOWN', Unanswered: 1 });
  expect(calls).toEqual(['Kinesis_20131202.StartStreamEncryption']);
  expect((await quotaLedger().read(ARN)).Slots).toMatchObject([
    { State: 'SPENT' },
  ]);
});
