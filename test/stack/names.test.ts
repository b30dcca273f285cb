import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { driftAlarmName } from '../../shared/identifiers/service-names.ts';
import { logicalId, shortName } from '../../stack/names.ts';

const streamName = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/);

describe('logicalId', () => {
  it('reads as the stream does', () => {
    expect(logicalId('AlarmRule', 'orders_v2.eu-west')).toMatch(
      /^AlarmRuleOrdersV2EuWest[0-9a-f]{8}$/,
    );
  });

  it('is one of CloudFormation, and another for every stream', () => {
    fc.assert(
      fc.property(streamName, streamName, (a, b) => {
        expect(logicalId('X', a)).toMatch(/^[a-zA-Z0-9]{1,255}$/);
        expect(logicalId('X', a) === logicalId('X', b)).toBe(a === b);
      }),
    );
  });

  it('tells streams apart that differ in punctuation or case alone', () => {
    const ids = ['a-b', 'a.b', 'a_b', 'aB', 'A-B'].map((name) =>
      logicalId('X', name),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('shortName', () => {
  it('is the whole name where it fits', () => {
    expect(shortName('rotate-', 'orders')).toBe('rotate-orders');
    const fits = 'a'.repeat(64 - 'rotate-'.length);
    expect(shortName('rotate-', fits)).toBe(`rotate-${fits}`);
  });

  it('has at most 64 characters, and is another for every stream', () => {
    fc.assert(
      fc.property(streamName, streamName, (a, b) => {
        const name = shortName('kinesis-key-rotation-production-a-alarm-', a);
        expect(name).toMatch(/^[a-zA-Z0-9_.-]{1,64}$/);
        const other = shortName('kinesis-key-rotation-production-a-alarm-', b);
        expect(name === other).toBe(a === b);
      }),
    );
    const long = 'a'.repeat(127);
    expect(shortName('x-', `${long}b`)).not.toBe(shortName('x-', `${long}c`));
  });
});

describe('driftAlarmName', () => {
  it('is a literal that people can know beforehand', () => {
    expect(driftAlarmName('prod', 'orders')).toBe(
      'kinesis-key-rotation-prod-drift-orders',
    );
  });
});
