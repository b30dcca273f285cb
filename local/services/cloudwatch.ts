import { partitionOf } from '../../shared/identifiers/arn.ts';
import type { EmbeddedService } from './embedded-service.ts';
import {
  type Input,
  type JsonService,
  ServiceError,
  startJsonService,
} from './json-service.ts';

const STATES = ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const;
type AlarmState = (typeof STATES)[number];

/** An alarm as cloudwatch:DescribeAlarms shows it. */
interface StoredAlarm {
  AlarmName: string;
  AlarmArn: string;
  StateValue: AlarmState;
  StateReason: string;
  StateUpdatedTimestamp: Date;
  StateTransitionedTimestamp: Date;
}

interface CloudWatchOptions {
  /** Alarms that exist, in the state OK. */
  alarmNames: readonly string[];
  region: string;
  account: string;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * The stand-in for CloudWatch, without a server. It has alarms and no metrics: their
 * states are set. Alarms are kept in memory.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
 */
function cloudWatchService({
  alarmNames,
  region,
  account,
  now = Date.now,
}: CloudWatchOptions): JsonService {
  const alarms = new Map<string, StoredAlarm>();
  const put = (AlarmName: string, state: AlarmState, StateReason: string) => {
    const at = new Date(now());
    const before = alarms.get(AlarmName);
    alarms.set(AlarmName, {
      AlarmName,
      AlarmArn: `arn:${partitionOf(region)}:cloudwatch:${region}:${account}:alarm:${AlarmName}`,
      StateValue: state,
      StateReason,
      StateUpdatedTimestamp: at,
      StateTransitionedTimestamp:
        before?.StateValue === state ? before.StateTransitionedTimestamp : at,
    });
  };
  for (const name of alarmNames)
    put(name, 'OK', 'Created with the embedded AWS');
  return {
    name: 'CloudWatch',
    target: 'GraniteServiceVersion20100801',
    version: '1.0',
    operations: {
      DescribeAlarms: ({ AlarmNames, AlarmNamePrefix, StateValue }) => ({
        MetricAlarms: [...alarms.values()].filter(
          (alarm) =>
            (AlarmNames === undefined ||
              names(AlarmNames).includes(alarm.AlarmName)) &&
            alarm.AlarmName.startsWith(String(AlarmNamePrefix ?? '')) &&
            (StateValue === undefined || alarm.StateValue === StateValue),
        ),
        CompositeAlarms: [],
      }),
      PutMetricAlarm: ({ AlarmName }) => {
        const name = text(AlarmName);
        if (!alarms.has(name)) put(name, 'INSUFFICIENT_DATA', 'Unchecked');
        return undefined;
      },
      SetAlarmState: ({ AlarmName, StateValue, StateReason }) => {
        const name = text(AlarmName);
        const state = STATES.find((one) => one === StateValue);
        if (state === undefined) {
          throw new ServiceError(
            'ValidationError',
            `StateValue ${StateValue} is not one of ${STATES.join(', ')}`,
          );
        }
        if (!alarms.has(name)) throw new ServiceError('ResourceNotFound', '');
        put(name, state, text(StateReason));
        return undefined;
      },
      DeleteAlarms: ({ AlarmNames }) => {
        for (const name of names(AlarmNames)) alarms.delete(name);
        return undefined;
      },
    },
  };
}

/**
 * Starts the CloudWatch stand-in on 127.0.0.1.
 *
 * @param port 0 for any free one
 */
export function startCloudWatch(
  options: CloudWatchOptions,
  port: number,
): Promise<EmbeddedService> {
  return startJsonService(cloudWatchService(options), port);
}

function text(value: Input[string]): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new ServiceError('ValidationError', 'A required field is missing');
}

function names(value: unknown): string[] {
  if (Array.isArray(value)) return value.map((one) => text(one));
  throw new ServiceError('ValidationError', 'AlarmNames is not a list');
}
