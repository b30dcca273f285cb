import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { RotationCalls } from '../../cli/preview/rotation-cost.ts';
import type { ExecutionEvent } from '../../local/runner/state-machine.ts';

/** A call to AWS when it leaves the process. */
export interface AwsCall {
  operation: string;
  /** As in `performance.now`. */
  at: number;
}

const recording = new AsyncLocalStorage<AwsCall[]>();

// Receives every attempt, also the SDK's retries.
subscribe('http.client.request.created', (message) => {
  const { request } = message as { request: ClientRequest };
  const target = request.getHeader('x-amz-target');
  if (typeof target !== 'string') return;
  const operation = target.slice(target.lastIndexOf('.') + 1);
  recording.getStore()?.push({ operation, at: performance.now() });
});

/** Runs `work`, and records its calls to AWS. */
export async function recordCalls<T>(
  work: () => Promise<T>,
): Promise<{ result: T; calls: AwsCall[] }> {
  const calls: AwsCall[] = [];
  const result = await recording.run(calls, work);
  return { result, calls };
}

/**
 * Counts the calls of a rotation.
 *
 * @param events the events of the interpreter
 * @param count how often an operation of AWS was called
 */
export function countCalls(
  events: readonly ExecutionEvent[],
  count: (operation: string) => number,
): RotationCalls {
  const entered = events.filter(({ type }) => type === 'StateEntered');
  const tasks = entered.filter(({ state }) => state?.type === 'Task');
  return {
    StateTransitions: entered.length,
    LambdaInvocations: tasks.length,
    DescribeStreamSummary: count('DescribeStreamSummary'),
    StartStreamEncryption: count('StartStreamEncryption'),
    PutRecord: count('PutRecord'),
    DescribeKey: count('DescribeKey'),
    DescribeAlarms: count('DescribeAlarms'),
    DynamoDbReads: count('GetItem'),
    DynamoDbWrites: count('PutItem'),
    EventBridgeEvents: count('PutEvents'),
  };
}
