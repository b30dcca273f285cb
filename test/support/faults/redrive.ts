import {
  type ExecutionOptions,
  readStateMachine,
  runExecution,
} from '../../../local/runner/state-machine.ts';
import type { Outcome } from '../../../shared/contract/outcome.ts';

/** Where an execution was stopped. */
export interface Stop {
  StateName: string;
  /** Of that state. */
  Input: unknown;
  /** What the execution is and was given. */
  RotationId?: string;
  StartedAt?: string;
  request?: object;
}

/**
 * Runs an execution on from the state where it was stopped, as RedriveExecution
 * does: with that state's input, and as the execution that it was.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
 */
export async function redriven(
  { StateName, Input, RotationId = '', StartedAt, request }: Stop,
  options: Pick<ExecutionOptions, 'handlers' | 'waits' | 'retries' | 'onEvent'>,
): Promise<Outcome> {
  let outcome: unknown;
  // The interpreter takes the execution for a new one.
  const own = { StartedAt, Request: request };
  const handlers = Object.entries(options.handlers).map(([name, handler]) => [
    name,
    async (event: object, context: never) => {
      const isTold = 'RotationId' in event;
      outcome = await handler(
        (isTold ? { ...event, ...own } : event) as never,
        context,
      );
      return outcome;
    },
  ]);
  await runExecution({
    ...options,
    definition: { ...(await readStateMachine()), StartAt: StateName },
    handlers: Object.fromEntries(handlers),
    input: Input,
    executionArn: RotationId,
  });
  return outcome as Outcome;
}
