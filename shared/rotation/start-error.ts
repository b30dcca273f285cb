import {
  isServiceError,
  isThrottling,
  wasNeverSent,
} from '../errors/aws-errors.ts';

/**
 * What an error of StartStreamEncryption means for the slot and for what comes
 * next.
 *
 * - `STREAM_BUSY`: not applied; the stream is not ACTIVE
 * - `LIMIT_EXCEEDED`: not applied; too many requests at once, or the quota
 * - `THROTTLED`: not applied; try again soon
 * - `KEY_STATE`: not applied; the key may be on its way to a usable state
 * - `REFUSED`: not applied, and trying again would not help
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

/** Refusals of one kind after which they are taken at their word. */
export const MAX_START_ATTEMPTS = 6;

/**
 * Seconds before the next call: 1, 2, 4, 8, 16, give or take a quarter.
 *
 * @param attempts refusals so far, at least 1
 * @param random in [0, 1)
 */
export function startBackoffSeconds(attempts: number, random: number): number {
  const base = 2 ** Math.min(attempts - 1, 4);
  return Math.max(1, Math.round(base * (0.75 + random / 2)));
}
