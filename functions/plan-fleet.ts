import { planFleet } from '../shared/fleet/plan.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';

/**
 * Checks the requests of a fleet and says how long each waits for its turn.
 *
 * @throws InvalidRequest
 */
export const handler = taskHandler(async (input: unknown) => {
  const plan = planFleet(input);
  logger.info('Fleet planned', { Streams: plan.Streams.length });
  return plan;
});
