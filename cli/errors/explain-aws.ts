import { wasNeverSent } from '../../shared/errors/aws-errors.ts';
import { quote } from '../../shared/errors/text.ts';

/** Of credentials that were good once. */
const EXPIRED = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
]);
/** Keys that AWS does not know, and requests whose signature is not right. */
const UNKNOWN_CREDENTIALS = new Set([
  'AuthFailure',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

/**
 * What keeps a command from working with AWS, in a line that says what to do;
 * undefined for an error that has nothing to do with it.
 */
export function awsProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const root = rootOf(error);
  const { name } = root;
  const message = sentence(root.message);
  if (name === 'CredentialsProviderError') return noCredentials(message);
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
    return `AWS cannot be reached (${message || (root as { code?: string }).code}). Check the network, AWS_REGION and AWS_ENDPOINT_URL`;
  }
  if (root instanceof SyntaxError && '$response' in root) {
    const [line] = root.message.split('\n');
    return `What answers is not AWS (${line}). Check AWS_ENDPOINT_URL, and proxies on the way`;
  }
  return undefined;
}

function noCredentials(message: string): string {
  const { AWS_PROFILE } = process.env;
  return AWS_PROFILE
    ? `The profile ${quote(AWS_PROFILE)} gives no AWS credentials: ${message}. Name another with --profile, or log in with aws sso login --profile ${AWS_PROFILE}`
    : `No AWS credentials were found: ${message}. Set AWS_PROFILE or give --profile, log in with aws sso login, or run aws configure`;
}

/** In one line, to go on after. */
function sentence(message: string): string {
  return message.trim().replace(/\s+/g, ' ').replace(/\.$/, '');
}

/** Our own errors of AWS calls keep what the SDK said as their cause. */
function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}
