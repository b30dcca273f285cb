import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** A call to AWS, as it leaves. */
export interface AwsCall {
  Operation: string;
  /** As `performance.now` has it. */
  At: number;
}

const heard = new AsyncLocalStorage<AwsCall[]>();

// Of every attempt, the SDK's retries among them.
subscribe('http.client.request.created', (message) => {
  const { request } = message as { request: ClientRequest };
  const target = String(request.getHeader('x-amz-target') ?? '');
  const Operation = target.split('.').at(-1);
  if (Operation) heard.getStore()?.push({ Operation, At: performance.now() });
});

/** Does some work, and tells which calls to AWS it made. */
export async function hearCalls<T>(
  work: () => Promise<T>,
): Promise<{ result: T; calls: AwsCall[] }> {
  const calls: AwsCall[] = [];
  const result = await heard.run(calls, work);
  return { result, calls };
}

export function countOf(calls: readonly AwsCall[], operation: string): number {
  return calls.filter(({ Operation }) => Operation === operation).length;
}
