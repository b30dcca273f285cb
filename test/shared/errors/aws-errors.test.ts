import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  KMSDisabledException,
  KMSThrottlingException,
  LimitExceededException,
  ProvisionedThroughputExceededException,
  ResourceInUseException,
} from '@aws-sdk/client-kinesis';
import { NotFoundException } from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isServiceError,
  isThrottling,
  nameError,
  wasNeverSent,
} from '../../../shared/errors/aws-errors.ts';
import { AwsRefusal, RotationError } from '../../../shared/errors/errors.ts';
import {
  answering,
  closed,
  closedEverywhere,
  hangingUp,
  refusing,
  silent,
  unknownHost,
  withoutCredentials,
} from '../../support/aws/failing-kinesis.ts';

const REFUSED = { message: 'no', $metadata: { httpStatusCode: 400 } };
const LOST: [string, () => Promise<Error>][] = [
  ['a connection that ends', hangingUp],
  ['an answer that does not come', silent],
  ['a page of a gateway', () => answering(502, '<html>Bad Gateway</html>')],
  ['a page of a proxy', () => answering(403, '<html>Forbidden</html>')],
  ['a success that is cut off', () => answering(200, '{"cut')],
  ['an internal failure', () => refusing(500, 'InternalFailure', 'boom')],
  ['an unavailable service', () => refusing(503, 'ServiceUnavailable', 'x')],
];
const UNSENT: [string, () => Promise<Error>][] = [
  ['a closed port', closed],
  ['a host of which every address is closed', closedEverywhere],
  ['a host without an address', unknownHost],
];

describe('isServiceError', () => {
  it.each([
    ['Kinesis', new ResourceInUseException(REFUSED)],
    ['KMS', new NotFoundException(REFUSED)],
    ['DynamoDB', new ConditionalCheckFailedException(REFUSED)],
  ])('recognizes a refusal of %s', (_service, error) => {
    expect(isServiceError(error)).toBe(true);
  });

  it.each([
    [400, true],
    [403, true],
    [499, true],
    [399, false],
    [408, false],
    [500, false],
    [503, false],
    [undefined, false],
  ])('decides by the status %s', (httpStatusCode, expected) => {
    const error = new ResourceInUseException({
      message: 'x',
      $metadata: { httpStatusCode },
    });

    expect(isServiceError(error)).toBe(expected);
  });

  it('recognizes a refusal without a class in the SDK', async () => {
    expect(isServiceError(await refusing(400, 'SomethingNew', 'no'))).toBe(
      true,
    );
  });

  it.each([...LOST, ...UNSENT])(
    'sees no refusal in %s',
    async (_what, fail) => {
      expect(isServiceError(await fail())).toBe(false);
    },
  );

  it('does not accept an object that only looks like a refusal', () => {
    const lookalike = { name: 'ResourceInUseException', ...REFUSED };

    expect(isServiceError(lookalike)).toBe(false);
    expect(isServiceError(Object.assign(new Error('no'), lookalike))).toBe(
      false,
    );
  });
});

describe('wasNeverSent', () => {
  it.each(UNSENT)('is sure of %s', async (_what, fail) => {
    expect(wasNeverSent(await fail())).toBe(true);
  });

  it.each(LOST)('is not sure of %s', async (_what, fail) => {
    expect(wasNeverSent(await fail())).toBe(false);
  });

  it('is false where one of several connections was made', async () => {
    const errors = [await closed(), await hangingUp()];

    expect(wasNeverSent(new AggregateError(errors))).toBe(false);
  });

  it('is false for several connections without details', () => {
    expect(wasNeverSent(new AggregateError([]))).toBe(false);
  });

  it('is false for a value that is not an error', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(wasNeverSent(thrown)).toBe(false);
      }),
    );
    expect(wasNeverSent({ code: 'ECONNREFUSED' })).toBe(false);
  });
});

