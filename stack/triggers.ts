import {
  type RotationsStream,
  requestFor,
} from '../shared/config/rotations-file.ts';
import { quote } from '../shared/errors/text.ts';
import { driftAlarmName, logicalId, serviceName, shortName } from './names.ts';
import { arnOf, type Resource, type Resources, ref } from './template.ts';

const STATE_MACHINE = ref('RotateStreamStateMachine');
const DEAD_LETTERS = { Arn: arnOf('DeadLetterQueue') };
const SWEEP_MINUTES = 5;
/** @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html */
const MAX_PATTERN = 4096;
/** @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html */
const MAX_INPUT_TEMPLATE = 8192;

/**
 * What starts the rotations of the streams: a schedule and an alarm rule each,
 * and the drift alarms with the sweep that feeds them.
 */
export function triggers(
  entries: readonly RotationsStream[],
  stage: string,
): Resources {
  const resources: Resources = { SweepSchedule: sweepSchedule(entries) };
  for (const entry of entries) {
    const { StreamName } = entry;
    if (entry.Schedule !== undefined) {
      resources[logicalId('RotateSchedule', StreamName)] =
        rotateSchedule(entry);
    }
    resources[logicalId('DriftAlarm', StreamName)] = {
      ...driftAlarm(entry, stage),
      // A new alarm may go to ALARM at once, and says so only once.
      DependsOn: [
        logicalId('AlarmRule', StreamName),
        'NotificationTopicPolicy',
      ],
    };
    resources[logicalId('AlarmRule', StreamName)] = alarmRule(entry, stage);
  }
  return resources;
}

/**
 * A request as JSON, with fields in which AWS fills in values. Whatever
 * rotations.yml says must not be taken for a placeholder, so its angle brackets
 * are escaped.
 */
function requestTemplate(
  entry: RotationsStream,
  Mode: 'ROTATE' | 'RESTORE',
  filledIn: string,
): string {
  const request = JSON.stringify({ ...requestFor(entry), Mode })
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e');
  return `${request.slice(0, -1)},${filledIn}}`;
}

function rotateSchedule(entry: RotationsStream): Resource {
  const { StreamName, Schedule, Timezone, MaximumWindowInMinutes } = entry;
  return {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Name: shortName('rotate-', StreamName),
      GroupName: ref('ScheduleGroup'),
      Description: `Moves ${StreamName} to the next key of its ring`,
      ScheduleExpression: Schedule,
      ScheduleExpressionTimezone: Timezone ?? 'UTC',
      FlexibleTimeWindow:
        MaximumWindowInMinutes === undefined
          ? { Mode: 'OFF' }
          : { Mode: 'FLEXIBLE', MaximumWindowInMinutes },
      Target: {
        Arn: STATE_MACHINE,
        RoleArn: arnOf('SchedulerRole'),
        Input: requestTemplate(
          entry,
          'ROTATE',
          // Scheduler may deliver twice, and the second must not move it on.
          '"UnlessAppliedSince":"<aws.scheduler.scheduled-time>","Trigger":{"Source":"schedule","ScheduleArn":"<aws.scheduler.schedule-arn>","ScheduledTime":"<aws.scheduler.scheduled-time>"}',
        ),
        RetryPolicy: {
          MaximumEventAgeInSeconds: 21_600,
          MaximumRetryAttempts: 60,
        },
        DeadLetterConfig: DEAD_LETTERS,
      },
    },
  };
}

function sweepSchedule(entries: readonly RotationsStream[]): Resource {
  const Streams = entries.map(({ StreamName, KeyIds }) => ({
    StreamName,
    KeyIds,
  }));
  return {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Name: 'sweep-drift',
      GroupName: ref('ScheduleGroup'),
      Description:
        'Looks whether every stream is under a usable key of its ring',
      ScheduleExpression: `rate(${SWEEP_MINUTES} minutes)`,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: arnOf('SweepDriftLambdaFunction'),
        RoleArn: arnOf('SchedulerRole'),
        Input: JSON.stringify({ Streams }),
        // The next sweep is as good as a late one.
        RetryPolicy: { MaximumEventAgeInSeconds: 240, MaximumRetryAttempts: 2 },
        DeadLetterConfig: DEAD_LETTERS,
      },
    },
  };
}

