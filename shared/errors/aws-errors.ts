import { ServiceException } from '@smithy/core/client';
import { isThrottlingError, isTransientError } from '@smithy/core/retry';
import type { SdkError } from '@smithy/types';
import { AwsRefusal, RotationError } from './errors.ts';

/** Connections that were never made, so AWS cannot have applied anything. */
const UNSENT = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
]);

/**
 * Whether AWS answered and refused (4xx), so that it certainly did not apply the
 * call; false for 5xx and for errors of the transport.
 */
export function isServiceError(error: unknown): error is ServiceException {
  if (!(error instanceof ServiceException)) return false;
  const status = error.$metadata?.httpStatusCode;
  const isTimeout = status === 408;
  return status !== undefined && status >= 400 && status < 500 && !isTimeout;
}

/** Whether the call certainly never left this machine. */
export function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'CredentialsProviderError') return true;
  const { code, errors } = error as { code?: string; errors?: unknown[] };
  return (
    (code !== undefined && UNSENT.has(code)) ||
    (errors !== undefined && errors.length > 0 && errors.every(wasNeverSent))
  );
}

/** Whether AWS refused the pace of the calls rather than the request. */
export function isThrottling(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'KMSThrottlingException' ||
      isThrottlingError(error as SdkError))
  );
}

/** Whether AWS denied the call. New rights take some minutes to be effective. */
export function isDenial(error: unknown): error is Error {
  return (
    error instanceof Error &&
    (error.name === 'AccessDeniedException' ||
      error.name === 'KMSAccessDeniedException')
  );
}

/**
 * Whether an error is a denial that may be a right that is not effective yet.
 *
 * @param deadline ISO 8601; undefined where a denial is final at once
 * @param now milliseconds since the epoch
 */
export function isRightPending(
  error: unknown,
  deadline: string | undefined,
  now: number,
): error is Error {
  return (
    isDenial(error) && deadline !== undefined && now < Date.parse(deadline)
  );
}

/** The error that the state machine retries, in place of a denial. */
export function rightsPending({ name, message }: Error): RotationError {
  return new RotationError('RightsPending', `${name}: ${message}`);
}

/**
 * Gives an error of an AWS call the name that the state machine matches: AWS's
 * own where AWS refused, `ServiceUnavailable` where it did not answer, answered
 * 5xx or kept throttling. A RotationError or AwsRefusal is returned unchanged.
 * Every other error is a defect of ours: `InternalError`.
 *
 * @param subject the subject of the call, as `field "value"`
 */
export function nameError(error: unknown, subject?: string): Error {
  if (error instanceof RotationError || error instanceof AwsRefusal) {
    return error;
  }
  const { name, message } =
    error instanceof Error ? error : { name: 'Error', message: String(error) };
  const prefix = subject === undefined ? '' : `${subject}: `;
  if (isServiceError(error) && !isThrottling(error)) {
    return new AwsRefusal(name, `${prefix}${message}`, { cause: error });
  }
  if (name === 'CredentialsProviderError') {
    return new AwsRefusal(
      name,
      `No AWS credentials: ${message}. Give the function a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID`,
      { cause: error },
    );
  }
  if (isThrottling(error) || isTransportError(error)) {
    return new RotationError(
      'ServiceUnavailable',
      `${prefix}${name}: ${message || (error as { code?: string }).code}`,
      { cause: error },
    );
  }
  return new RotationError('InternalError', `${name}: ${message}`, {
    cause: error,
  });
}

function isTransportError(error: unknown): boolean {
  return (
    error instanceof ServiceException ||
    wasNeverSent(error) ||
    (error instanceof Error && isTransientError(error as SdkError)) ||
    (error instanceof Error && '$metadata' in error)
  );
}
