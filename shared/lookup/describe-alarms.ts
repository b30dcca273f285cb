import {
  type CloudWatchClient,
  DescribeAlarmsCommand,
} from '@aws-sdk/client-cloudwatch';
import { nameError } from '../errors/aws-errors.ts';

/** An alarm as CloudWatch describes it. */
export interface WatchedAlarm {
  AlarmName: string;
  StateValue: string;
  /** When it went to its state. */
  Since: Date | undefined;
}

/**
 * Describes alarms by their names. CloudWatch leaves out those that do not exist, and
 * composite alarms for callers whose right names alarms.
 *
 * @param names at most 100
 * @throws what cloudwatch:DescribeAlarms refuses, under AWS's own name, and
 *   ServiceUnavailable
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
 */
export async function describeAlarms(
  cloudWatch: CloudWatchClient,
  names: readonly string[],
): Promise<WatchedAlarm[]> {
  const { MetricAlarms = [], CompositeAlarms = [] } = await cloudWatch
    .send(
      new DescribeAlarmsCommand({
        AlarmNames: [...names],
        AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
      }),
    )
    .catch((error: unknown) => {
      throw nameError(error, 'BakeAlarms');
    });
  return [...MetricAlarms, ...CompositeAlarms].map((alarm) => ({
    AlarmName: String(alarm.AlarmName),
    StateValue: String(alarm.StateValue),
    Since: alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp,
  }));
}
