/** A datapoint of a metric, as CloudWatch has it. Times in milliseconds. */
export interface Datapoint {
  /** To which period it belongs. */
  stampedAt: number;
  /** When CloudWatch has it. */
  arrivesAt: number;
  value: number;
}

export interface AlarmOptions {
  periodMs: number;
  evaluationPeriods: number;
  /** Periods at which CloudWatch looks; more than it evaluates. */
  rangePeriods: number;
  datapointsToAlarm: number;
  threshold: number;
  treatMissingData: 'missing' | 'breaching' | 'notBreaching';
}

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/**
 * The state of an alarm at a moment: of the periods that are over in its evaluation
 * range, the latest ones with data are evaluated; missing ones count only where there
 * are fewer than EvaluationPeriods of these.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function alarmState(
  points: readonly Datapoint[],
  at: number,
  options: AlarmOptions,
): AlarmState {
  const { periodMs, evaluationPeriods, rangePeriods, treatMissingData } =
    options;
  const current = Math.floor(at / periodMs);
  const range = Array.from({ length: rangePeriods }, (_, nth) => {
    const period = current - 1 - nth;
    const values = points
      .filter(({ arrivesAt }) => arrivesAt <= at)
      .filter(({ stampedAt }) => Math.floor(stampedAt / periodMs) === period)
      .map(({ value }) => value);
    return values.length > 0 ? Math.max(...values) : undefined;
  });
  const present = range.filter((value) => value !== undefined);
  if (present.length === 0 && treatMissingData === 'missing') {
    return 'INSUFFICIENT_DATA';
  }
  const evaluated = present.slice(0, evaluationPeriods);
  const missing =
    treatMissingData === 'breaching' ? evaluationPeriods - evaluated.length : 0;
  const breaching = evaluated.filter((value) => value >= options.threshold);
  return breaching.length + missing >= options.datapointsToAlarm
    ? 'ALARM'
    : 'OK';
}
