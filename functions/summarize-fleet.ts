import { isoTime } from '../shared/events/iso-time.ts';
import { type FleetOutcome, summarizeFleet } from '../shared/fleet/outcome.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';

type SummarizeFleetEvent = Pick<
  FleetOutcome,
  'FleetId' | 'StartedAt' | 'Streams'
>;

/** Sums up how the rotations of a fleet ended. */
export const handler = taskHandler(async (event: SummarizeFleetEvent) => {
  const { FleetId, Streams } = event;
  const StartedAt = isoTime(event.StartedAt);
  const outcome = summarizeFleet({ FleetId, StartedAt, Streams });
  const { Status, Counts, Cause } = outcome;
  logger.info('Fleet ended', { FleetId, Status, Counts, Cause });
  return outcome;
});
