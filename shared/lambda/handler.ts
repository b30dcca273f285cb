import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy, { type MiddlewareObj } from '@middy/core';
import { nameError } from '../errors/aws-errors.ts';
import { logger } from './logger.ts';

/**
 * Every error leaves a function under a name that the state machine and the
 * docs know, and is logged once.
 */
const nameErrors: MiddlewareObj = {
  onError: (request) => {
    const error = nameError(request.error);
    logger.error(error.message, { ErrorName: error.name });
    throw error;
  },
};

/** What every function does around its task. */
export function taskHandler<Event, Result>(
  task: (event: Event) => Promise<Result>,
) {
  return (
    middy<Event, Result>()
      // Said here, so that no variable can have events logged, with their probes.
      .use(injectLambdaContext(logger, { resetKeys: true, logEvent: false }))
      .use(nameErrors)
      .handler(task)
  );
}
