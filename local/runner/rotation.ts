import { randomUUID } from 'node:crypto';
import type { Failure, Outcome } from '../../shared/contract/outcome.ts';
import { UserError } from '../../shared/errors/errors.ts';
import { legible } from '../../shared/errors/text.ts';
import { fieldOf } from '../../shared/json.ts';
import { failureOf, readFailure } from '../../shared/rotation/failure.ts';
import { LOCAL_ACCOUNT } from '../session/embedded-aws.ts';
import {
  type ExecutionOptions,
  readStateMachine,
  runExecution,
  type StateMachineName,
  type TaskHandlers,
} from './state-machine.ts';

export interface RotationOptions
  extends Pick<ExecutionOptions, 'waits' | 'retries' | 'signal' | 'onEvent'> {
  request: unknown;
  handlers: TaskHandlers;
  region: string;
  /** Of the streams, of 12 digits; that of the embedded AWS without. */
  account?: string;
  /** Of the execution; one of its own without. */
  name?: string;
  startedAt?: Date;
}

/** The ARN that a state machine has in the embedded Step Functions. */
export function localStateMachine(
  region: string,
  name: StateMachineName = 'rotate-stream',
  account = LOCAL_ACCOUNT,
): string {
  return `arn:aws:states:${region}:${account}:stateMachine:${name}`;
}

/** The prefix of the ARNs of all local executions of a state machine. */
export function localExecutions(
  region: string,
  name: StateMachineName = 'rotate-stream',
  account = LOCAL_ACCOUNT,
): string {
  return `arn:aws:states:${region}:${account}:execution:${name}:`;
}

/**
 * Runs one rotation as a deployed state machine would, and settles it as the
 * rule on the execution's status change would if it ran no Catch.
 */
export async function runRotation(options: RotationOptions): Promise<Outcome> {
  const { request, handlers, region, name = randomUUID(), account } = options;
  const RotationId = `${localExecutions(region, 'rotate-stream', account)}${name}`;
  const StartedAt = (options.startedAt ?? new Date()).toISOString();
  let ended: Outcome | undefined;
  let outlived: Promise<unknown> | undefined;
  const result = await runExecution({
    ...options,
    handlers: Object.fromEntries(
      Object.entries(handlers).map(([name, handler]) => [
        name,
        async (event: object, context: never) => {
          // The interpreter has a start time of its own.
          const isTimed = 'StartedAt' in event;
          const timed = isTimed ? { ...event, StartedAt } : event;
          const answer = await handler(timed as never, context);
          if (LAST_STATES.includes(name)) ended = answer as Outcome;
          return answer;
        },
      ]),
    ),
    definition: await readStateMachine(),
    input: request,
    executionArn: RotationId,
    onOutlived: (functions) => {
      outlived = functions;
    },
  });
  // An execution that was aborted behind its last function did what that did.
  if (ended !== undefined) return ended;
  if (result.Status === 'SUCCEEDED') return result.Output as Outcome;
  const end: UnsuccessfulEnd = {
    RotationId,
    StartedAt,
    Request: request,
    ...result,
    ...(result.Status === 'ABORTED' && stopReason(options.signal?.reason)),
  };
  const outcome = await settleFromOutside(handlers, end).catch(
    (error: unknown) => unsettledOutcome(end, error),
  );
  await outlived;
  return outcome;
}

/**
 * The outcome of a rotation that could not be settled, as when the ledger's process has
 * died: what it applied and spent is unknown.
 *
 * @throws {unknown} the error, where it is a defect
 */
function unsettledOutcome(end: UnsuccessfulEnd, error: unknown): Failure {
  if (!(error instanceof UserError)) throw error;
  const { Error: name, Cause } = readFailure(end);
  return {
    ...failureOf({ ...end, Error: name, Cause }),
    Cause: legible(
      `${Cause}. It could not be settled, so it is unknown whether its key was applied: ${error.message}`,
    ),
  };
}

/** Error and Cause of StopExecution, from the reason of the abort. */
function stopReason(reason: unknown): { Error?: string; Cause?: string } {
  const told = ['Error', 'Cause'].map((field) => [
    field,
    fieldOf(reason, field),
  ]);
  return Object.fromEntries(told.filter(([, value]) => value !== undefined));
}

/** The functions whose answer is the outcome. */
export const LAST_STATES = ['CompleteRotation', 'SettleFailure'];

interface UnsuccessfulEnd {
  RotationId: string;
  /** ISO 8601. */
  StartedAt: string;
  Request: unknown;
  Status: 'ABORTED' | 'FAILED' | 'TIMED_OUT';
  Error: string;
  Cause: string;
}

/**
 * What the rule on the execution's status change does: calls SettleFailure with
 * Step Functions' event.
 */
export async function settleFromOutside(
  handlers: TaskHandlers,
  end: UnsuccessfulEnd,
): Promise<Outcome> {
  const settle = handlers.SettleFailure as (
    event: object,
    context: object,
  ) => Promise<Outcome>;
  const event = {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    detail: {
      executionArn: end.RotationId,
      status: end.Status,
      startDate: Date.parse(end.StartedAt),
      input: JSON.stringify(end.Request),
      error: end.Error,
      cause: end.Cause,
    },
  };
  return settle(event, { functionName: 'SettleFailure' });
}
