import * as v from 'valibot';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { isExecutionArn } from '../identifiers/arn.ts';
import { parseJson } from '../json.ts';
import type { CaughtFailure } from '../rotation/state.ts';
import { isoTime } from './iso-time.ts';

const MILLISECONDS = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));

/** The fields of Step Functions' event that are needed. */
const EVENT = v.object({
  'detail-type': v.literal('Step Functions Execution Status Change'),
  detail: v.object({
    executionArn: v.pipe(
      v.string(),
      v.check(
        isExecutionArn,
        ({ input }) => `${quote(input)} is not the ARN of an execution`,
      ),
    ),
    status: v.string(),
    startDate: MILLISECONDS,
    input: v.nullish(v.string()),
    error: v.nullish(v.string()),
    cause: v.nullish(v.string()),
  }),
});

const FROM_STATE_MACHINE = v.object({
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
  /** Whether it was aborted or timed out. */
  WasStopped: boolean;
}

/** Error and cause of an execution that gives none of its own, by its status. */
const ENDED: Record<string, CaughtFailure> = {
  ABORTED: { Error: 'ExecutionAborted', Cause: 'The execution was stopped' },
  TIMED_OUT: {
    Error: 'States.Timeout',
    Cause: 'The execution ran longer than its TimeoutSeconds',
  },
  FAILED: { Error: 'States.Runtime', Cause: 'The execution failed' },
};

/**
 * Why an execution ended: its own error and cause where it has them, else those
 * of its status. Undefined for a status that is not a failure.
 */
export function failureOfStatus({
  Status,
  Error: name,
  Cause,
}: {
  Status?: string;
  Error?: string | null | undefined;
  Cause?: string | null;
}): CaughtFailure | undefined {
  const isEnded = Status !== undefined && Object.hasOwn(ENDED, Status);
  const ended = isEnded ? ENDED[Status] : undefined;
  return ended && { Error: name || ended.Error, Cause: Cause || ended.Cause };
}

/** True for every event except the one that the state machine itself passes. */
export function isExecutionEnded(event: unknown): boolean {
  return !v.is(FROM_STATE_MACHINE, event);
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
  const Failure = failureOfStatus({
    Status: status,
    Error: error,
    Cause: cause,
  });
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
