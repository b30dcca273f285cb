import type { DeploymentSettings } from '../shared/config/deployment-settings.ts';
import {
  type AlarmMode,
  alarmNames,
  type RotationsStream,
} from '../shared/config/rotations-stream.ts';
import {
  WATCHED_METRICS,
  watchAlarmName,
} from '../shared/config/watch-alarms.ts';
import { quote } from '../shared/errors/text.ts';
import {
  driftAlarmName,
  neededKeysAlarmName,
  serviceName,
} from '../shared/identifiers/service-names.ts';
import { RUNBOOK } from '../shared/notification/runbook.ts';
import { logicalId, shortName } from './names.ts';
import { requestTemplate } from './request-template.ts';
import { arnOf, type Resource, type Resources, ref } from './template.ts';

const STATE_MACHINE = ref('RotateStreamStateMachine');
const TOPICS = [ref('NotificationTopic'), ref('FailureTopic')];
const DEAD_LETTERS = { Arn: arnOf('DeadLetterQueue') };
/**
 * The API takes 4,096 characters, the default quota 2,048.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
 */
const MAX_PATTERN = 2048;
/** @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html */
const MAX_INPUT_TEMPLATE = 8192;

/**
 * The drift alarm of every stream, the rules from its alarms to rotations, one for
 * each mode, and with WatchStream the alarms on its own metrics. The alarm on needed
 * keys, of all streams.
 *
 * @param runbook the page to which descriptions link, a path or a URL
 */
export function alarms(
  entries: readonly RotationsStream[],
  stage: string,
  { SweepMinutes }: Pick<DeploymentSettings, 'SweepMinutes'>,
  runbook: string = RUNBOOK,
): Resources {
  const resources: Resources = {};
  for (const entry of entries) {
    const { StreamName } = entry;
    const rule = logicalId('AlarmRule', StreamName);
    const restoring = restoringAlarms(entry, stage);
    const reverting = alarmNames(entry, 'REVERT');
    resources[logicalId('DriftAlarm', StreamName)] = {
      ...driftAlarm(entry, stage, SweepMinutes, runbook),
      // An alarm acts when its state changes, and what it needs may come later.
      DependsOn: [
        'NotificationTopicPolicy',
        'FailureTopicPolicy',
        ...(restoring.length > 0 ? [rule] : []),
      ],
    };
    if (restoring.length > 0) {
      resources[rule] = alarmRule(entry, stage, 'RESTORE', restoring);
    }
    if (reverting.length > 0) {
      const id = logicalId('RevertRule', StreamName);
      resources[id] = alarmRule(entry, stage, 'REVERT', reverting);
    }
    if (entry.WatchStream) {
      Object.assign(resources, watchAlarms(StreamName, stage, runbook));
    }
  }
  resources.NeededKeysAlarm = neededKeysAlarm(stage, SweepMinutes, runbook);
  return resources;
}

/**
 * One alarm for all streams: each alarm costs as much as a third of a metric, and the
 * message of a risk names stream and key. A sweep without risks publishes no datapoint.
 */
function neededKeysAlarm(
  stage: string,
  sweepMinutes: number,
  runbook: string,
): Resource {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    // An alarm acts when its state changes, and what it needs may come later.
    DependsOn: ['NotificationTopicPolicy', 'FailureTopicPolicy'],
    Properties: {
      AlarmName: neededKeysAlarmName(stage),
      AlarmDescription: `ALARM: records of a stream are under a key that is disabled, about to be deleted, without its material or deleted. The message "needed key at risk" of the failures topic names the stream, the key, the deadline and the remedy. Runbook: ${runbook}#alarm-needed-keys`,
      Namespace: 'KinesisKeyRotation',
      MetricName: 'NeededKeyAtRisk',
      Dimensions: [
        { Name: 'service', Value: 'kinesis-key-rotation' },
        { Name: 'Stage', Value: stage },
      ],
      Statistic: 'Maximum',
      Period: sweepMinutes * 60,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
      TreatMissingData: 'notBreaching',
      AlarmActions: TOPICS,
      OKActions: TOPICS,
    },
  };
}

/** The logical ids of the alarms on a stream's own metrics. */
export const watchAlarmIds = ({
  StreamName,
  WatchStream,
}: RotationsStream): string[] =>
  WatchStream
    ? WATCHED_METRICS.map((metric) => watchAlarmId(metric, StreamName))
    : [];

const watchAlarmId = (
  { MetricName }: { MetricName: string },
  streamName: string,
) => logicalId(`Watch${MetricName.replace('.', '')}`, streamName);

