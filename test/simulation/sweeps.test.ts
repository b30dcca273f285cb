import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../local/instruments/seeded-random.ts';
import { readDeploymentSettings } from '../../shared/config/deployment-settings.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import { judgeNeededKeys } from '../../shared/guard/needed-key.ts';
import { markRisks } from '../../shared/guard/risk-mark.ts';
import { decideDriftCure } from '../../shared/keys/drift-cure.ts';
import { emptyEntry } from '../../shared/ledger/entry.ts';
import { alarms } from '../../stack/alarms.ts';
import type { Resource } from '../../stack/template.ts';
import {
  type AlarmOptions,
  alarmState,
  type Datapoint,
} from '../support/aws/alarm-model.ts';

const DEFAULTS = readDeploymentSettings({});

const MINUTE_MS = 60_000;
const PERIOD_MS = DEFAULTS.SweepMinutes * MINUTE_MS;
const MONTH = 30 * 24 * 60 * MINUTE_MS;
const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';
const ALARM = 'kinesis-key-rotation-dev-drift-orders';

/** The alarm on a metric as it is deployed. */
function deployedAlarm(metric = 'Drift'): AlarmOptions {
  const entry = { StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] };
  const [alarm] = Object.values(alarms([entry], 'dev', DEFAULTS)).filter(
    ({ Properties }) => Properties.MetricName === metric,
  );
  const { Period, EvaluationPeriods, DatapointsToAlarm, ...rest } = (
    alarm as Resource
  ).Properties as unknown as {
    Period: number;
    EvaluationPeriods: number;
    DatapointsToAlarm: number;
    Threshold: number;
    TreatMissingData: AlarmOptions['treatMissingData'];
  };
  return {
    periodMs: Period * 1000,
    evaluationPeriods: EvaluationPeriods,
    rangePeriods: EvaluationPeriods + 2,
    datapointsToAlarm: DatapointsToAlarm,
    threshold: rest.Threshold,
    treatMissingData: rest.TreatMissingData,
  };
}

/**
 * A month of sweeps as Scheduler starts them, up to a minute late, each of which takes
 * up to two minutes to reach a stream and CloudWatch up to two to have the datapoint.
 *
 * @param phase of the schedule within the minute and the period, in milliseconds
 * @param isStamped whether a datapoint has the time at which its sweep was due
 */
function sweeps(seed: number, phase: number, isStamped: boolean): Datapoint[] {
  const random = new SeededRandom(seed);
  const count = MONTH / PERIOD_MS;
  return Array.from({ length: count }, (_, nth) => {
    const due = nth * PERIOD_MS + phase;
    const seenAt = due + random.between(0, 180_000);
    return {
      stampedAt: isStamped ? due : seenAt,
      arrivesAt: seenAt + random.between(1_000, 120_000),
      value: 0,
    };
  });
}

/** How often the alarm leaves OK in a month without drift, looked at each minute. */
function falseAlarms(points: Datapoint[], options: AlarmOptions): number {
  let count = 0;
  for (let at = 6 * PERIOD_MS; at < MONTH; at += MINUTE_MS) {
    const first = Math.max(0, Math.floor(at / PERIOD_MS) - 8);
    const near = points.slice(first, first + 12);
    if (alarmState(near, at, options) !== 'OK') count++;
  }
  return count;
}

describe('a month of sweeps', () => {
  it.each([1, 2, 3, 4, 5])('has no false alarm, seed %s', (seed) => {
    const phase = new SeededRandom(seed).between(0, PERIOD_MS - 1);
    const points = sweeps(seed, phase, true);
    expect(falseAlarms(points, deployedAlarm())).toBe(0);
    const periods = points.map(({ stampedAt }) =>
      Math.floor(stampedAt / PERIOD_MS),
    );
    expect(new Set(periods).size).toBe(points.length);
  });

  it('would have empty periods without the time at which each was due', () => {
    const periods = sweeps(1, PERIOD_MS - MINUTE_MS, false).map(
      ({ stampedAt }) => Math.floor(stampedAt / PERIOD_MS),
    );
    expect(new Set(periods).size).toBeLessThan(periods.length);
  });

  it('shows drift by the next datapoint, and a new alarm nothing', () => {
    const options = deployedAlarm();
    const point = (nth: number, value: number) => ({
      stampedAt: nth * PERIOD_MS,
      arrivesAt: nth * PERIOD_MS + 1_000,
      value,
    });
    const at = (nth: number, points: Datapoint[]) =>
      alarmState(points, nth * PERIOD_MS, options);
    expect(at(1, [])).toBe('INSUFFICIENT_DATA');
    expect(at(2, [point(1, 0)])).toBe('OK');
    expect(at(3, [point(1, 0), point(2, 1)])).toBe('ALARM');
    // Missing datapoints change nothing while one of the last five is there.
    expect(at(6, [point(1, 0)])).toBe('OK');
    expect(at(7, [point(1, 0)])).toBe('INSUFFICIENT_DATA');
  });
});

/**
 * Sweeps that find drift all the time, with the RESTOREs that they start.
 *
 * @param succeeds whether the nth RESTORE does
 */
