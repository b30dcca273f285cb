import {
  AccessDeniedException,
  InvalidArgumentException,
  KMSAccessDeniedException,
  KMSDisabledException,
  KMSInvalidStateException,
  KMSNotFoundException,
  KMSOptInRequired,
  KMSThrottlingException,
  LimitExceededException,
  ResourceInUseException,
  ResourceNotFoundException,
  ValidationException,
} from '@aws-sdk/client-kinesis';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  classifyStartError,
  decideOnStartError,
  MAX_START_ATTEMPTS,
  startBackoffSeconds,
} from '../../../shared/rotation/start-error.ts';
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

describe('classifyStartError of what Kinesis refused', () => {
  it.each([
    [ResourceInUseException, 'STREAM_BUSY'],
    [LimitExceededException, 'LIMIT_EXCEEDED'],
    [KMSInvalidStateException, 'KEY_STATE'],
    [KMSThrottlingException, 'THROTTLED'],
    [KMSDisabledException, 'REFUSED'],
    [KMSNotFoundException, 'REFUSED'],
    [KMSAccessDeniedException, 'REFUSED'],
    [KMSOptInRequired, 'REFUSED'],
    [InvalidArgumentException, 'REFUSED'],
    [ResourceNotFoundException, 'REFUSED'],
    [AccessDeniedException, 'REFUSED'],
    [ValidationException, 'REFUSED'],
  ])('takes %o for %s', (Exception, expected) => {
    const error = new Exception({
      message: 'refused',
      $metadata: { httpStatusCode: 400 },
    });

    expect(classifyStartError(error)).toBe(expected);
  });

  it.each([
    [400, 'ResourceInUseException', 'STREAM_BUSY'],
    [400, 'LimitExceededException', 'LIMIT_EXCEEDED'],
    [400, 'KMSInvalidStateException', 'KEY_STATE'],
    [400, 'KMSThrottlingException', 'THROTTLED'],
    [400, 'ThrottlingException', 'THROTTLED'],
    [429, 'SomethingNew', 'THROTTLED'],
    [400, 'KMSOptInRequired', 'REFUSED'],
    [400, 'UnrecognizedClientException', 'REFUSED'],
    [400, 'ExpiredTokenException', 'REFUSED'],
    [403, 'AccessDeniedException', 'REFUSED'],
  ])('takes the answer %i %s for %s', async (status, type, expected) => {
    const error = await refusing(status, type, 'refused');

    expect(classifyStartError(error)).toBe(expected);
  });
});

describe('classifyStartError of unknown effect', () => {
  it.each([
    [500, 'InternalFailure'],
    [503, 'ServiceUnavailable'],
    [500, 'ResourceInUseException'],
    [503, 'ThrottlingException'],
    [502, 'LimitExceededException'],
  ])('takes the answer %i %s for UNKNOWN', async (status, type) => {
    const error = await refusing(status, type, 'boom');

    expect(classifyStartError(error)).toBe('UNKNOWN');
  });

  it.each([
    ['a connection that ends', hangingUp],
    ['an answer that does not come', silent],
    ['a page of a gateway', () => answering(502, '<html>Bad Gateway</html>')],
    ['a page of a proxy', () => answering(403, '<html>Forbidden</html>')],
    ['a success that is cut off', () => answering(200, '{"cut')],
  ])('takes %s for UNKNOWN', async (_what, fail) => {
    expect(classifyStartError(await fail())).toBe('UNKNOWN');
  });

  it('takes an answer whose status got lost for UNKNOWN', () => {
    const error = new ResourceInUseException({ message: 'x', $metadata: {} });

    expect(classifyStartError(error)).toBe('UNKNOWN');
  });

  it('takes anything but an answer of AWS for UNKNOWN', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(classifyStartError(thrown)).toBe('UNKNOWN');
      }),
    );
  });

  it.each(['ResourceInUseException', 'LimitExceededException'])(
    'is not taken in by the mere name %s',
    (name) => {
      const error = Object.assign(new Error('x'), { name });

      expect(classifyStartError(error)).toBe('UNKNOWN');
    },
  );
});

