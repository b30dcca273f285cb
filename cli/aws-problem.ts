import { wasNeverSent } from '../shared/aws-errors.ts';

/** Of credentials that were good once. */
const EXPIRED = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
]);
const UNKNOWN_CREDENTIALS = new Set([
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

/**
 * What keeps a command from working with AWS, in a line that says what to do;
 * undefined for an error that has nothing to do with it.
 */
export function awsProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message } = rootOf(error);
  if (name === 'CredentialsProviderError') {
    return `No AWS credentials were found: ${message}. Set AWS_PROFILE or give --profile, log in with aws sso login, or run aws configure`;
  }
  if (message === 'Region is missing') {
    return 'No Region is set. Give --region, or set AWS_REGION or a profile that has one';
  }
  if (EXPIRED.has(name)) {
    return `The AWS credentials have expired (${name}). Log in again`;
  }
  if (UNKNOWN_CREDENTIALS.has(name)) {
    return `AWS does not accept the credentials (${name}: ${message}). Check AWS_PROFILE, AWS_ACCESS_KEY_ID and the clock of this machine`;
  }
  if (/^(AccessDenied|UnauthorizedOperation|NotAuthorized)/.test(name)) {
    return `AWS does not allow it (${name}: ${message}). Ask for the permission that it names, or use another profile`;
  }
  if (wasNeverSent(error) || name === 'TimeoutError') {
    return `AWS cannot be reached (${message || (error as { code?: string }).code}). Check the network, AWS_REGION and AWS_ENDPOINT_URL`;
  }
  return undefined;
}

/** Our own errors of AWS calls keep what the SDK said as their cause. */
function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}
