import type { Success } from '../contract/outcome.ts';
import { failureOfStatus } from '../events/execution-ended.ts';
import { executionName } from '../identifiers/arn.ts';
import { isObject, parseJson } from '../json.ts';
import { readFailure, textField } from '../rotation/failure.ts';
import type { CaughtFailure } from '../rotation/state.ts';
import type { StreamOutcome } from './outcome.ts';
import { type EndedRotation, pauseSeconds } from './pace.ts';
import { fitOutcome } from './payload-budget.ts';

/** How the execution that a fleet started for a stream ended. */
export interface RotationEnd {
  Request: { StreamName: string };
  DetailBytes: number;
  /** The place of the stream in the fleet, from 0. */
  Index: number;
  /** The first streams of the fleet, whose places stay empty for a pause. */
  PacedStreams: number;
  /** Of one that succeeded. */
  Rotation?: { ExecutionArn: string; Output: Success };
  /**
   * Of one that did not, or that could not be started. The cause of the former
   * is its description as JSON.
   */
  Failure?: CaughtFailure;
}

/**
 * Step Functions' description of an execution that failed, as the cause of
 * States.TaskFailed.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
 */
interface Description {
  ExecutionArn?: string | undefined;
  Status?: string;
  Error?: string | undefined;
  Cause?: string;
  /** Since the epoch, in milliseconds or in seconds. */
  StartDate?: number;
}

/** A larger date would be in the far future in seconds, a smaller one in 1973 in ms. */
const SECONDS_UNTIL = 100_000_000_000;

/**
 * Reduces the end of a stream's rotation to what the fleet's outcome says of
 * it, and to how long its place stays empty.
 *
 * @param now milliseconds since the epoch
 */
export function readRotationEnd(
  end: RotationEnd,
  now: number,
): { Result: StreamOutcome; PauseSeconds: number } {
  const { Request, DetailBytes, Index, PacedStreams, Rotation, Failure } = end;
  const { StreamName } = Request;
  // An execution that an older definition started has neither, and keeps its pauses.
  const pause = (rotation: EndedRotation) =>
    Index >= PacedStreams ? 0 : pauseSeconds(rotation);
  if (Rotation) {
    const { Outcome, KeyId, StartedAt, ActiveAt } = Rotation.Output;
    return {
      Result: fitOutcome(
        {
          StreamName,
          Status: 'SUCCEEDED',
          Outcome,
          KeyId,
          Execution: executionName(Rotation.ExecutionArn),
        },
        DetailBytes,
      ),
      PauseSeconds: pause({
        Outcome,
        StartedAt: Date.parse(StartedAt),
        ...(ActiveAt !== null && { ActiveAt: Date.parse(ActiveAt) }),
        EndedAt: now,
      }),
    };
  }
  const description = describedIn(Failure?.Cause ?? '');
  const { ExecutionArn, StartDate = now } = description;
  const ended =
    description.Status === undefined ? Failure : failureOfStatus(description);
  return {
    Result: fitOutcome(
      {
        StreamName,
        Status: 'FAILED',
        ...readFailure(ended),
        ...(ExecutionArn && { Execution: executionName(ExecutionArn) }),
      },
      DetailBytes,
    ),
    PauseSeconds: pause({
      StartedAt: StartDate < SECONDS_UNTIL ? StartDate * 1000 : StartDate,
      EndedAt: now,
    }),
  };
}

/** A description that was cut off may have lost what stands behind its input. */
function describedIn(cause: string): Description {
  const whole = parseJson(cause);
  if (isObject(whole)) return whole;
  if (!cause.startsWith('{')) return {};
  const found = (name: string) => textField(cause, name);
  return {
    ExecutionArn: found('ExecutionArn'),
    Status: 'FAILED',
    Error: found('Error'),
    Cause:
      found('Cause') ??
      'Step Functions cut off the description; the history of the stream has the cause',
  };
}
