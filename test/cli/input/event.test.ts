import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setEventTimes } from '../../../cli/input/event.ts';
import type { EventBridgeEvent } from '../../../local/events/triggers.ts';

const NOW = new Date('2026-05-06T07:08:09.123Z');

const event = (fields: object) => fields as unknown as EventBridgeEvent;

describe('setEventTimes', () => {
  it('dates what there is to the present, in the spelling that it has', () => {
    const given = event({
      time: '2019-10-02T17:04:40Z',
      detail: {
        eventTime: '2019-10-02T17:04:40Z',
        state: { timestamp: '2019-10-02T17:04:40.989+0000', value: 'ALARM' },
        previousState: { timestamp: '2019-10-01T17:04:40.989+0000' },
      },
    });
    const copy = structuredClone(given);

    expect(setEventTimes(given, NOW)).toEqual({
      time: '2026-05-06T07:08:09Z',
      detail: {
        eventTime: '2026-05-06T07:08:09Z',
        state: { timestamp: '2026-05-06T07:08:09.123+0000', value: 'ALARM' },
        previousState: { timestamp: '2019-10-01T17:04:40.989+0000' },
      },
    });
    expect(given).toEqual(copy);
  });

  it('leaves any other event as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (source, detail) => {
        const json = JSON.stringify({ source, detail: { inner: detail } });
        const given = JSON.parse(json);

        expect(setEventTimes(given, NOW)).toEqual(given);
      }),
    );
  });

  it.each(['{}', null, { state: 'ALARM' }])('takes the detail %j', (detail) => {
    expect(setEventTimes(event({ detail }), NOW)).toEqual({ detail });
  });
});
