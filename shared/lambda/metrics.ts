import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MetricUnit as Unit } from '@aws-lambda-powertools/metrics/types';
import type { Outcome } from '../contract/outcome.ts';

/**
 * Written to the log in the embedded metric format, from which CloudWatch makes
 * metrics, so no function needs the right to put any.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
const metrics = new Metrics({
  namespace: 'KinesisKeyRotation',
  serviceName: 'kinesis-key-rotation',
  defaultDimensions: { Stage: process.env.STAGE || 'local' },
});

function put(
  streamName: string | undefined,
  name: string,
  unit: Unit,
  value: number,
  at?: number,
): void {
  const metric = metrics.singleMetric();
  if (at !== undefined) metric.setTimestamp(at);
  if (streamName !== undefined) metric.addDimension('StreamName', streamName);
  metric.addMetric(name, unit, value);
}

/** How a rotation ended, how long it took, and what is used of the quota. */
export function measureOutcome(outcome: Outcome): void {
  const { StreamName = 'unknown', Quota } = outcome;
  const name =
    outcome.Status === 'SUCCEEDED' ? METRIC_NAMES[outcome.Outcome] : 'Failed';
  put(StreamName, name, MetricUnit.Count, 1);
  if (outcome.Outcome === 'ROLLED_BACK') {
    put(StreamName, 'RolledBack', MetricUnit.Count, 1);
  }
  if (outcome.Status === 'SUCCEEDED') {
    if (outcome.Warning) put(StreamName, 'Warning', MetricUnit.Count, 1);
    const { StartedAt, ActiveAt, VerifiedAt } = outcome;
    if (ActiveAt !== null && VerifiedAt !== null) {
      const ms = Date.parse(VerifiedAt) - Date.parse(StartedAt);
      put(StreamName, 'RotationTime', MetricUnit.Milliseconds, ms);
    }
  }
  if (Quota) put(StreamName, 'QuotaUsed', MetricUnit.Count, Quota.Used);
}

const METRIC_NAMES = {
  ROTATED: 'Rotated',
  UNCHANGED: 'Unchanged',
  ALREADY_IN_PROGRESS: 'AlreadyInProgress',
};

/**
 * What the sweep found: 1 for a stream that is not as its ring wants
 * it, and no datapoint for one that cannot be judged. CloudWatch bills a metric for
 * the hours in which it has a datapoint, so an unused quota has none.
 *
 * @param at to which period it belongs, in milliseconds since the epoch
 */
export function measureDrift(
  streamName: string,
  drift: 0 | 1 | null,
  quotaUsed: number,
  at: number,
): void {
  if (drift !== null) put(streamName, 'Drift', MetricUnit.Count, drift, at);
  if (quotaUsed > 0) {
    put(streamName, 'QuotaUsed', MetricUnit.Count, quotaUsed, at);
  }
}

/**
 * How many needed keys are at risk. It has a datapoint only where there is one, since
 * CloudWatch bills a metric for the hours in which it has a datapoint.
 *
 * @param streamName undefined for all streams of the stage together
 * @param at to which period it belongs, in milliseconds since the epoch
 */
export function measureRisks(
  streamName: string | undefined,
  keys: number,
  at: number,
): void {
  if (keys > 0) {
    put(streamName, 'NeededKeyAtRisk', MetricUnit.Count, keys, at);
  }
}