describe('isThrottling', () => {
  it.each([
    [new LimitExceededException(REFUSED)],
    [new KMSThrottlingException(REFUSED)],
    [new ProvisionedThroughputExceededException(REFUSED)],
  ])('recognizes %s', (error) => {
    expect(isThrottling(error)).toBe(true);
  });

  it.each([
    [400, 'ThrottlingException'],
    [400, 'TooManyRequestsException'],
    [429, 'SomethingNew'],
  ])('recognizes the answer %i %s', async (status, type) => {
    expect(isThrottling(await refusing(status, type, 'slow down'))).toBe(true);
  });

  it.each([
    [new ResourceInUseException(REFUSED)],
    [new KMSDisabledException(REFUSED)],
    [new Error('ThrottlingException')],
    ['ThrottlingException'],
    [{ name: 'ThrottlingException' }],
    [undefined],
  ])('does not accept %s', (error) => {
    expect(isThrottling(error)).toBe(false);
  });
});

describe('nameError', () => {
  it.each([
    new RotationError('QuotaExhausted', 'none left'),
    new AwsRefusal('KMSDisabledException', 'disabled'),
  ])('returns %s unchanged', (error) => {
    expect(nameError(error, 'KeyId "alias/orders"')).toBe(error);
  });

  it("keeps AWS's name, and says what the call was about", async () => {
    const error = await refusing(400, 'KMSDisabledException', 'is disabled');

    const named = nameError(error, 'KeyId "alias/orders"');

    expect(named).toBeInstanceOf(AwsRefusal);
    expect(named.name).toBe('KMSDisabledException');
    expect(named.message).toBe('KeyId "alias/orders": is disabled');
    expect(named.cause).toBe(error);
  });

  it('needs no subject', () => {
    const named = nameError(new KMSDisabledException(REFUSED));

    expect(named.message).toBe('no');
  });

  it.each([
    [new LimitExceededException(REFUSED)],
    [new KMSThrottlingException(REFUSED)],
  ])(
    'names %s ServiceUnavailable, and keeps its name in the message',
    (error) => {
      const named = nameError(error, 'StreamName "orders"');

      expect(named).toBeInstanceOf(RotationError);
      expect(named.name).toBe('ServiceUnavailable');
      expect(named.message).toBe(`StreamName "orders": ${error.name}: no`);
      expect(named.cause).toBe(error);
    },
  );

  it.each([...LOST, ...UNSENT])(
    'calls %s ServiceUnavailable',
    async (_what, fail) => {
      const error = await fail();

      const named = nameError(error, 'StreamName "orders"');

      expect(named).toBeInstanceOf(RotationError);
      expect(named.name).toBe('ServiceUnavailable');
      expect(named.message).toContain(`StreamName "orders": ${error.name}: `);
      expect(named.message).not.toMatch(/: (?:undefined)?$/);
      expect(named.cause).toBe(error);
    },
  );

  it('names a timeout without metadata ServiceUnavailable', () => {
    const error = new DOMException('took too long', 'TimeoutError');

    expect(nameError(error)).toMatchObject({
      name: 'ServiceUnavailable',
      message: 'TimeoutError: took too long',
    });
  });

  it('uses the code of an error without a message', async () => {
    const error = await closedEverywhere();
    expect(error.message).toBe('');

    expect(nameError(error).message).toBe(`${error.name}: ECONNREFUSED`);
  });

  it('names every other thrown value InternalError', () => {
    fc.assert(
      fc.property(fc.string(), (thrown) => {
        const named = nameError(thrown);

        expect(named).toBeInstanceOf(RotationError);
        expect(named.name).toBe('InternalError');
        expect(named.message).toBe(`Error: ${thrown}`);
      }),
    );
    const defect = new TypeError('x is not a function');
    expect(nameError(defect, 'StreamName "orders"')).toMatchObject({
      name: 'InternalError',
      message: 'TypeError: x is not a function',
      cause: defect,
    });
  });
});

describe('without credentials', () => {
  it('reports an unsent call as neither sent nor answered', async () => {
    const error = await withoutCredentials();

    expect(wasNeverSent(error)).toBe(true);
    expect(isServiceError(error)).toBe(false);
  });

  it("the error keeps the SDK's name, and says what to do", async () => {
    const error = await withoutCredentials();

    const named = nameError(error, 'StreamName "orders"');

    expect(named).toBeInstanceOf(AwsRefusal);
    expect(named.name).toBe('CredentialsProviderError');
    expect(named.message).toContain('AWS_PROFILE');
    expect(named.message).toContain(error.message);
    expect(named.cause).toBe(error);
  });
});