/**
 * One datapoint of drift is enough; of the sweeps, three have to be missed:
 * CloudWatch counts missing datapoints only where it finds fewer than
 * EvaluationPeriods real ones in a range that is longer than these.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
function driftAlarm({ StreamName }: RotationsStream, stage: string): Resource {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: driftAlarmName(stage, StreamName),
      AlarmDescription: `${StreamName} is unencrypted, under a key outside its ring or under an unusable one, or three sweeps could not look at it`,
      Namespace: 'KinesisKeyRotation',
      MetricName: 'Drift',
      Dimensions: [
        { Name: 'service', Value: 'kinesis-key-rotation' },
        { Name: 'Stage', Value: stage },
        { Name: 'StreamName', Value: StreamName },
      ],
      Statistic: 'Maximum',
      Period: SWEEP_MINUTES * 60,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
      TreatMissingData: 'breaching',
      AlarmActions: [ref('NotificationTopic')],
      OKActions: [ref('NotificationTopic')],
    },
  };
}

/**
 * From an alarm to a RESTORE. EventBridge puts values that are not in quotes
 * into a template as JSON, with quotes of their own, so that no alarm's reason
 * can break out of its place.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
function alarmRule(entry: RotationsStream, stage: string): Resource {
  const { StreamName, Alarms = [] } = entry;
  const drift = driftAlarmName(stage, StreamName);
  const EventPattern = {
    source: ['aws.cloudwatch'],
    'detail-type': ['CloudWatch Alarm State Change'],
    detail: {
      alarmName: [...new Set([drift, ...Alarms])],
      state: { value: ['ALARM'] },
    },
  };
  // An alarm says so once, so what it starts had better wait for a slot.
  const InputTemplate = requestTemplate(
    { OnQuotaExhausted: 'WAIT', ...entry },
    'RESTORE',
    '"Trigger":{"Source":"alarm","AlarmName":<alarm>,"Reason":<reason>,"Time":<time>}',
  );
  const where = `rotations.yml: StreamName ${quote(StreamName)}`;
  const patternLength = JSON.stringify(EventPattern).length;
  if (patternLength > MAX_PATTERN) {
    throw new Error(
      `${where}: Alarms make an event pattern of ${patternLength} characters, and EventBridge takes at most ${MAX_PATTERN}; name fewer alarms, or a composite alarm of them`,
    );
  }
  if (InputTemplate.length > MAX_INPUT_TEMPLATE) {
    throw new Error(
      `${where}: KeyIds and Probe make a request of ${InputTemplate.length} characters, and a rule takes at most ${MAX_INPUT_TEMPLATE}; shorten them`,
    );
  }
  return {
    Type: 'AWS::Events::Rule',
    Properties: {
      Name: shortName(`${serviceName(stage)}-alarm-`, StreamName),
      Description: `Restores ${StreamName} when an alarm says so`,
      State: 'ENABLED',
      EventPattern,
      Targets: [
        {
          Id: 'RotateStream',
          Arn: STATE_MACHINE,
          RoleArn: arnOf('EventsRole'),
          InputTransformer: {
            InputPathsMap: {
              alarm: '$.detail.alarmName',
              reason: '$.detail.state.reason',
              time: '$.detail.state.timestamp',
            },
            InputTemplate,
          },
          RetryPolicy: {
            MaximumEventAgeInSeconds: 21_600,
            MaximumRetryAttempts: 60,
          },
          DeadLetterConfig: DEAD_LETTERS,
        },
      ],
    },
  };
}
