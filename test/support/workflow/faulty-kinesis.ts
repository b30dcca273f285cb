import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { kinesisClient } from '../../../shared/lambda/clients.ts';

export type Fault = 'lost before' | 'lost after' | Error | undefined;

/** A client whose nth call of an operation meets the nth fault. */
export function faultyKinesis(
  command: string,
  faults: readonly Fault[],
): KinesisClient {
  const client = kinesisClient({ maxAttempts: 1 });
  let calls = 0;
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName !== command) return next(args);
        const fault = faults[calls++];
        if (fault instanceof Error) throw fault;
        if (fault === 'lost before') throw hangUp();
        const answer = await next(args);
        if (fault === 'lost after') throw hangUp();
        return answer;
      },
    { step: 'finalizeRequest', priority: 'low' },
  );
  return client;
}

const hangUp = () =>
  Object.assign(new Error('socket hang up'), {
    name: 'TimeoutError',
    code: 'ECONNRESET',
    $metadata: {},
  });

/** What an error of AWS needs to be made. */
export const refusal = { message: 'no', $metadata: { httpStatusCode: 400 } };
