import { serviceName } from '../identifiers/service-names.ts';

/** The stage of rotations on the embedded AWS. */
export const LOCAL_STAGE = 'local';

interface WatchedMetric {
  /** In the name of its alarm. */
  name: string;
  MetricName: string;
  Statistic: 'Average' | 'Maximum';
  ComparisonOperator: 'LessThanThreshold' | 'GreaterThanOrEqualToThreshold';
  Threshold: number;
  /** For people: the predicate of a sentence. */
  means: string;
}

/**
 * The metrics of a stream that WatchStream watches. Kinesis sends them each minute.
 *
 * - The average of a Success metric is the share of calls that succeed. A call that KMS
 *   denies fails as a whole.
 * - FailedRecords are those that fail inside a call that succeeds. AWS says to expect a
 *   few, so the alarm wants one a call, on average.
 * - The iterator age rises for a reader that gets errors beside one that reads on.
 *
 * @see https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
 */
export const WATCHED_METRICS: readonly WatchedMetric[] = [
  {
    name: 'put-record',
    MetricName: 'PutRecord.Success',
    Statistic: 'Average',
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 0.9,
    means: 'more than a tenth of the PutRecord calls fail',
  },
  {
    name: 'put-records',
    MetricName: 'PutRecords.Success',
    Statistic: 'Average',
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 0.9,
    means: 'more than a tenth of the PutRecords calls fail',
  },
  {
    name: 'failed-records',
    MetricName: 'PutRecords.FailedRecords',
    Statistic: 'Average',
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    Threshold: 1,
    means: 'a PutRecords call loses at least one record to internal failures',
  },
  {
    name: 'get-records',
    MetricName: 'GetRecords.Success',
    Statistic: 'Average',
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 0.9,
    means: 'more than a tenth of the GetRecords calls fail',
  },
  {
    name: 'iterator-age',
    MetricName: 'GetRecords.IteratorAgeMilliseconds',
    Statistic: 'Maximum',
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    Threshold: 300_000,
    means: 'a reader is at least 5 minutes behind',
  },
];

/** The name of the alarm on a metric of a stream. */
export function watchAlarmName(
  stage: string,
  streamName: string,
  { name }: Pick<WatchedMetric, 'name'>,
): string {
  return `${serviceName(stage)}-watch-${name}-${streamName}`;
}

interface WatchedStream {
  StreamName: string;
  WatchStream?: boolean;
  BakeAlarms?: string[];
}

/**
 * Adds to the bake of a stream with WatchStream the alarms on its own metrics, which
 * are named by the stage. A second call adds none.
 */
export function withWatchAlarms<Entry extends WatchedStream>(
  entry: Entry,
  stage: string,
): Entry {
  const { StreamName, WatchStream, BakeAlarms = [] } = entry;
  if (!WatchStream) return entry;
  const names = WATCHED_METRICS.map((metric) =>
    watchAlarmName(stage, StreamName, metric),
  );
  return { ...entry, BakeAlarms: [...new Set([...BakeAlarms, ...names])] };
}
