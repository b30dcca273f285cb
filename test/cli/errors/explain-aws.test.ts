import { describe, expect, it, vi } from 'vitest';
import { awsProblem } from '../../../cli/errors/explain-aws.ts';
import { nameError } from '../../../shared/errors/aws-errors.ts';

const error = (name: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { name, ...more });

const DENIED = error(
  'AccessDeniedException',
  'User: arn:aws:iam::1:user/ann is not authorized to perform: states:StartExecution on resource: arn:aws:states:x because no identity-based policy allows it.',
);

describe('awsProblem', () => {
  it.each([
    [
      'no credentials',
      error('CredentialsProviderError', 'Could not load any'),
      [
        'No AWS credentials',
        'Could not load any',
        '--profile',
        'aws sso login',
      ],
    ],
    ['no Region', new Error('Region is missing'), ['--region', 'AWS_REGION']],
    [
      'a token that has expired',
      error('ExpiredTokenException', 'The security token is expired'),
      ['expired', 'Log in again'],
    ],
    [
      'a key that AWS does not know',
      error('InvalidClientTokenId', 'The security token is invalid.'),
      ['does not accept', 'AWS_ACCESS_KEY_ID', 'is invalid)'],
    ],
    [
      'a missing permission',
      DENIED,
      ['states:StartExecution', 'on resource: arn:aws:states:x', 'permission'],
    ],
    [
      'the same behind an error of ours',
      nameError(
        Object.assign(DENIED, { $metadata: {}, $fault: 'client' }),
        'StreamName "orders"',
      ),
      ['states:StartExecution'],
    ],
    [
      'an endpoint that no program listens on',
      error('Error', 'connect ECONNREFUSED 127.0.0.1:1', {
        code: 'ECONNREFUSED',
      }),
      ['cannot be reached', '127.0.0.1:1', 'AWS_ENDPOINT_URL'],
    ],
    [
      'a host with several addresses, none of which answers',
      error('AggregateError', '', {
        code: 'ECONNREFUSED',
        errors: [error('Error', 'no', { code: 'ECONNREFUSED' })],
      }),
      ['cannot be reached (ECONNREFUSED)'],
    ],
    [
      'an endpoint that does not answer',
      error('TimeoutError', 'socket hang up'),
      ['cannot be reached (socket hang up)'],
    ],
    [
      'a page of a proxy in the place of an answer',
      Object.assign(new SyntaxError('Unexpected token <\n  hint'), {
        $response: {},
      }),
      ['not AWS (Unexpected token <)', 'AWS_ENDPOINT_URL'],
    ],
  ])('says in one line what to do about %s', (_, problem, words) => {
    const line = awsProblem(problem);
    for (const each of words) expect(line).toContain(each);
    expect(line).not.toContain('\n');
  });

  it('names the profile that has no credentials', () => {
    vi.stubEnv('AWS_PROFILE', 'prod');
    const line = awsProblem(
      error('CredentialsProviderError', 'The SSO session\nhas expired.'),
    );
    vi.unstubAllEnvs();
    expect(line).toBe(
      'The profile "prod" gives no AWS credentials: The SSO session has expired. Name another with --profile, or log in with aws sso login --profile prod',
    );
  });

  it.each([
    new Error('orders'),
    error('ValidationException', 'orders'),
    'orders',
  ])('has nothing to say of %s', (other) => {
    expect(awsProblem(other)).toBeUndefined();
  });
});
