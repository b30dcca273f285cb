import type { KinesisClient } from '@aws-sdk/client-kinesis';
import {
  type Fault,
  type FaultProxy,
  PASSED,
  startFaultProxy,
} from '../../../local/instruments/fault-proxy.ts';
import { kinesisClient } from '../../../shared/lambda/clients.ts';

const opened: { client: KinesisClient; proxy: Promise<FaultProxy> }[] = [];

/**
 * A client of the embedded Kinesis whose nth call of an operation meets the nth
 * fault; undefined lets a call pass. {@link closeFaultyClients} ends them.
 */
export function faultyKinesis(
  operation: string,
  faults: readonly (Fault | undefined)[],
): KinesisClient {
  let calls = 0;
  const fault: Fault = (exchange) => (faults[calls++] ?? PASSED)(exchange);
  const upstream = { KINESIS: process.env.AWS_ENDPOINT_URL_KINESIS };
  const proxy = startFaultProxy(upstream);
  const endpoint = async () => {
    const { protocol, hostname, port } = new URL((await proxy).endpoint);
    return { protocol, hostname, port: Number(port), path: '/' };
  };
  // Every body contains the empty text.
  proxy.then(({ scope }) => scope('').rules.push({ operation, fault }));
  const client = kinesisClient({ maxAttempts: 1, endpoint });
  opened.push({ client, proxy });
  return client;
}

export async function closeFaultyClients(): Promise<void> {
  for (const { client, proxy } of opened.splice(0)) {
    client.destroy();
    await (await proxy).close();
  }
}
