import { RotationError } from '../shared/errors/errors.ts';
import { planFleet } from '../shared/fleet/plan.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';

/**
 * Checks the requests of a fleet and says how long each waits for its turn. A fleet
 * that it refuses is an answer, so that the execution fails with a sentence, not
 * with the JSON that Step Functions makes of an error.
 */
export const handler = taskHandler(async (input: unknown) => {
  try {
    const plan = planFleet(input);
    logger.info('Fleet planned', { Streams: plan.Streams.length });
    return plan;
  } catch (error) {
    if (!(error instanceof RotationError)) throw error;
    logger.error('Fleet refused', { Cause: error.message });
    return { Error: error.name, Cause: error.message };
  }
});
