import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { LAST_STATES } from '../../local/runner/rotation.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import { isoTime } from '../../shared/events/iso-time.ts';
import { fieldOf, parseJson } from '../../shared/json.ts';
import { readFailure } from '../../shared/rotation/failure.ts';
import { CommandError } from '../errors/command-error.ts';
import { detailsOf } from './events.ts';

/** What people are told of an end that Step Functions leaves without a cause. */
const ENDS: Record<string, { Error: string; Cause: string }> = {
  ExecutionAborted: {
    Error: 'ExecutionAborted',
    Cause:
      'Somebody stopped the execution; SettleFailure gives back what it held, and leaves the record of it',
  },
  ExecutionTimedOut: {
    Error: 'States.Timeout',
    Cause:
      'The execution ran longer than its TimeoutSeconds; SettleFailure gives back what it held, and leaves the record of it',
  },
};

/** Whether a history, in its order, is that of an execution that has ended. */
export function hasEnded(history: readonly HistoryEvent[]): boolean {
  return /^Execution(Succeeded|Failed|Aborted|TimedOut)$/.test(
    history.at(-1)?.type ?? '',
  );
}

/**
 * The whole outcome of a rotation, from the history of its execution: what
 * CompleteRotation or SettleFailure answered, or else what the end itself says.
 *
 * @param history in its order, from the start to the end
 * @throws {CommandError} for an execution that was no rotation
 */
export function executionOutcome(
  executionArn: string,
  history: readonly HistoryEvent[],
): Outcome {
  // An execution that was redriven has failed before, and told how.
  const redriven = history.findLastIndex(
    ({ type }) => type === 'ExecutionRedriven',
  );
  const answer = history
    .slice(redriven + 1)
    .filter(({ type }) => type?.endsWith('StateExited'))
    .map(detailsOf)
    .filter(({ name = '' }) => LAST_STATES.includes(name))
    .map(({ output }) => parseJson(output))
    // One that failed has left its error here instead.
    .find((output) => fieldOf(output, 'Status') !== undefined);
  if (answer !== undefined) return answer as Outcome;

  const start = history[0];
  const request = parseJson(start && detailsOf(start).input);
  const end = history.at(-1);
  if (end?.type === 'ExecutionSucceeded') {
    throw new CommandError(
      `${executionArn} has succeeded without the outcome of a rotation; it is an execution of something else`,
    );
  }
  const { error, cause } = end ? detailsOf(end) : {};
  const told = ENDS[end?.type ?? ''];
  const [StreamName, StreamARN] = ['StreamName', 'StreamARN'].map((name) => {
    const value = fieldOf(request, name);
    return typeof value === 'string' ? value : undefined;
  });
  return {
    Status: 'FAILED',
    RotationId: executionArn,
    StartedAt: isoTime(start?.timestamp?.getTime() ?? 0),
    ...(StreamName && { StreamName }),
    ...(StreamARN && { StreamARN }),
    ...readFailure({
      Error: error ?? told?.Error,
      Cause: cause ?? told?.Cause,
    }),
  };
}
