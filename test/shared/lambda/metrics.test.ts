import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readDeploymentSettings } from '../../../shared/config/deployment-settings.ts';
import type { Failure, Success } from '../../../shared/contract/outcome.ts';
import type { Quota } from '../../../shared/ledger/usage.ts';
import { alarms as alarmsOf } from '../../../stack/alarms.ts';

const DEFAULTS = readDeploymentSettings({});

const STAGE = 'prod-2';
const StartedAt = '2026-01-12T03:00:00.000Z';

const QUOTA: Quota = {
  Limit: 25,
  Used: 3,
  Remaining: 22,
  NextAvailableAt: null,
};

const SUCCESS: Success = {
  Status: 'SUCCEEDED',
  Outcome: 'ROTATED',
  RotationId: 'r',
  StartedAt,
  StreamName: 'orders',
  StreamARN: 'arn:aws:kinesis:us-east-1:123456789012:stream/orders',
  EncryptionType: 'KMS',
  KeyId: 'alias/b',
  KeyArn: 'arn:b',
  PreviousKeyId: 'alias/a',
  ActiveAt: '2026-01-12T03:00:12.000Z',
  VerifiedAt: '2026-01-12T03:00:18.400Z',
  Verification: null,
  Quota: QUOTA,
};

const FAILURE: Failure = {
  Status: 'FAILED',
  Error: 'QuotaExhausted',
  Cause: 'used up',
  RotationId: 'r',
  StartedAt,
};

interface EmbeddedMetrics {
  _aws: {
    Timestamp: number;
    CloudWatchMetrics: {
      Namespace: string;
      Dimensions: string[][];
      Metrics: { Name: string; Unit: string }[];
    }[];
  };
  [value: string]: unknown;
}

let lines: string[];
let begin = 0;

/** The metrics as a function has them that is deployed to the stage. */
function deployed() {
  vi.resetModules();
  return import('../../../shared/lambda/metrics.ts');
}

beforeEach(() => {
  lines = [];
  begin = Date.now();
  vi.stubEnv('STAGE', STAGE);
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  vi.stubEnv('POWERTOOLS_DEV', 'false');
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** What CloudWatch makes of the log: one metric with its dimensions a line. */
function logged() {
  return lines.map((line) => {
    const { _aws, ...values } = JSON.parse(line) as EmbeddedMetrics;
    expect(line).toMatch(/\}\n$/);
    expect(_aws.Timestamp).toBeGreaterThanOrEqual(begin);
    expect(_aws.Timestamp).toBeLessThanOrEqual(Date.now());
    const [{ Namespace, Dimensions, Metrics } = {}, ...rest] =
      _aws.CloudWatchMetrics;
    expect(rest).toEqual([]);
    const [{ Name = '', Unit } = {}, ...others] = Metrics ?? [];
    expect(others).toEqual([]);
    return {
      Namespace,
      Name,
      Unit,
      Value: values[Name],
      Dimensions: Dimensions?.map((names) =>
        names.map((name) => ({ Name: name, Value: values[name] })),
      ),
    };
  });
}

const dimensionsOf = (StreamName: string) => [
  [
    { Name: 'service', Value: 'kinesis-key-rotation' },
    { Name: 'Stage', Value: STAGE },
    { Name: 'StreamName', Value: StreamName },
  ],
];

const metric = (
  Name: string,
  Value: number,
  Unit = 'Count',
  StreamName = 'orders',
) => ({
  Namespace: 'KinesisKeyRotation',
  Name,
  Unit,
  Value,
  Dimensions: dimensionsOf(StreamName),
});

describe('measureDrift', () => {
  it.each([0, 1] as const)(
    'says %i under the very name that the alarm is on',
    async (drift) => {
      const { measureDrift } = await deployed();
      measureDrift('orders.v_2-x', drift, 7, Date.now());
      expect(logged()).toEqual([
        metric('Drift', drift, 'Count', 'orders.v_2-x'),
        metric('QuotaUsed', 7, 'Count', 'orders.v_2-x'),
      ]);
      const entry = {
        StreamName: 'orders.v_2-x',
        KeyIds: ['alias/a', 'alias/b'],
      };
      const alarms = Object.values(alarmsOf([entry], STAGE, DEFAULTS)).filter(
        ({ Properties }) => Properties.MetricName === 'Drift',
      );
      expect(alarms).toHaveLength(1);
      const [{ Namespace, Name, Dimensions } = {}] = logged();
      expect(alarms[0]?.Properties).toMatchObject({
        Namespace,
        MetricName: Name,
        Dimensions: Dimensions?.[0],
        Threshold: 1,
      });
    },
  );
});

describe('measureRisks', () => {
  it('counts for the stream, and for all under the name of the alarm', async () => {
    const { measureRisks } = await deployed();
    const at = Date.now();
    measureRisks('orders', 2, at);
    measureRisks(undefined, 3, at);
    const [ofStream, ofAll, ...others] = logged();
    expect(others).toEqual([]);
    expect(ofStream).toEqual(metric('NeededKeyAtRisk', 2, 'Count', 'orders'));
    expect(ofAll).toMatchObject({ Name: 'NeededKeyAtRisk', Value: 3 });
    const entry = { StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] };
    const alarm = alarmsOf([entry], STAGE, DEFAULTS).NeededKeysAlarm;
    expect(alarm?.Properties).toMatchObject({
      Namespace: ofAll?.Namespace,
      MetricName: ofAll?.Name,
      Dimensions: ofAll?.Dimensions?.[0],
    });
  });

  it('have no datapoint where no key is at risk', async () => {
    const { measureRisks } = await deployed();
    measureRisks('orders', 0, Date.now());
    measureRisks(undefined, 0, Date.now());
    expect(logged()).toEqual([]);
  });
});

