import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy, { type MiddlewareObj } from '@middy/core';
import {
  isRightPending,
  nameError,
  rightsPending,
} from '../errors/aws-errors.ts';
import { fieldOf } from '../json.ts';
import { logger } from './logger.ts';

/**
 * Every error leaves a function under a name that the state machine and the
 * docs know, and is logged once. A denial is pending until the plan's deadline.
 */
const nameErrors = (now: () => number): MiddlewareObj => ({
  onError: ({ event, error }) => {
    const named = nameError(error);
    const isPending = isRightPending(named, rightsDeadline(event), now());
    const thrown = isPending ? rightsPending(named) : named;
    logger.error(thrown.message, { ErrorName: thrown.name });
    throw thrown;
  },
});

/** ISO 8601, from the plan in a function's event. */
function rightsDeadline(event: unknown): string | undefined {
  const plan =
    fieldOf(event, 'Plan') ?? fieldOf(fieldOf(event, 'Progress'), 'Plan');
  const deadline = fieldOf(plan, 'RightsDeadline');
  return typeof deadline === 'string' ? deadline : undefined;
}

/**
 * What every function does around its task.
 *
 * @param now milliseconds since the epoch
 */
export function taskHandler<Event, Result>(
  task: (event: Event) => Promise<Result>,
  now: () => number = Date.now,
) {
  return (
    middy<Event, Result>()
      // Said here, so that no variable can have events logged, with their probes.
      .use(injectLambdaContext(logger, { resetKeys: true, logEvent: false }))
      .use(nameErrors(now))
      .handler(task)
  );
}
