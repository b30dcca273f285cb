import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Crash,
  type Experiment,
  runCrashes,
} from '../support/simulation/crashes.ts';

/**
 * SOAK=1 takes every pair of calls, otherwise SEED picks some. What is said when
 * one fails is the experiment itself.
 */
const { SOAK, SEED = '1' } = process.env;
const PICKED = 60;
/** A rotation that crashed makes more calls than one that did not. */
const MORE_CALLS = 6;

const FIRST: Crash['fault'][] = [
  'killed before',
  'killed after',
  'answered late',
];
const SECOND: Crash['fault'][] = ['killed before', 'killed after'];
const ENDINGS: Experiment['ending'][] = [
  'retried',
  'abandoned at once',
  'abandoned in the end',
];

/** Every pair of calls, with all that can happen at the two. */
function pairs(
  calls: number,
  kind: Omit<Experiment, 'crashes' | 'ending' | 'clocks'>,
): Experiment[] {
  const all: Experiment[] = [];
  for (let first = 0; first < calls; first++) {
    for (let second = first + 1; second < calls + MORE_CALLS; second++) {
      for (const fault of FIRST) {
        for (const [at, ending] of ENDINGS.entries()) {
          const crashes: Crash[] = [
            { call: first, fault },
            { call: second, fault: SECOND[(second + at) % 2] ?? fault },
          ];
          const clocks = (first + second) % 2 ? 'behind' : 'ahead';
          all.push({ crashes, ...kind, ending, clocks });
        }
      }
    }
  }
  return all;
}

function picked(experiments: Experiment[]): Experiment[] {
  if (SOAK) return experiments;
  const length = { minLength: PICKED, maxLength: PICKED };
  const [some = []] = fc.sample(fc.shuffledSubarray(experiments, length), {
    seed: Number(SEED),
    numRuns: 1,
  });
  return some;
}

describe.each([
  ['one that rotates', { isRollingBack: false }],
  ['one that rolls back', { isRollingBack: true }],
  ['one that bakes', { isRollingBack: false, isBaking: true }],
  ['one that reverts', { isRollingBack: false, isReverting: true }],
  ['one that an alarm rolls back', { isRollingBack: true, isBaking: true }],
])('two crashes in one rotation, of %s,', (_, kind) => {
  it('lose nothing, and apply nothing twice', async () => {
    const usual = await runCrashes({
      crashes: [],
      ...kind,
      ending: 'retried',
      clocks: 'behind',
    });
    const broken: object[] = [];
    for (const experiment of picked(pairs(usual.calls, kind))) {
      const { ending } = experiment;
      const seen = await runCrashes(experiment);
      const { applied, slots, ends, met } = seen;
      // Killed and tried again, it comes to what it would have come to.
      const isAsUsual =
        ends === usual.ends &&
        slots === usual.slots &&
        `${applied}` === `${usual.applied}`;
      // Stopped, it may have spent one slot for a call that never left.
      const isAtStart = met.some((call) => call.startsWith('StartEncryption'));
      const ghosts = slots - applied.length;
      const isCounted = ghosts === 0 || (ghosts === 1 && isAtStart);
      const isFine =
        (ending === 'retried' ? isAsUsual : isCounted) &&
        (!experiment.isReverting || `${applied}` === `${usual.applied}`);
      if (!isFine) broken.push({ experiment, seen });
    }
    expect(broken).toEqual([]);
  }, 1_800_000);
});