it('has no datapoint of a quota that is not used', async () => {
  const { measureDrift } = await deployed();
  measureDrift('orders', 0, 0, Date.now());
  expect(logged()).toEqual([metric('Drift', 0, 'Count', 'orders')]);
});

describe('measureOutcome', () => {
  it('says that a key was applied, how long it took, and what is used', async () => {
    const { measureOutcome } = await deployed();
    measureOutcome(SUCCESS);
    expect(logged()).toEqual([
      metric('Rotated', 1),
      metric('RotationTime', 18_400, 'Milliseconds'),
      metric('QuotaUsed', 3),
    ]);
  });

  it.each([
    ['UNCHANGED', 'Unchanged'],
    ['ALREADY_IN_PROGRESS', 'AlreadyInProgress'],
  ] as const)('calls %s %s, and has no time for it', async (Outcome, name) => {
    const { measureOutcome } = await deployed();
    measureOutcome({ ...SUCCESS, Outcome, ActiveAt: null });
    expect(logged()).toEqual([metric(name, 1), metric('QuotaUsed', 3)]);
  });

  it('counts a warning beside the outcome', async () => {
    const { measureOutcome } = await deployed();
    const unchanged = { Outcome: 'UNCHANGED' as const, ActiveAt: null };
    measureOutcome({ ...SUCCESS, ...unchanged, Warning: 'no help' });
    expect(logged()).toEqual([
      metric('Unchanged', 1),
      metric('Warning', 1),
      metric('QuotaUsed', 3),
    ]);
  });

  it('has no time for what was never verified', async () => {
    const { measureOutcome } = await deployed();
    measureOutcome({ ...SUCCESS, VerifiedAt: null });
    expect(logged()).toEqual([metric('Rotated', 1), metric('QuotaUsed', 3)]);
  });

  it('says that a rotation failed, and whose if that is known', async () => {
    const { measureOutcome } = await deployed();
    measureOutcome({ ...FAILURE, StreamName: 'orders', Quota: QUOTA });
    measureOutcome(FAILURE);
    expect(logged()).toEqual([
      metric('Failed', 1),
      metric('QuotaUsed', 3),
      metric('Failed', 1, 'Count', 'unknown'),
    ]);
  });

  it('mixes nothing of one stream into the next', async () => {
    const { measureDrift, measureOutcome } = await deployed();
    measureOutcome({ ...FAILURE, StreamName: 'a' });
    measureDrift('b', 0, 1, Date.now());
    measureOutcome({ ...FAILURE, StreamName: 'c' });
    expect(logged()).toEqual([
      metric('Failed', 1, 'Count', 'a'),
      metric('Drift', 0, 'Count', 'b'),
      metric('QuotaUsed', 1, 'Count', 'b'),
      metric('Failed', 1, 'Count', 'c'),
    ]);
  });

  it('is of stage local where none is set, and keeps silent there', async () => {
    vi.stubEnv('STAGE', '');
    const { measureOutcome } = await deployed();
    measureOutcome(FAILURE);
    expect(logged()[0]?.Dimensions?.[0]).toContainEqual({
      Name: 'Stage',
      Value: 'local',
    });
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true');
    const { measureOutcome: measureLocally } = await deployed();
    measureLocally(SUCCESS);
    expect(lines).toHaveLength(1);
  });
});
