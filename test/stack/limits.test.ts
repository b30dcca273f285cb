import { describe, expect, it } from 'vitest';
import { readDeploymentSettings } from '../../shared/config/deployment-settings.ts';
import { parseRotations } from '../../shared/config/rotations-file.ts';
import { alarms } from '../../stack/alarms.ts';
import { checkLimits } from '../../stack/limits.ts';
import { checkRegion } from '../../stack/region.ts';
import { schedules } from '../../stack/schedules.ts';
import { checkStage } from '../../stack/stage.ts';
import type { Resources } from '../../stack/template.ts';

const DEFAULTS = readDeploymentSettings({});

const entries = (count: number, fields = '') =>
  parseRotations(
    `Streams:\n${Array.from(
      { length: count },
      (_, i) =>
        `  - {StreamName: stream-${i}, KeyIds: [alias/a, alias/b], Schedule: rate(90 days)${fields}}\n`,
    ).join('')}`,
  ).Streams;

const resourcesOf = (streams: ReturnType<typeof entries>): Resources => ({
  ...schedules(streams, DEFAULTS),
  ...alarms(streams, 'prod', DEFAULTS),
});

const check = (count: number, fields?: string) =>
  checkLimits({ Resources: resourcesOf(entries(count, fields)) }, count);

describe('checkLimits', () => {
  it('lets a template through that CloudFormation takes', () => {
    expect(() => check(166)).not.toThrow();
  });

  it('says how many streams fit', () => {
    expect(() => check(167)).toThrow(
      /^Streams: 167 streams make 503 resources, .* at most 500; about 166 streams fit, divide them/,
    );
  });

  it('says when the template is too large', () => {
    const probe = `, Probe: {PartitionKey: p, Data: ${'A'.repeat(2000)}}`;
    expect(() => check(150, probe)).not.toThrow();
    const resources = resourcesOf(entries(1));
    const large = { Type: 'X', Properties: { text: 'x'.repeat(1_048_576) } };
    expect(() =>
      checkLimits({ Resources: { ...resources, large } }, 1),
    ).toThrow(/template of 10\d{5} bytes, and it has at most 1048576/);
  });

  it('counts the configuration that the template keeps', () => {
    const Resources = resourcesOf(entries(1));
    const Metadata = { KinesisKeyRotation: 'x'.repeat(1_048_576) };
    expect(() => checkLimits({ Resources, Metadata }, 1)).toThrow(
      /template of 10\d{5} bytes, and it has at most 1048576/,
    );
  });

  it('says when the sweep is too long for a schedule', () => {
    const ring = Array.from(
      { length: 100 },
      (_, i) => `alias/${'k'.repeat(60)}${i}`,
    );
    const many = entries(50).map((entry) => ({ ...entry, KeyIds: ring }));
    expect(() => checkLimits({ Resources: resourcesOf(many) }, 50)).toThrow(
      /a sweep of \d+ characters, and Scheduler takes at most 262144/,
    );
  });
});

describe('schedules and alarms', () => {
  it('refuse an alarm rule that EventBridge would, naming the field', () => {
    const alarms = Array.from({ length: 40 }, (_, i) =>
      `${i}`.padEnd(200, 'x'),
    );
    expect(() =>
      resourcesOf([
        {
          StreamName: 'orders',
          KeyIds: ['alias/a', 'alias/b'],
          Alarms: alarms,
        },
      ]),
    ).toThrow(/^StreamName "orders": Alarms .*2048/);
  });

  it('refuse a request that no rule can hold, naming the field', () => {
    const Probe = { PartitionKey: 'p', Data: 'A'.repeat(9000) };
    expect(() =>
      resourcesOf([
        { StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'], Probe },
      ]),
    ).toThrow(/^StreamName "orders": KeyIds and Probe .*8192/);
  });
});

describe('checkRegion', () => {
  const ring = (...KeyIds: string[]) => [{ StreamName: 'orders', KeyIds }];
  const there = 'arn:aws:kms:us-east-1:111122223333:alias/a';

  it('takes keys of the Region, and those that name none', () => {
    expect(() =>
      checkRegion(ring('alias/a', there), 'us-east-1'),
    ).not.toThrow();
  });

  it('refuses a key of another Region', () => {
    expect(() => checkRegion(ring('alias/a', there), 'eu-west-1')).toThrow(
      `Streams[0]: KeyIds "${there}" is in Region us-east-1`,
    );
  });
});

describe('checkStage', () => {
  it.each(['dev', 'prod', 'prod-eu-1', 'A'.repeat(20)])('takes %s', (stage) => {
    expect(() => checkStage(stage)).not.toThrow();
  });

  it.each(['', '1prod', 'my stage', 'prod_eu', 'A'.repeat(21)])(
    'refuses "%s"',
    (stage) => {
      expect(() => checkStage(stage)).toThrow(
        `--stage ${JSON.stringify(stage)} is not a stage`,
      );
    },
  );
});
