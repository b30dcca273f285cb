import { legible } from '../../../shared/errors/text.ts';

/** What AWS answered, or why there is no answer. */
export type Answer<T> = { value: T } | NoAnswer;

interface NoAnswer {
  /** For people, after "not checked: ". */
  why: string;
}

/** A check never delays a start for longer, in milliseconds, whatever AWS does. */
const ANSWER_TIMEOUT_MS = 4_000;

const DENIED = /^(AccessDenied|KMSAccessDenied|Unauthorized|NotAuthorized)/;

export interface AskOptions {
  timeoutMs?: number;
  /** Ends the call before its time is over. */
  ended?: AbortSignal;
}

/**
 * Asks AWS, and ends the wait after some seconds. A call that fails is an answer too:
 * why something is not checked.
 *
 * @param right what the call needs, as `kms:GetKeyPolicy on arn:...`
 * @param call gets the signal that ends it
 */
export async function ask<T>(
  right: string,
  call: (signal: AbortSignal) => Promise<T>,
  { timeoutMs = ANSWER_TIMEOUT_MS, ended }: AskOptions = {},
): Promise<Answer<T>> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = ended ? AbortSignal.any([timeout, ended]) : timeout;
  try {
    return { value: await call(signal) };
  } catch (error) {
    if (signal.aborted) {
      return { why: `${right} did not answer within ${timeoutMs / 1000} s` };
    }
    const { name, message } = error as Error;
    if (DENIED.test(name)) return { why: `needs ${right}` };
    return { why: legible(`${right} failed (${name}: ${message})`) };
  }
}