/**
 * Alarms for the bake, which looks at their states. They publish to no topic, because
 * traffic at the stream's limit raises them too. One minute of errors is a retry, two
 * of three are not. A stream without calls has no data, and is in order.
 */
function watchAlarms(
  streamName: string,
  stage: string,
  runbook: string,
): Resources {
  const entries = WATCHED_METRICS.map((metric): [string, Resource] => {
    const { MetricName, Statistic, ComparisonOperator, Threshold } = metric;
    const Properties = {
      AlarmName: watchAlarmName(stage, streamName, metric),
      AlarmDescription: `ALARM: ${metric.means}, of stream ${streamName}. During the bake of a rotation, it takes the stream back. Runbook: ${runbook}#alarm-watch`,
      Namespace: 'AWS/Kinesis',
      MetricName,
      Dimensions: [{ Name: 'StreamName', Value: streamName }],
      Statistic,
      Period: 60,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      ComparisonOperator,
      Threshold,
      TreatMissingData: 'notBreaching',
    };
    return [
      watchAlarmId(metric, streamName),
      { Type: 'AWS::CloudWatch::Alarm', Properties },
    ];
  });
  return Object.fromEntries(entries);
}

/** The names of the alarms that start a RESTORE. */
function restoringAlarms(entry: RotationsStream, stage: string): string[] {
  const { StreamName, OnDrift = 'RESTORE' } = entry;
  const drift = driftAlarmName(stage, StreamName);
  const names = alarmNames(entry, 'RESTORE');
  return [...new Set([...(OnDrift === 'RESTORE' ? [drift] : []), ...names])];
}

/** What a rule does when one of its alarms goes to ALARM, and how its name begins. */
const RULES: Record<AlarmMode, { does: string; name: string }> = {
  RESTORE: { does: 'Restores', name: 'alarm' },
  REVERT: { does: 'Reverts the last move of', name: 'revert' },
};

/**
 * Goes to ALARM on one datapoint of drift. A new alarm has no data, and must not start
 * a rotation for want of them: it is INSUFFICIENT_DATA until the first sweep, and again
 * when all datapoints of its evaluation range are missing.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
function driftAlarm(
  { StreamName }: RotationsStream,
  stage: string,
  sweepMinutes: number,
  runbook: string,
): Resource {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: driftAlarmName(stage, StreamName),
      AlarmDescription: `ALARM: stream ${StreamName} is unencrypted, under a key outside its ring, or under an unusable key. INSUFFICIENT_DATA: no sweep can describe it. Runbook: ${runbook}#alarm-drift`,
      Namespace: 'KinesisKeyRotation',
      MetricName: 'Drift',
      Dimensions: [
        { Name: 'service', Value: 'kinesis-key-rotation' },
        { Name: 'Stage', Value: stage },
        { Name: 'StreamName', Value: StreamName },
      ],
      Statistic: 'Maximum',
      Period: sweepMinutes * 60,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
      TreatMissingData: 'missing',
      AlarmActions: TOPICS,
      InsufficientDataActions: TOPICS,
      OKActions: TOPICS,
    },
  };
}

/**
 * Starts a rotation for an alarm. The request gets the whole event, which EventBridge
 * inserts as JSON. Of a single value no page says whether it is escaped, and a name or
 * a reason with quotes could leave its place.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
function alarmRule(
  entry: RotationsStream,
  stage: string,
  mode: AlarmMode,
  names: readonly string[],
): Resource {
  const { StreamName } = entry;
  const { does, name } = RULES[mode];
  const EventPattern = {
    source: ['aws.cloudwatch'],
    account: [ref('AWS::AccountId')],
    'detail-type': ['CloudWatch Alarm State Change'],
    detail: {
      alarmName: names,
      state: { value: ['ALARM'] },
    },
  };
  // An alarm goes to ALARM only once, so its rotation waits for a slot.
  const InputTemplate = requestTemplate(
    { OnQuotaExhausted: 'WAIT', ...entry },
    mode,
    '"Trigger":{"Source":"alarm","Event":<aws.events.event.json>}',
  );
  const where = `StreamName ${quote(StreamName)}`;
  const patternLength = JSON.stringify(EventPattern).replace(
    /\{"Ref":"AWS::AccountId"\}/,
    '"123456789012"',
  ).length;
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
      Name: shortName(`${serviceName(stage)}-${name}-`, StreamName),
      Description: `${does} ${StreamName} when one of its alarms goes to ALARM`,
      State: 'ENABLED',
      EventPattern,
      Targets: [
        {
          Id: 'RotateStream',
          Arn: STATE_MACHINE,
          RoleArn: arnOf('EventsRole'),
          InputTransformer: { InputTemplate },
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
