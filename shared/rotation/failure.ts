import type { Failure } from '../contract/outcome.ts';
import { legible } from '../errors/text.ts';
import { fieldOf, parseJson } from '../json.ts';
import type { CaughtFailure } from './state.ts';

/** Reserved for Step Functions: a Fail state must not carry such a name. */
const RESERVED = /^States\./;

const TIMED_OUT = 'A function or the execution ran longer than it may';

/**
 * Error and cause for people. Step Functions passes a function's error on as JSON
 * text, `{"errorType", "errorMessage", "trace"}`, cut at 32,768 characters. Its own
 * errors come without the prefix `States.` and may have no cause. The caller of
 * StopExecution chooses both texts, or gives none.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export function readFailure(
  failure: Partial<CaughtFailure> | undefined,
): CaughtFailure {
  const cause = failure?.Cause ?? '';
  const name = (failure?.Error ?? 'ExecutionAborted').replace(RESERVED, '');
  return {
    Error: legible(name),
    Cause: legible(
      textField(cause, 'errorMessage') ??
        (cause || (name === 'Timeout' ? TIMED_OUT : '')),
    ),
  };
}

/** An execution that ended without an outcome. */
interface FailedExecution extends Partial<CaughtFailure> {
  /** ARN of the execution. */
  RotationId: string;
  /** ISO 8601. */
  StartedAt: string;
  /** Its input, of any form. */
  Request: unknown;
}

/** The outcome of a rotation that left none: what it applied is not known. */
export function failureOf(execution: FailedExecution): Failure {
  const { RotationId, StartedAt, Request } = execution;
  const [StreamName, StreamARN] = ['StreamName', 'StreamARN'].map((name) => {
    const value = fieldOf(Request, name);
    return typeof value === 'string' ? value : undefined;
  });
  return {
    Status: 'FAILED',
    RotationId,
    StartedAt,
    ...(StreamName && { StreamName }),
    ...(StreamARN && { StreamARN }),
    ...readFailure(execution),
  };
}

/**
 * Whether it is one of the errors that `States.ALL` does not match, as
 * {@link readFailure} names them.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export function isUncaught({ Error: name }: CaughtFailure): boolean {
  return name === 'DataLimitExceeded' || name === 'Runtime';
}

/**
 * A text field of a JSON object. Step Functions may have cut the JSON off: then the
 * part before `Input` is searched, so that no field of a request is taken for it.
 */
export function textField(json: string, name: string): string | undefined {
  const value = parseJson(json) ?? beginningOf(json, name);
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : undefined;
}

/** An object of the one field, read from JSON that was cut off. */
function beginningOf(json: string, name: string): unknown {
  if (!json.startsWith('{')) return undefined;
  const [before = ''] = json.split('"Input":', 1);
  const field = new RegExp(`[{,]\\s*"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.)*)`);
  const [, text] = field.exec(before) ?? [];
  return text === undefined ? undefined : parseJson(`{"${name}":"${text}"}`);
}
