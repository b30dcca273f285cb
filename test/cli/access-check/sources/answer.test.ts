import { expect, it } from 'vitest';
import { ask } from '../../../../cli/access-check/sources/answer.ts';

const RIGHT = 'kms:GetKeyPolicy on arn';

const failing = (name: string) => async (): Promise<never> => {
  throw Object.assign(new Error('a\nb'), { name });
};

it('passes an answer on', async () => {
  expect(await ask(RIGHT, async () => 1)).toEqual({ value: 1 });
});

it.each(['AccessDenied', 'AccessDeniedException', 'UnauthorizedException'])(
  'says what a denied call needs: %s',
  async (name) => {
    expect(await ask(RIGHT, failing(name))).toEqual({ why: `needs ${RIGHT}` });
  },
);

it('says in one line how a call failed', async () => {
  expect(await ask(RIGHT, failing('ThrottlingException'))).toEqual({
    why: `${RIGHT} failed (ThrottlingException: a b)`,
  });
});

it('ends a call that is not answered in time', async () => {
  const never = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  expect(await ask(RIGHT, never, { timeoutMs: 1 })).toEqual({
    why: `${RIGHT} did not answer within 0.001 s`,
  });
});
