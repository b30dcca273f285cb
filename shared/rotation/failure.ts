import { legible } from '../errors/text.ts';
import { fieldOf, parseJson } from '../json.ts';
import type { CaughtFailure } from './state.ts';

/**
 * Error and cause for people. Step Functions passes a function's error on as JSON
 * text, `{"errorType", "errorMessage", "trace"}`. The caller of StopExecution chooses
 * both texts, or gives none.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
 */
export function readFailure(
  failure: Partial<CaughtFailure> | undefined,
): CaughtFailure {
  const cause = failure?.Cause ?? '';
  return {
    Error: legible(failure?.Error ?? 'ExecutionAborted'),
    Cause: legible(messageIn(cause) ?? cause),
  };
}

/**
 * Whether it is one of the errors that `States.ALL` does not match.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
 */
export function isUncaught({ Error: name }: CaughtFailure): boolean {
  return name === 'States.DataLimitExceeded' || name === 'States.Runtime';
}

function messageIn(cause: string): string | undefined {
  const message = fieldOf(parseJson(cause), 'errorMessage');
  return typeof message === 'string' ? message : undefined;
}
