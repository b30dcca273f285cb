import type { CaughtFailure } from './rotation-state.ts';

/**
 * Error and cause for people. Step Functions hands a function's error on as
 * JSON text, `{"errorType", "errorMessage", "trace"}`; anything else stays as
 * it is. An execution that was stopped without a word has neither.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
 */
export function readFailure(
  failure: Partial<CaughtFailure> | undefined,
): CaughtFailure {
  const cause = failure?.Cause ?? '';
  return {
    Error: failure?.Error ?? 'ExecutionAborted',
    Cause: messageIn(cause) ?? cause,
  };
}

function messageIn(cause: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { errorMessage } = parsed as { errorMessage?: unknown };
    return typeof errorMessage === 'string' ? errorMessage : undefined;
  } catch {
    return undefined;
  }
}
