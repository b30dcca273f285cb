import { randomUUID } from 'node:crypto';
import type { SettleFailureEvent } from '../functions/settle-failure.ts';
import type { Failure, Outcome, Success } from '../shared/outcome.ts';
import type { CaughtFailure } from '../shared/rotation-state.ts';
import { LOCAL_ACCOUNT } from './embedded-aws.ts';
import {
  type ExecutionEvent,
  type ExecutionOptions,
  readStateMachine,
  runExecution,
  STATE_MACHINE_NAME,
  type TaskHandlers,
} from './state-machine.ts';

export interface RotationOptions
  extends Pick<ExecutionOptions, 'waits' | 'retries' | 'signal' | 'onEvent'> {
  request: unknown;
  handlers: TaskHandlers;
  region: string;
  /** Name of the execution; a new one unless told otherwise. */
  name?: string;
}

/** ARNs of all local executions begin so. */
export function localExecutions(region: string): string {
  return `arn:aws:states:${region}:${LOCAL_ACCOUNT}:execution:${STATE_MACHINE_NAME}:`;
}

/**
 * Runs one rotation as a deployed state machine would, and settles it as the
 * rule on the execution's status change would if it ran no Catch.
 */
export async function runRotation(options: RotationOptions): Promise<Outcome> {
  const { request, handlers, region, onEvent } = options;
  const RotationId = `${localExecutions(region)}${options.name ?? randomUUID()}`;
  const StartedAt = new Date().toISOString();
  let settled: Failure | undefined;
  const result = await runExecution({
    ...options,
    definition: await readStateMachine(),
    input: request,
    executionArn: RotationId,
    onEvent: (event: ExecutionEvent) => {
      if (
        event.type === 'StateExited' &&
        event.state?.name === 'SettleFailure'
      ) {
        settled = event.state.output as Failure;
      }
      onEvent?.(event);
    },
  });
  if (result.Status === 'SUCCEEDED') return result.Output as Success;
  if (settled?.Status === 'FAILED') return settled;
  return settleFromOutside(handlers, {
    RotationId,
    StartedAt,
    Request: request,
    Failure: { Error: result.Error, Cause: result.Cause },
  });
}

/** What the rule on the execution's status change does. */
export async function settleFromOutside(
  handlers: TaskHandlers,
  event: SettleFailureEvent & { Failure: CaughtFailure },
): Promise<Failure> {
  const settle = handlers.SettleFailure as (
    event: SettleFailureEvent,
    context: object,
  ) => Promise<Failure>;
  return settle(event, { functionName: 'SettleFailure' });
}
