import type { RotationsStream } from '../shared/config/rotations-stream.ts';
import {
  driftAlarmName,
  neededKeysAlarmName,
  serviceName,
} from '../shared/identifiers/service-names.ts';
import { ownArn, type Resource } from './template.ts';

/** The most alarms that one widget shows. */
const ALARMS = 100;

/** The most metrics that one graph shows. */
const METRICS = 500;

/**
 * One dashboard for the whole service. What every sweep publishes is searched for. What
 * only rotations and used slots publish is listed: a search finds no metric that has had no datapoint
 * for two weeks.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
export function dashboard(
  entries: readonly RotationsStream[],
  stage: string,
): Resource {
  const byStream = (title: string, metric: string, statistic: string) =>
    graph(title, [
      [
        {
          expression: `SEARCH('{KinesisKeyRotation,service,Stage,StreamName} MetricName="${metric}" Stage="${stage}"', '${statistic}', 300)`,
          id: 'streams',
          label: "${!PROP('Dim.StreamName')}",
        },
      ],
    ]);
  const ofStreams = (title: string, metric: string, stat: string) =>
    graph(
      title,
      entries
        .slice(0, METRICS)
        .map(({ StreamName }) => [
          'KinesisKeyRotation',
          metric,
          'service',
          'kinesis-key-rotation',
          'Stage',
          stage,
          'StreamName',
          StreamName,
          { stat, label: StreamName },
        ]),
    );
  const executions = (title: string, metrics: string[], stat: string) =>
    graph(
      title,
      metrics.map((metric) => [
        'AWS/States',
        metric,
        'StateMachineArn',
        '${RotateStreamStateMachine}',
        { stat },
      ]),
    );
  const alarms = [
    `${serviceName(stage)}-failed-rotations`,
    `${serviceName(stage)}-dead-letters`,
    neededKeysAlarmName(stage),
    ...entries.map(({ StreamName }) => driftAlarmName(stage, StreamName)),
  ]
    .slice(0, ALARMS)
    .map((name) => ownArn('cloudwatch', `alarm:${name}`));
  const widgets = [
    {
      type: 'alarm',
      width: 24,
      height: 4,
      properties: { title: 'Alarms', alarms },
    },
    executions(
      'Rotations',
      ['ExecutionsStarted', 'ExecutionsSucceeded'],
      'Sum',
    ),
    executions(
      'Failures',
      ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted'],
      'Sum',
    ),
    ofStreams('Keys applied', 'Rotated', 'Sum'),
    ofStreams('Quota used of 25 in 24 hours', 'QuotaUsed', 'Maximum'),
    byStream('Drift', 'Drift', 'Maximum'),
    ofStreams('Duration of a rotation', 'RotationTime', 'Maximum'),
  ];
  return {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: {
      DashboardName: serviceName(stage),
      DashboardBody: { 'Fn::Sub': JSON.stringify({ widgets }) },
    },
  };
}

function graph(title: string, metrics: unknown[][]) {
  return {
    type: 'metric',
    width: 12,
    height: 6,
    properties: {
      title,
      metrics,
      view: 'timeSeries',
      region: '${AWS::Region}',
      period: 300,
    },
  };
}
