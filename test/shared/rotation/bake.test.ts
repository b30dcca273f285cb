import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bakeMs,
  bakePlan,
  judgeAlarms,
} from '../../../shared/rotation/bake.ts';
import type { Bake, KeyPlan } from '../../../shared/rotation/state.ts';

const MINUTE = 60_000;
const VERIFIED = Date.parse('2026-11-26T03:00:00Z');
const BAKE = { Minutes: 10, Alarms: ['p99', 'kms'], Force: false };
const Plan = { StreamName: 'orders', KeyId: 'alias/b' } as KeyPlan;
const Verification = {
  ShardId: 's',
  SequenceNumber: '1',
  EncryptionType: 'KMS' as const,
  VerifiedAt: new Date(VERIFIED).toISOString(),
};
const Since = new Date(VERIFIED + MINUTE);

const alarm = (AlarmName: string, StateValue: string) => ({
  AlarmName,
  StateValue,
  Since,
});
const CALM = [alarm('p99', 'OK'), alarm('kms', 'INSUFFICIENT_DATA')];
const RAISED = [alarm('p99', 'OK'), alarm('kms', 'ALARM')];
const clear = (...Ignored: string[]): Bake => ({
  Status: 'CLEAR',
  Ignored,
  WaitSeconds: 0,
});

describe('bakePlan', () => {
  it('is absent without minutes, and for what alarms start', () => {
    const BakeAlarms = ['a'];
    expect(bakePlan({ Force: false })).toBeUndefined();
    expect(bakePlan({ BakeMinutes: 0, BakeAlarms, Force: false })).toBe(
      undefined,
    );
    for (const Mode of ['RESTORE', 'REVERT'] as const) {
      const request = { Mode, BakeMinutes: 5, BakeAlarms, Force: false };
      expect(bakePlan(request)).toBeUndefined();
    }
    const plan = bakePlan({ BakeMinutes: 5, BakeAlarms, Force: true });
    expect(plan).toEqual({ Minutes: 5, Alarms: ['a'], Force: true });
    expect(bakeMs(plan)).toBe(5 * MINUTE);
    expect(bakeMs(undefined)).toBe(0);
  });
});

describe('judgeAlarms', () => {
  it('lets the Start come while no alarm is in ALARM', () => {
    expect(judgeAlarms({ Plan }, BAKE, CALM, VERIFIED)).toEqual(clear());
  });

  it('refuses the Start for an alarm in ALARM, and names it', () => {
    expect(() => judgeAlarms({ Plan }, BAKE, RAISED, VERIFIED)).toThrow(
      expect.objectContaining({
        name: 'AlarmBeforeStart',
        message:
          'StreamName "orders" was not moved: alarm "kms" was in ALARM since 2026-11-26T03:01:00.000Z before the Start. Start the rotation again when the alarm is OK, or with Force, which leaves that alarm out of the bake',
      }),
    );
  });

  it('leaves out what was raised before a Start with Force, and only that', () => {
    const forced = { ...BAKE, Force: true };
    const Bake = judgeAlarms({ Plan }, forced, RAISED, VERIFIED);
    expect(Bake).toEqual(clear('kms'));
    const state = { Plan, Verification, Bake };
    expect(judgeAlarms(state, forced, RAISED, VERIFIED)).toMatchObject({
      Status: 'BAKING',
      Ignored: ['kms'],
    });
    const both = [alarm('p99', 'ALARM'), alarm('kms', 'ALARM')];
    expect(() => judgeAlarms(state, forced, both, VERIFIED)).toThrow(
      /^StreamName "orders" was moved to "alias\/b", and during the bake of 10 minutes alarm "p99" was in ALARM since [^,]*$/,
    );
  });

  it('judges again before every Start', () => {
    const earlier = { Plan, Bake: clear('kms') };
    expect(judgeAlarms(earlier, BAKE, CALM, VERIFIED)).toEqual(clear());
  });

  it('ends the bake for an alarm in ALARM, and for one that is gone', () => {
    const state = { Plan, Verification, Bake: clear() };
    for (const alarms of [RAISED, CALM.slice(0, 1), []]) {
      expect(() => judgeAlarms(state, BAKE, alarms, VERIFIED)).toThrow(
        expect.objectContaining({ name: 'AlarmDuringBake' }),
      );
    }
  });

  it('looks each minute until the end, and never ends early or much later', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 70 }),
        (Minutes, delays) => {
          const bake = { ...BAKE, Minutes };
          let now = VERIFIED;
          let looks = 0;
          let judged = clear();
          for (const delay of delays) {
            now += delay;
            const state = { Plan, Verification, Bake: judged };
            judged = judgeAlarms(state, bake, CALM, now);
            looks++;
            if (judged.Status === 'BAKED') break;
            expect(judged.WaitSeconds).toBeGreaterThanOrEqual(1);
            expect(judged.WaitSeconds).toBeLessThanOrEqual(60);
            now += judged.WaitSeconds * 1000;
          }
          expect(judged.Status).toBe('BAKED');
          const until = Date.parse(String(judged.BakedUntil)) - VERIFIED;
          expect(until).toBeGreaterThanOrEqual(Minutes * MINUTE);
          expect(until).toBeLessThanOrEqual(Minutes * MINUTE + 31_000);
          expect(looks).toBeLessThanOrEqual(Minutes + 2);
        },
      ),
    );
  });
});
