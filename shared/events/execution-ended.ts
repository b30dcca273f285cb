import * as v from 'valibot';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { isExecutionArn } from '../identifiers/arn.ts';
import { parseJson } from '../json.ts';
import type { CaughtFailure } from '../rotation/state.ts';
import { isoTime } from './iso-time.ts';

const MILLISECONDS = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));

/** What of Step Functions' event is needed; the rest may be anything. */
const EVENT = v.object({
  'detail-type': v.literal('Step Functions Execution Status Change'),
  detail: v.object({
    executionArn: v.pipe(
      v.string(),
      v.check(isExecutionArn, ({ input }) => `${quote(input)} is none`),
    ),
    status: v.string(),
    startDate: MILLISECONDS,
    input: v.nullish(v.string()),
    error: v.nullish(v.string()),
    cause: v.nullish(v.string()),
  }),
});

const SAID_INSIDE = v.object({
  'detail-type': v.optional(v.undefined()),
  RotationId: v.string(),
  Progress: v.looseObject({}),
});

/** An execution that ended without success. */
export interface EndedExecution {
  RotationId: string;
  /** ISO 8601, spelled as `$$.Execution.StartTime` is. */
  StartedAt: string;
  /** The execution's input; undefined where the event leaves it out. */
  Request: unknown;
  Failure: CaughtFailure;
  /** Aborted or timed out, rather than failed of itself. */
  WasStopped: boolean;
}

/** What to say of an execution that ended so and gives no error of its own. */
const ENDED: Record<string, CaughtFailure> = {
  ABORTED: { Error: 'ExecutionAborted', Cause: 'The execution was stopped' },
  TIMED_OUT: {
    Error: 'States.Timeout',
    Cause: 'The execution ran longer than its TimeoutSeconds',
  },
  FAILED: { Error: 'States.Runtime', Cause: 'The execution failed' },
};

/** Why an execution ended so, by what it says itself where it says anything. */
export function failureOfStatus(
  status: string,
  said: { Error?: string | null; Cause?: string | null },
): CaughtFailure | undefined {
  const ended = Object.hasOwn(ENDED, status) ? ENDED[status] : undefined;
  return (
    ended && {
      Error: said.Error || ended.Error,
      Cause: said.Cause || ended.Cause,
    }
  );
}

/** Everything is taken for one but what the state machine itself says. */
export function isExecutionEnded(event: unknown): boolean {
  return !v.is(SAID_INSIDE, event);
}

/**
 * Reads Step Functions' event of an execution that ended without success.
 *
 * @throws {RotationError} InvalidRequest for anything else, above all for an
 *   execution that still runs: to settle it would take its lease away
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
export function parseExecutionEnded(event: unknown): EndedExecution {
  const parsed = v.safeParse(EVENT, event, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw invalid(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
  }
  const { executionArn, status, startDate, input, error, cause } =
    parsed.output.detail;
  const Failure = failureOfStatus(status, { Error: error, Cause: cause });
  if (Failure === undefined) throw invalid(`its status is ${quote(status)}`);
  return {
    RotationId: executionArn,
    StartedAt: isoTime(startDate),
    Request: parseJson(input ?? undefined),
    Failure,
    WasStopped: status !== 'FAILED',
  };
}

function invalid(reason: string): RotationError {
  return new RotationError(
    'InvalidRequest',
    `This is not Step Functions' event of an execution that ended without success: ${reason}`,
  );
}
