import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../shared/contract/outcome.ts';
import { ledgerOf } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { countStartCalls } from '../support/workflow/start-calls.ts';

/** Long enough for a rotation to meet another one's update on a busy machine. */
const UPDATE_SECONDS = 2;

/** Rotations that start in the same instant. */
const MANY = 200;

let aws: LocalRotations;

/** Counts the rotations by outcome or error. */
function countBy(outcomes: readonly Outcome[]) {
  const counts: Record<string, number | undefined> = {};
  for (const outcome of outcomes) {
    const name =
      outcome.Status === 'SUCCEEDED' ? outcome.Outcome : outcome.Error;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

beforeAll(async () => {
  aws = await openLocalRotations(UPDATE_SECONDS, 1 + MANY);
});

afterAll(() => aws.close());

describe(`${MANY} rotations in the same instant`, () => {
  it('of one stream: one moves it, with one Start and one slot', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const calls = countStartCalls();
    const outcomes = await Promise.all(
      Array.from({ length: MANY }, () =>
        aws.rotate({ StreamName, KeyId: KeyIds[0] }),
      ),
    );
    calls.stop();
    // On a slow machine, some rotations start after the first one has ended.
    const { ROTATED, ALREADY_IN_PROGRESS, UNCHANGED = 0 } = countBy(outcomes);
    expect(ROTATED).toBe(1);
    expect(ALREADY_IN_PROGRESS).toBe(MANY - 1 - UNCHANGED);
    expect(calls.count()).toBe(1);
    const { Slots, Lease } = await ledgerOf(StreamName);
    expect(Slots).toMatchObject([{ State: 'SPENT' }]);
    expect(Lease).toBeUndefined();
  });

  it('of as many streams: each rotation moves its own stream', async () => {
    const streams = Array.from({ length: MANY }, () => aws.nextStream());
    // Polling all of them every few milliseconds would take all the processor time.
    const waits = { WaitForPropagation: 0, WaitForUpdate: 1000 };
    const calls = countStartCalls();
    const outcomes = await Promise.all(
      streams.map(({ StreamName, KeyIds }) =>
        aws.rotate({ StreamName, KeyIds }, { waits }),
      ),
    );
    calls.stop();
    expect(countBy(outcomes)).toEqual({ ROTATED: MANY });
    expect(calls.count()).toBe(MANY);
    const entries = await Promise.all(
      streams.map(({ StreamName }) => ledgerOf(StreamName)),
    );
    expect(
      entries.filter(({ Slots, Lease }) => Slots.length !== 1 || Lease),
    ).toEqual([]);
  });
});
