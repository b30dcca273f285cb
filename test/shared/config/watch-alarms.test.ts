import { describe, expect, it } from 'vitest';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import {
  WATCHED_METRICS,
  watchAlarmName,
  withWatchAlarms,
} from '../../../shared/config/watch-alarms.ts';
import { ALARM_NAME } from '../../../shared/contract/request.ts';

const orders: RotationsStream = {
  StreamName: 'orders',
  KeyIds: ['alias/a', 'alias/b'],
  BakeMinutes: 15,
  BakeAlarms: ['mine'],
};

describe('withWatchAlarms', () => {
  it('adds an alarm for each metric, after those of BakeAlarms', () => {
    const watched = withWatchAlarms({ ...orders, WatchStream: true }, 'prod');
    expect(watched.BakeAlarms).toEqual([
      'mine',
      'kinesis-key-rotation-prod-watch-put-record-orders',
      'kinesis-key-rotation-prod-watch-put-records-orders',
      'kinesis-key-rotation-prod-watch-failed-records-orders',
      'kinesis-key-rotation-prod-watch-get-records-orders',
      'kinesis-key-rotation-prod-watch-iterator-age-orders',
    ]);
    expect(withWatchAlarms(watched, 'prod')).toEqual(watched);
  });

  it.each([undefined, false])('adds none with WatchStream %s', (watch) => {
    const entry = {
      ...orders,
      ...(watch !== undefined && { WatchStream: watch }),
    };
    expect(withWatchAlarms(entry, 'prod')).toEqual(entry);
  });

  it('makes names that CloudWatch takes of the longest stream name', () => {
    for (const metric of WATCHED_METRICS) {
      const name = watchAlarmName('s'.repeat(30), 'x'.repeat(128), metric);
      expect(name).toMatch(ALARM_NAME);
    }
  });
});
