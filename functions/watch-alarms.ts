import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { cloudWatchClient } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import { describeAlarms } from '../shared/lookup/describe-alarms.ts';
import { judgeAlarms } from '../shared/rotation/bake.ts';
import type { Bake, PlannedState } from '../shared/rotation/state.ts';

interface Dependencies {
  cloudWatch: CloudWatchClient;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Looks at the alarms of a rotation: once before its Start, and each minute of its
 * bake. Read-only.
 *
 * @throws AlarmBeforeStart, AlarmDuringBake, and what DescribeAlarms refuses
 */
export function createWatchAlarms({ cloudWatch, now }: Dependencies) {
  return taskHandler(async (state: PlannedState): Promise<Bake> => {
    const { RotationId, Bake: bake } = state.Plan;
    logger.appendKeys({ RotationId });
    if (bake === undefined) throw new Error('The plan watches no alarms');
    const alarms = await describeAlarms(cloudWatch, bake.Alarms);
    const judged = judgeAlarms(state, bake, alarms, now());
    logger.info('Alarms described', { Status: judged.Status });
    return judged;
  }, now);
}

export const handler = createWatchAlarms({
  cloudWatch: cloudWatchClient(),
  now: Date.now,
});