describe('classifyStartError of a call that never left', () => {
  it.each([
    ['no program listens', closed],
    ['no program listens at any address', closedEverywhere],
    ['the host has no address', unknownHost],
  ])('tries again where %s', async (_what, fail) => {
    expect(classifyStartError(await fail())).toBe('THROTTLED');
  });

  describe('for want of credentials', () => {
    it('does not try again', async () => {
      expect(classifyStartError(await withoutCredentials())).toBe('REFUSED');
    });
  });
});

describe('startBackoffSeconds', () => {
  it.each([
    [1, 1, 1],
    [2, 2, 2],
    [3, 3, 5],
    [4, 6, 10],
    [5, 12, 20],
    [6, 12, 20],
    [1000, 12, 20],
  ])('after %i calls waits from %i to %i s', (attempts, shortest, longest) => {
    expect(startBackoffSeconds(attempts, 0)).toBe(shortest);
    expect(startBackoffSeconds(attempts, 0.999)).toBe(longest);
  });

  it('doubles: 1, 2, 4, 8, 16 in the middle', () => {
    const middle = [1, 2, 3, 4, 5].map((n) => startBackoffSeconds(n, 0.5));

    expect(middle).toEqual([1, 2, 4, 8, 16]);
  });

  it('is whole seconds, a quarter from the doubled wait at most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.nat(999).map((n) => n / 1000),
        (attempts, random) => {
          const seconds = startBackoffSeconds(attempts, random);
          const base = Math.min(16, 2 ** (attempts - 1));

          expect(Number.isInteger(seconds)).toBe(true);
          expect(seconds).toBeGreaterThanOrEqual(1);
          expect(Math.abs(seconds - base)).toBeLessThanOrEqual(base / 4);
        },
      ),
    );
  });

  it('stays below a minute for all calls of a rotation together', () => {
    let seconds = 0;
    for (let attempts = 1; attempts < MAX_START_ATTEMPTS; attempts++) {
      seconds += startBackoffSeconds(attempts, 0.999);
    }

    expect(seconds).toBeLessThan(60);
  });
});

describe('decideOnStartError', () => {
  const first = { Throttled: 0, LimitExceeded: 0, Unanswered: 0 };
  const last = MAX_START_ATTEMPTS - 1;
  const decide = (
    refusal: ReturnType<typeof classifyStartError>,
    attempt: Partial<typeof first> = {},
  ) => decideOnStartError(refusal, { ...first, ...attempt }, () => 0.5);

  it('counts a call without an answer', () => {
    const decision = { Status: 'UNKNOWN', Unanswered: 3 };
    expect(decide('UNKNOWN', { Unanswered: 2 })).toEqual(decision);
  });

  it('takes a stream that is busy after an unanswered call for its own', () => {
    expect(decide('STREAM_BUSY')).toEqual({ Status: 'STREAM_BUSY' });
    const decision = { Status: 'UNKNOWN', Unanswered: 2 };
    expect(decide('STREAM_BUSY', { Unanswered: 1 })).toEqual(decision);
  });

  it.each([
    ['LIMIT_EXCEEDED', { LimitExceeded: 1, Throttled: 0 }],
    ['THROTTLED', { LimitExceeded: 0, Throttled: 1 }],
    ['KEY_STATE', { LimitExceeded: 0, Throttled: 1 }],
  ] as const)('waits after %s', (refusal, counts) => {
    const decision = { Status: 'THROTTLED', WaitSeconds: 1, ...counts };
    expect(decide(refusal)).toEqual(decision);
  });

  it('forgets LimitExceededException after a refusal of another kind', () => {
    const decision = decide('THROTTLED', { LimitExceeded: last });
    expect(decision).toMatchObject({ LimitExceeded: 0 });
  });

  it.each([
    ['LIMIT_EXCEEDED', { LimitExceeded: last }, 'QUOTA_EXHAUSTED'],
    ['THROTTLED', { Throttled: last }, 'REFUSED'],
    ['KEY_STATE', { Throttled: last }, 'REFUSED'],
    ['REFUSED', {}, 'REFUSED'],
  ] as const)('stops calling after %s with %o', (refusal, attempt, Status) => {
    expect(decide(refusal, attempt)).toEqual({ Status });
  });
});
