import { ServiceException } from '@smithy/core/client';
import { describe, expect, it } from 'vitest';
import {
  CommandError,
  CouldNotAskError,
} from '../../../cli/errors/command-error.ts';
import { explain } from '../../../cli/errors/explain.ts';
import { PortInUseError } from '../../../local/session/embedded-aws.ts';
import { RotationsFileError } from '../../../shared/config/rotations-file.ts';
import { nameError } from '../../../shared/errors/aws-errors.ts';
import { RotationError, UserError } from '../../../shared/errors/errors.ts';

const answer = (name: string, httpStatusCode: number) =>
  new ServiceException({
    name,
    message: 'said AWS',
    $fault: httpStatusCode < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode },
  });

describe('explain', () => {
  it.each<[string, unknown, ReturnType<typeof explain>['kind']]>([
    [
      'a wrong request',
      new RotationError('InvalidRequest', 'x'),
      'WRONG_INPUT',
    ],
    ['a wrong rotations.yml', new RotationsFileError('x'), 'WRONG_INPUT'],
    [
      'no credentials',
      Object.assign(new Error('x'), { name: 'CredentialsProviderError' }),
      'COULD_NOT_ASK',
    ],
    [
      'no network',
      Object.assign(new Error('x'), { code: 'ENOTFOUND' }),
      'COULD_NOT_ASK',
    ],
    ['no Region', new Error('Region is missing'), 'COULD_NOT_ASK'],
    ['no stack', new CouldNotAskError('x'), 'COULD_NOT_ASK'],
    ['a denial', answer('AccessDeniedException', 403), 'COULD_NOT_ASK'],
    ['another refusal', answer('LimitExceeded', 400), 'COULD_NOT_ASK'],
    [
      'a refusal under a subject',
      nameError(answer('ResourceNotFoundException', 400), 'Ledger table "x"'),
      'COULD_NOT_ASK',
    ],
    ['an AWS that is down', nameError(answer('Down', 503)), 'COULD_NOT_ASK'],
    [
      'an embedded AWS whose port is in use',
      new PortInUseError('KMS', 8001),
      'COULD_NOT_ASK',
    ],
    [
      'an embedded AWS that is broken',
      new (class extends UserError {})('x'),
      'COULD_NOT_ASK',
    ],
    ['a file that cannot be written', new CommandError('x'), 'FAILED'],
    ['a defect', new TypeError('x'), 'FAILED'],
    ['a defect behind a name', nameError(new TypeError('x')), 'FAILED'],
  ])('tells apart %s', (_, error, kind) => {
    expect(explain(error).kind).toBe(kind);
  });

  it('puts no name before what people see as it is', () => {
    expect(explain(new CouldNotAskError('There is no stack x')).line).toBe(
      'There is no stack x',
    );
  });
});
