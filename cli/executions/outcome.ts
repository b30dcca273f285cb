import { LAST_STATES } from '../../local/runner/rotation.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import { isoTime } from '../../shared/events/iso-time.ts';
import { fieldOf, parseJson } from '../../shared/json.ts';
import { failureOf } from '../../shared/rotation/failure.ts';
import { CommandError } from '../errors/command-error.ts';
import { detailsOf, type RecordedEvent } from './events.ts';

/** Error and cause of an end for which Step Functions gives none. */
const ENDS: Record<string, { Error: string; Cause: string }> = {
  ExecutionAborted: {
    Error: 'ExecutionAborted',
    Cause:
      'The execution was stopped; SettleFailure releases what it held and records it',
  },
  ExecutionTimedOut: {
    Error: 'States.Timeout',
    Cause:
      'The execution ran longer than its TimeoutSeconds; SettleFailure releases what it held and records it',
  },
};

/** Whether an execution has ended, by its history in order. */
export function hasEnded(history: readonly RecordedEvent[]): boolean {
  const last = history.at(-1);
  return (
    last !== undefined &&
    /^Execution(Succeeded|Failed|Aborted|TimedOut)$/.test(last.type)
  );
}

/**
 * The outcome of a rotation, from the history of its execution: the answer of
 * CompleteRotation or SettleFailure, or else the error of the last event.
 *
 * @param history in order, from the start to the end
 * @throws {CommandError} for an execution of another state machine
 */
export function executionOutcome(
  executionArn: string,
  history: readonly RecordedEvent[],
): Outcome {
  // A redriven execution has failed before, with an outcome of that failure.
  const redriven = history.findLastIndex(
    ({ type }) => type === 'ExecutionRedriven',
  );
  const answer = history
    .slice(redriven + 1)
    .filter(({ type }) => type.endsWith('StateExited'))
    .map(detailsOf)
    .filter(({ name }) => name !== undefined && LAST_STATES.includes(name))
    .map(({ output }) => parseJson(output))
    // A call that failed has left its error here instead.
    .find((output) => fieldOf(output, 'Status') !== undefined);
  if (answer !== undefined) return answer as Outcome;

  const start = history[0];
  const end = history.at(-1);
  if (start === undefined || end === undefined) {
    throw new Error(`${executionArn} has no history`);
  }
  const request = parseJson(detailsOf(start).input);
  if (end.type === 'ExecutionSucceeded') {
    throw new CommandError(
      `${executionArn} has succeeded without the outcome of a rotation; it is an execution of another state machine`,
    );
  }
  const { error, cause } = detailsOf(end);
  const known = ENDS[end.type];
  return failureOf({
    RotationId: executionArn,
    StartedAt: isoTime(start.timestamp.getTime()),
    Request: request,
    Error: error ?? known?.Error,
    Cause: cause ?? known?.Cause,
  });
}
