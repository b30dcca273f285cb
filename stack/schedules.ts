import type { DeploymentSettings } from '../shared/config/deployment-settings.ts';
import type { RotationsStream } from '../shared/config/rotations-stream.ts';
import { sweptStreams } from '../shared/config/swept-streams.ts';
import { logicalId, shortName } from './names.ts';
import { requestTemplate } from './request-template.ts';
import { arnOf, type Resource, type Resources, ref } from './template.ts';

const STATE_MACHINE = ref('RotateStreamStateMachine');
const DEAD_LETTERS = { Arn: arnOf('DeadLetterQueue') };

/** The schedule of every stream that has one, and the schedule of the sweep. */
export function schedules(
  entries: readonly RotationsStream[],
  { SweepMinutes }: Pick<DeploymentSettings, 'SweepMinutes'>,
): Resources {
  const resources: Resources = {
    SweepSchedule: sweepSchedule(entries, SweepMinutes),
  };
  for (const entry of entries) {
    if (entry.Schedule === undefined) continue;
    const id = logicalId('RotateSchedule', entry.StreamName);
    resources[id] = rotateSchedule(entry);
  }
  return resources;
}

function rotateSchedule(entry: RotationsStream): Resource {
  const { StreamName, Schedule, StartDate, Timezone } = entry;
  const { MaximumWindowInMinutes } = entry;
  return {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Name: shortName('rotate-', StreamName),
      GroupName: ref('ScheduleGroup'),
      Description: describeRotation(entry),
      ScheduleExpression: Schedule,
      ScheduleExpressionTimezone: Timezone ?? 'UTC',
      ...(StartDate && { StartDate }),
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

function describeRotation({ StreamName, KeyIds }: RotationsStream): string {
  return KeyIds.length === 1
    ? `Applies the alias of ${StreamName} again if it resolves to another key`
    : `Moves ${StreamName} to the next key of its ring`;
}

function sweepSchedule(
  entries: readonly RotationsStream[],
  minutes: number,
): Resource {
  const Streams = sweptStreams(entries);
  // All datapoints of a sweep belong to the period in which it was due.
  const ScheduledTime = '<aws.scheduler.scheduled-time>';
  return {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Name: 'sweep-drift',
      GroupName: ref('ScheduleGroup'),
      Description:
        'Publishes whether every stream is under a usable key of its ring, and restores those that are not',
      ScheduleExpression: `rate(${minutes} minutes)`,
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: arnOf('SweepDriftLambdaFunction'),
        RoleArn: arnOf('SchedulerRole'),
        Input: JSON.stringify({ ScheduledTime, Streams }),
        // The next sweep is as good as a late one.
        RetryPolicy: { MaximumEventAgeInSeconds: 240, MaximumRetryAttempts: 2 },
        DeadLetterConfig: DEAD_LETTERS,
      },
    },
  };
}