async function driftAllMonth(succeeds: (nth: number) => boolean) {
  const history: Outcome[] = [];
  const attempts: { at: number; Attempt: number }[] = [];
  async function* newestFirst() {
    yield* history.toReversed();
  }
  for (let at = 0; at < MONTH; at += PERIOD_MS) {
    const entry = emptyEntry(STREAM_ARN);
    const cure = await decideDriftCure(
      entry,
      newestFirst(),
      ALARM,
      undefined,
      at,
    );
    if (!('Attempt' in cure)) continue;
    const { Attempt } = cure;
    history.push({
      Status: succeeds(attempts.length) ? 'SUCCEEDED' : 'FAILED',
      StartedAt: new Date(at).toISOString(),
      Trigger: { Source: 'alarm', AlarmName: ALARM },
    } as unknown as Outcome);
    attempts.push({ at, Attempt });
  }
  return attempts;
}

describe('drift that stays', () => {
  it('is restored by the next sweep each time that it returns', async () => {
    const attempts = await driftAllMonth(() => true);
    expect(attempts).toHaveLength(MONTH / PERIOD_MS);
    expect(attempts.every(({ Attempt }) => Attempt === 1)).toBe(true);
  });

  it('is restored again with a bounded back-off, and published once', async () => {
    const attempts = await driftAllMonth(() => false);
    const gaps = attempts
      .slice(1)
      .map(({ at }, nth) => (at - (attempts[nth]?.at ?? 0)) / MINUTE_MS);
    expect(gaps.slice(0, 7)).toEqual([10, 20, 40, 80, 160, 320, 360]);
    expect(Math.max(...gaps)).toBe(360);
    expect(attempts.filter(({ Attempt }) => Attempt === 1)).toHaveLength(1);
  });

  it('is restored at once again after a success', async () => {
    const attempts = await driftAllMonth((nth) => nth === 3);
    const [, , , success, next] = attempts;
    expect(success?.Attempt).toBe(4);
    expect(next).toEqual({
      at: (success?.at ?? 0) + PERIOD_MS,
      Attempt: 1,
    });
  });
});

describe('a month with a former key', () => {
  const DAY = 24 * 60 * MINUTE_MS;
  const KeyArn = 'arn:aws:kms:us-east-1:000000000000:key/a';
  const retentionHours = 7 * 24;
  const left = { KeyId: 'alias/a', KeyArn, From: -DAY, LeftAt: 0 };
  const period = { ...left, RetentionHours: retentionHours };
  /** Its last record expires, the margins included. */
  const NEEDED_UNTIL = 7 * DAY + 65_000;

  /** Sweeps of the month, with the states of the key by the time at which each begins. */
  function sweepAll(states: [at: number, state: string][]) {
    let entry = emptyEntry(STREAM_ARN);
    const published: number[] = [];
    const points: Datapoint[] = [];
    for (let now = 0; now < MONTH; now += PERIOD_MS) {
      const KeyState = states.findLast(([at]) => at <= now)?.[1] as 'Enabled';
      const key = {
        KeyId: 'a',
        Metadata: { KeyId: 'a', Arn: KeyArn, KeyState },
      };
      const { Risks } = judgeNeededKeys(
        now < NEEDED_UNTIL ? [{ period, key }] : [],
        { streamArn: STREAM_ARN, retentionHours, now },
      );
      const Keys = Risks.map(({ Remedy, ...risk }) => ({
        ...risk,
        HasRemedy: Remedy.length > 0,
      }));
      const { answer, entry: next } = markRisks(entry, { Keys, At: now });
      entry = next ?? entry;
      if (answer) published.push(now);
      if (Risks.length === 0) continue;
      points.push({ stampedAt: now, arrivesAt: now + 1_000, value: 1 });
    }
    return { published, points, entry };
  }

  const disabled: [number, string][] = [
    [0, 'Enabled'],
    [2 * DAY, 'Disabled'],
    [4.5 * DAY, 'PendingDeletion'],
  ];

  it('is published once a day and on each change, until its last record expires', () => {
    const { published, entry } = sweepAll(disabled);
    expect(published.map((at) => at / DAY)).toEqual([2, 3, 4, 4.5, 5.5, 6.5]);
    expect(entry).not.toHaveProperty('AtRisk');
  });

  it('is published once where it is enabled again within the day', () => {
    const { published } = sweepAll([
      [0, 'Enabled'],
      [2 * DAY, 'Disabled'],
      [2.1 * DAY, 'Enabled'],
    ]);
    expect(published).toEqual([2 * DAY]);
  });

  it('is in ALARM while it lasts, and never without it', () => {
    const options = deployedAlarm('NeededKeyAtRisk');
    const at = (now: number, states: [number, string][]) =>
      alarmState(sweepAll(states).points, now, options);
    expect(at(2 * DAY, disabled)).toBe('OK');
    expect(at(2 * DAY + PERIOD_MS, disabled)).toBe('ALARM');
    expect(at(NEEDED_UNTIL, disabled)).toBe('ALARM');
    expect(at(NEEDED_UNTIL + 6 * PERIOD_MS, disabled)).toBe('OK');
    expect(at(20 * DAY, [[0, 'Enabled']])).toBe('OK');
    // Nothing is at risk once nothing is needed.
    const late: [number, string][] = [
      [0, 'Enabled'],
      [8 * DAY, 'PendingDeletion'],
    ];
    expect(sweepAll(late).points).toEqual([]);
  });
});
