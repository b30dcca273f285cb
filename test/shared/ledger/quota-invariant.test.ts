import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyEntry } from '../../../shared/ledger/entry.ts';
import {
  type CloudTrailStart,
  recordExternalStart,
} from '../../../shared/ledger/external-starts.ts';
import { reserve } from '../../../shared/ledger/reserve.ts';
import { settle } from '../../../shared/ledger/settle.ts';
import { confirm, release, spend } from '../../../shared/ledger/spend.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import {
  CLOCK_MARGIN_MS,
  QUOTA_LIMIT,
  SLOT_MS,
} from '../../../shared/ledger/window.ts';
import {
  ARN,
  apply,
  claim,
  DAY,
  HOUR,
  LEASE,
  rotate,
  rotateTimes,
  T0,
} from '../../support/ledger/transitions.ts';

/**
 * Rotations, of which some are cut off or lose their answers, another principal who
 * starts encryption too, and a CloudTrail that reports every Start that AWS
 * applied: some time later, in any order, more than once.
 */
describe('the count with CloudTrail reports', () => {
  const step = fc.record({
    action: fc.constantFrom('ours', 'ours', 'theirs', 'report'),
    rotation: fc.integer({ min: 0, max: 2 }),
    isCutOff: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    fate: fc.constantFrom('applied', 'applied', 'lost', 'missed', 'refused'),
    key: fc.constantFrom('alias/a', 'alias/b'),
    pick: fc.nat(),
    isAgain: fc.boolean(),
    takes: fc.integer({ min: 0, max: 10_000 }),
    wait: fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 5000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: HOUR / 6 }) },
    ),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const skew = fc.integer({ min: -CLOCK_MARGIN_MS, max: CLOCK_MARGIN_MS });

  interface Rotation {
    name: string;
    key: string;
    slotId?: number;
    /** Applied or refused, and the answer is on its way. */
    answer?: { requestId?: string; isRefused: boolean };
  }

  function live(
    steps: Step[],
    clock: number,
    theirKeys: (key: string) => string,
    check: (used: number, world: Record<string, number>) => void,
  ) {
    let entry = emptyEntry(ARN);
    let now = T0;
    let generation = 0;
    const world = { ours: 0, theirs: 0, theirsReported: 0, missed: 0 };
    const applied: (CloudTrailStart & { isReported?: true })[] = [];
    const fresh = (key: string) => ({ name: `r${++generation}`, key });
    const rotations: Rotation[] = ['alias/a', 'alias/b', 'alias/a'].map(fresh);
    const counted = (KeyId: string, By: string, at: number) => {
      const RequestId = `q${applied.length}`;
      const At = Math.floor(at / 1000) * 1000;
      applied.push({ RequestId, KeyId, At, By });
      return RequestId;
    };
    const report = (one: CloudTrailStart & { isReported?: true }) => {
      entry = apply(entry, recordExternalStart(entry, one, now))[1];
      if (!one.isReported && one.By === 'theirs') world.theirsReported++;
      one.isReported = true;
    };
    const advance = (rotation: Rotation, step: Step) => {
      const { name, key, slotId, answer } = rotation;
      const ourTime = now + clock;
      if (slotId === undefined) {
        const claimed = { ...claim(name, entry), KeyId: key };
        const asked = reserve(entry, claimed, ourTime);
        entry = apply(entry, asked)[1];
        if (asked.answer.Status !== 'GRANTED') return;
        rotation.slotId = asked.answer.SlotId;
      } else if (answer === undefined) {
        const until = ourTime + 10_000;
        const spent = spend(entry, name, slotId, ourTime, until);
        entry = apply(entry, spent)[1];
        if (spent.answer.Status !== 'SPENT') {
          entry = apply(entry, settle(entry, name, ourTime))[1];
          return fresh(step.key);
        }
        const isApplied = step.fate === 'applied' || step.fate === 'lost';
        const requestId = isApplied
          ? counted(key, 'ours', now + step.takes)
          : undefined;
        if (isApplied) world.ours++;
        if (step.fate === 'missed') world.missed++;
        rotation.answer = {
          isRefused: step.fate === 'refused',
          ...(step.fate === 'applied' && { requestId }),
        };
      } else {
        const { requestId, isRefused } = answer;
        const AppliedAt = ourTime + 1;
        const of = { KeyId: key, KeyArn: 'k', AppliedAt };
        if (requestId) {
          const heard = confirm(entry, name, slotId, of, requestId);
          entry = apply(entry, heard)[1];
        } else if (isRefused) {
          entry = apply(entry, release(entry, name, slotId, 'REFUSED'))[1];
        }
        entry = apply(entry, settle(entry, name, ourTime))[1];
        return fresh(step.key);
      }
    };
    for (const step of steps) {
      now += step.wait;
      const at = step.rotation;
      const rotation = rotations[at] as Rotation;
      if (step.action === 'theirs') {
        counted(theirKeys(step.key), 'theirs', now);
        world.theirs++;
      } else if (step.action === 'report') {
        const due = applied.filter((one) => step.isAgain || !one.isReported);
        const one = due[step.pick % due.length];
        if (one) report(one);
      } else if (step.isCutOff) {
        // It is settled from outside, and its function may still be running.
        entry = apply(entry, settle(entry, rotation.name, now + clock))[1];
        if (!rotation.answer) rotations[at] = fresh(step.key);
      } else {
        rotations[at] = advance(rotation, step) ?? rotation;
      }
      check(usage(entry, now + clock).Used, world);
    }
    for (const [i, rotation] of rotations.entries()) {
      const [last] = steps;
      if (rotation.answer && last) advance(rotation, last);
      else entry = apply(entry, settle(entry, rotation.name, now + clock))[1];
      rotations[i] = rotation;
    }
    for (const one of applied) report(one);
    for (const one of applied) {
      expect(recordExternalStart(entry, one, now).answer.Outcome).toBe('KNOWN');
    }
    return { used: usage(entry, now + clock).Used, ...world };
  }
  const world = fc.tuple(
    fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }),
    skew,
  );

  it("ends between AWS's count and AWS's count plus the missed calls", () => {
    let most = 0;
    fc.assert(
      fc.property(world, ([steps, clock]) => {
        const { used, ours, theirs, missed } = live(
          steps,
          clock,
          (key) => key,
          () => {},
        );
        expect(used).toBeGreaterThanOrEqual(ours + theirs);
        expect(used).toBeLessThanOrEqual(ours + theirs + missed);
        most = Math.max(most, ours + theirs);
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(most).toBeGreaterThan(QUOTA_LIMIT);
  });

  it('is never less than our Starts and the reported ones', () => {
    fc.assert(
      fc.property(world, ([steps, clock]) => {
        live(
          steps,
          clock,
          () => 'alias/theirs',
          (used, { ours = 0, theirsReported = 0 }) => {
            expect(used).toBeGreaterThanOrEqual(ours + theirsReported);
          },
        );
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });
});

/**
 * A world of rotations whose clocks are up to the margin apart, an AWS that
 * counts each key at some moment of the call, and calls that get lost. Each
 * step moves one rotation on by one call; some are cut off and come again
 * under a new name.
 */
describe('the invariant', () => {
  const RESULTS = ['applied', 'applied', 'applied', 'refused', 'lost'] as const;
  const step = fc.record({
    rotation: fc.integer({ min: 0, max: 3 }),
    isCutOff: fc.integer({ min: 0, max: 39 }).map((n) => n === 0),
    isAgain: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    result: fc.constantFrom(...RESULTS),
    isLostOneApplied: fc.boolean(),
    skew: fc.constantFrom(0, 1, CLOCK_MARGIN_MS / 2, CLOCK_MARGIN_MS),
    wait: fc.oneof(
      { weight: 200, arbitrary: fc.integer({ min: 0, max: 2000 }) },
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 2 * LEASE }) },
      { weight: 4, arbitrary: fc.constant('until the oldest is a day old') },
    ),
  });
  type Phase = { name: string; slotId?: number; isStarted?: boolean };

  it('never has more than 25 keys in a window of 24 h, nor two rotations at a time', () => {
    let mostCounted = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 300, maxLength: 400, size: 'max' }),
        (steps) => {
          let entry = rotateTimes(20, 1000);
          let now = T0 + 20_000;
          let generation = 0;
          const counted = Array.from({ length: 20 }, (_, i) => T0 + i * 1000);
          const fresh = (): Phase => ({ name: `r${++generation}` });
          const phases = [fresh(), fresh(), fresh(), fresh()];
          const trusted = new Map<string, number>();
          for (const step of steps) {
            const oldest = counted.find((at) => at > now - DAY) ?? now - DAY;
            now =
              typeof step.wait === 'number' ? now + step.wait : oldest + DAY;
            const clock = now - step.skew;
            const phase = phases[step.rotation] ?? fresh();
            const { name, slotId } = phase;
            if (step.isCutOff) {
              trusted.delete(name);
              phases[step.rotation] = fresh();
            } else if (slotId === undefined || step.isAgain) {
              const [answer, after] = apply(
                entry,
                reserve(entry, claim(name, entry), clock),
              );
              entry = after;
              trusted.delete(name);
              if (answer.Status !== 'GRANTED') continue;
              phase.slotId = answer.SlotId;
              for (const [, until] of trusted) {
                expect(until).toBeLessThanOrEqual(now - CLOCK_MARGIN_MS);
              }
              trusted.set(name, Date.parse(answer.LeaseExpiresAt));
            } else if (!phase.isStarted) {
              const [spent, after] = apply(
                entry,
                spend(entry, name, slotId, clock, clock + 10_000),
              );
              entry = after;
              phase.isStarted = true;
              if (spent.Status !== 'SPENT') continue;
              const isCounted =
                step.result === 'applied' ||
                (step.result === 'lost' && step.isLostOneApplied);
              if (isCounted) counted.push(now);
              if (step.result === 'applied') {
                const applied = { KeyId: 'k', KeyArn: 'k', AppliedAt: clock };
                const done = confirm(entry, name, slotId, applied, 'id');
                entry = apply(entry, done)[1];
              } else if (step.result === 'refused') {
                entry = apply(
                  entry,
                  release(entry, name, slotId, 'REFUSED'),
                )[1];
              }
            } else {
              entry = apply(entry, settle(entry, name, clock))[1];
              trusted.delete(name);
              phases[step.rotation] = fresh();
            }
            const window = counted.filter((at) => at > now - DAY);
            expect(window.length).toBeLessThanOrEqual(QUOTA_LIMIT);
            mostCounted = Math.max(mostCounted, window.length);
          }
        },
      ),
      { numRuns: 200, endOnFailure: true },
    );
    // The world is dense enough to reach the limit it must not pass.
    expect(mostCounted).toBe(QUOTA_LIMIT);
  });

  it('grants whenever a slot is left and no other rotation holds the stream', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: DAY }), { maxLength: 60 }),
        (waits) => {
          let entry = emptyEntry(ARN);
          let now = T0;
          let stamps: number[] = [];
          for (const [i, wait] of waits.entries()) {
            now += wait;
            stamps = stamps.filter((at) => now < at + SLOT_MS);
            const { answer } = reserve(entry, claim(`r${i}`, entry), now);
            const isFree = stamps.length < QUOTA_LIMIT;
            expect(answer.Status).toBe(isFree ? 'GRANTED' : 'QUOTA_EXHAUSTED');
            if (!isFree) continue;
            entry = rotate(entry, `r${i}`, now);
            stamps.push(now);
          }
        },
      ),
    );
  });
});
