import {
  isServiceError,
  isThrottling,
  wasNeverSent,
} from '../errors/aws-errors.ts';
import type { StartResult } from './state.ts';

/**
 * What an error of StartStreamEncryption means for the slot and for the next call.
 *
 * - `STREAM_BUSY`: not applied; the stream is not ACTIVE
 * - `LIMIT_EXCEEDED`: not applied; too many requests at once, or the quota
 * - `THROTTLED`: not applied; a retry may succeed
 * - `KEY_STATE`: not applied; the key may become usable
 * - `REFUSED`: not applied; a retry would fail again
 * - `UNKNOWN`: it is unknown whether AWS applied the key
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html
 */
export type StartRefusal =
  | 'STREAM_BUSY'
  | 'LIMIT_EXCEEDED'
  | 'THROTTLED'
  | 'KEY_STATE'
  | 'REFUSED'
  | 'UNKNOWN';

export function classifyStartError(error: unknown): StartRefusal {
  if (wasNeverSent(error)) {
    return (error as Error).name === 'CredentialsProviderError'
      ? 'REFUSED'
      : 'THROTTLED';
  }
  if (!isServiceError(error)) return 'UNKNOWN';
  switch (error.name) {
    case 'ResourceInUseException':
      return 'STREAM_BUSY';
    case 'LimitExceededException':
      return 'LIMIT_EXCEEDED';
    case 'KMSInvalidStateException':
      return 'KEY_STATE';
  }
  return isThrottling(error) ? 'THROTTLED' : 'REFUSED';
}

/** Consecutive refusals of one kind after which a rotation stops calling. */
export const MAX_START_ATTEMPTS = 6;

/** What StartEncryption does after an error; `REFUSED` fails the rotation. */
export type StartErrorDecision =
  | { Status: 'UNKNOWN'; Unanswered: number }
  | { Status: 'QUOTA_EXHAUSTED' | 'STREAM_BUSY' }
  | { Status: 'REFUSED' }
  | {
      Status: 'THROTTLED';
      Throttled: number;
      LimitExceeded: number;
      WaitSeconds: number;
    };

/**
 * Decides what follows an error of StartStreamEncryption. `KEY_STATE` is retried:
 * the caller checks first whether the key becomes usable.
 *
 * @param attempt the rotation's calls before this one
 * @param random in [0, 1)
 */
export function decideOnStartError(
  refusal: StartRefusal,
  attempt: Pick<StartResult, 'Throttled' | 'LimitExceeded' | 'Unanswered'>,
  random: () => number,
): StartErrorDecision {
  // After an unanswered call, that call most likely keeps the stream busy.
  const isOurs = refusal === 'STREAM_BUSY' && attempt.Unanswered > 0;
  if (refusal === 'UNKNOWN' || isOurs) {
    return { Status: 'UNKNOWN', Unanswered: attempt.Unanswered + 1 };
  }
  if (refusal === 'STREAM_BUSY' || refusal === 'REFUSED') {
    return { Status: refusal };
  }
  const isLimit = refusal === 'LIMIT_EXCEEDED';
  const LimitExceeded = isLimit ? attempt.LimitExceeded + 1 : 0;
  if (LimitExceeded >= MAX_START_ATTEMPTS) return { Status: 'QUOTA_EXHAUSTED' };
  const Throttled = attempt.Throttled + (isLimit ? 0 : 1);
  if (Throttled >= MAX_START_ATTEMPTS) return { Status: 'REFUSED' };
  const WaitSeconds = startBackoffSeconds(
    Math.max(Throttled, LimitExceeded),
    random(),
  );
  return { Status: 'THROTTLED', Throttled, LimitExceeded, WaitSeconds };
}

/**
 * Seconds before the next call: 1, 2, 4, 8, 16, each up to a quarter more or less.
 *
 * @param attempts refusals so far, at least 1
 * @param random in [0, 1)
 */
export function startBackoffSeconds(attempts: number, random: number): number {
  const base = 2 ** Math.min(attempts - 1, 4);
  return Math.max(1, Math.round(base * (0.75 + random / 2)));
}
