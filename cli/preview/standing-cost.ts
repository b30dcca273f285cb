import type { DeploymentSettings } from '../../shared/config/deployment-settings.ts';
import { WATCHED_METRICS } from '../../shared/config/watch-alarms.ts';
import { PRICES_USD } from './rotation-cost.ts';

/**
 * Prices of what stands, in us-east-1 in November 2026, in USD, as AWS's price pages
 * show them; free tiers are not counted. The first three dashboards of an account are
 * free.
 *
 * @see https://aws.amazon.com/cloudwatch/pricing/
 * @see https://aws.amazon.com/kms/pricing/
 * @see https://aws.amazon.com/xray/pricing/
 */
const STANDING_PRICES_USD = {
  CustomMetricMonth: 0.3,
  AlarmMetricMonth: 0.1,
  DashboardMonth: 3,
  /** KMS's own rotation of the key adds as much in each of the first two years. */
  KmsKeyMonth: 1,
  LogGigabyte: 0.5,
  Trace: 5 / 1_000_000,
} as const;

/** A month of 730 hours, as AWS counts it. */
const MINUTES_A_MONTH = 730 * 60;

/** The AWS calls of a sweep for a stream that is under a key of its ring. */
export const SWEEP_CALLS = {
  DescribeStreamSummary: 1,
  DescribeKey: 1,
  GetItem: 1,
} as const;

/** Two streams a second share the function of the sweep. */
const SWEEP_SECONDS = 0.5;
const SWEEP_GIGABYTES = 0.25;
/** Ledger entries are of up to 8 KB. */
const READS_A_GET = 2;
/** A line of a metric, and its share of the other lines. */
const LOG_GIGABYTES = 500 / 1024 ** 3;
/** That of a sweep without streams. */
const EMPTY_SWEEP_SECONDS = 1;
/** Alarms on failed rotations, whose three metrics count, dead letters and needed keys. */
const STAGE_ALARM_METRICS = 5;

/** What a deployment costs a month while nothing rotates, in USD. */
interface StandingCost {
  /** Each stream. */
  Stream: Record<'Metric' | 'Alarm' | 'Sweep', number>;
  /** The stage, whatever its number of streams. */
  Stage: Record<'Dashboard' | 'Alarms' | 'Key' | 'Sweep', number>;
}

/** @returns its parts */
export function standingCost({
  SweepMinutes,
  Dashboard,
  KmsKeyId,
}: DeploymentSettings): StandingCost {
  const standing = STANDING_PRICES_USD;
  const { LambdaGigabyteSecond, LambdaInvocation, ...call } = PRICES_USD;
  const sweeps = MINUTES_A_MONTH / SweepMinutes;
  const lambdaSecond = SWEEP_GIGABYTES * LambdaGigabyteSecond;
  const sweptStream =
    SWEEP_CALLS.DescribeKey * call.KmsRequest +
    SWEEP_CALLS.GetItem * READS_A_GET * call.DynamoDbRead +
    SWEEP_SECONDS * lambdaSecond +
    LOG_GIGABYTES * standing.LogGigabyte;
  const emptySweep =
    LambdaInvocation + EMPTY_SWEEP_SECONDS * lambdaSecond + standing.Trace;
  return {
    Stream: {
      Metric: standing.CustomMetricMonth,
      Alarm: standing.AlarmMetricMonth,
      Sweep: sweeps * sweptStream,
    },
    Stage: {
      Dashboard: Dashboard ? standing.DashboardMonth : 0,
      Alarms: STAGE_ALARM_METRICS * standing.AlarmMetricMonth,
      Key: KmsKeyId === undefined ? standing.KmsKeyMonth : 0,
      Sweep: sweeps * emptySweep,
    },
  };
}

/** The alarms that WatchStream adds to a stream, a month, in USD. */
export const WATCH_USD =
  WATCHED_METRICS.length * STANDING_PRICES_USD.AlarmMetricMonth;

export const totalOf = (costs: Record<string, number>): number =>
  Object.values(costs).reduce((sum, cost) => sum + cost, 0);
