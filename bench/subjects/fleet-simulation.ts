import {
  DESCRIBE_RATE,
  FLEET_CONCURRENCY,
  firstWaitSeconds,
  pacedStreams,
  pauseSeconds,
} from '../../shared/fleet/pace.ts';
import { pollSeconds } from '../../shared/rotation/polling.ts';
import { mostInWindow } from '../support/statistics.ts';

/** A number from 0 to 1, the next of a sequence. */
type Random = () => number;

/** A stream of the simulation, and how its rotation ends. */
export interface SimulatedStream {
  /** How long its update takes, in milliseconds. */
  updateMs: number;
  /** UNCHANGED makes no Start, FAILED ends at its plan. */
  ends: 'ROTATED' | 'UNCHANGED' | 'FAILED';
}

/** Times are in milliseconds since the fleet began. */
export interface FleetSimulation {
  /** When each DescribeStreamSummary was called, in order. */
  describes: number[];
  /** When each rotation started, in order. */
  starts: number[];
  makespanMs: number;
  /** The most concurrent rotations. */
  concurrency: number;
  /** DescribeStreamSummary calls per second, on average. */
  averageRate: number;
  /** The most calls in any second. */
  peakRate: number;
  /**
   * The lower bound of the makespan within half of the documented rate: all
   * describes at that rate, or the longest rotation.
   */
  boundMs: number;
}

const PROPAGATION_MS = 5_000;

/** Describes a second in the lower bound: half of the documented rate. */
const BOUND_RATE = DESCRIBE_RATE / 2;

/**
 * Runs a fleet on a virtual clock. The pace and the polling are those of the
 * functions; the times of AWS are drawn at random.
 */
export function simulateFleet(
  streams: readonly SimulatedStream[],
  random: Random,
): FleetSimulation {
  /** When each place is free. */
  const places = Array.from({ length: FLEET_CONCURRENCY }, () => 0);
  const rotations = streams.map((stream, n) => {
    const free = Math.min(...places);
    const wait = firstWaitSeconds(n) * 1000;
    const rotation = rotate(stream, free + wait, random);
    const { readAt, pauseMs } = rotation;
    const isPaced = n < pacedStreams(streams.length);
    places[places.indexOf(free)] = readAt + (isPaced ? pauseMs : 0);
    return rotation;
  });
  const describes = rotations
    .flatMap((rotation) => rotation.describes)
    .toSorted((a, b) => a - b);
  const makespanMs = Math.max(...rotations.map(({ endedAt }) => endedAt));
  return {
    describes,
    starts: rotations.map(({ startedAt }) => startedAt),
    makespanMs,
    concurrency: maxConcurrency(rotations),
    averageRate: (describes.length / makespanMs) * 1000,
    peakRate: mostInWindow(describes, 1000),
    boundMs: Math.max(
      (describes.length / BOUND_RATE) * 1000,
      ...rotations.map(({ startedAt, endedAt }) => endedAt - startedAt),
    ),
  };
}

interface SimulatedRotation {
  describes: number[];
  startedAt: number;
  endedAt: number;
  /** When ReadOutcome has answered. */
  readAt: number;
  /** How long its place then stays empty. */
  pauseMs: number;
}

function rotate(
  { updateMs, ends }: SimulatedStream,
  startedAt: number,
  random: Random,
): SimulatedRotation {
  /** The time of a call of a function, with the states around it. */
  const call = () => 50 + 150 * random();
  const planned = startedAt + call();
  const describes = [planned];
  let now = planned + call();
  let ActiveAt: number | undefined;
  if (ends === 'ROTATED') {
    // ReserveQuota and StartEncryption.
    const applied = now + call() + call();
    now = applied + call();
    describes.push(now);
    while (now < applied + updateMs) {
      now += pollSeconds(now - applied) * 1000 + call();
      describes.push(now);
    }
    ActiveAt = now;
    now += PROPAGATION_MS + call();
  }
  // VerifyEncryption and CompleteRotation, or SettleFailure.
  const endedAt = now + call() + call();
  // Step Functions learns of it from an event, and calls ReadOutcome.
  const read = endedAt + call() + call();
  const pause = pauseSeconds({
    ...(ends !== 'FAILED' && { Outcome: ends }),
    ...(ActiveAt !== undefined && { ActiveAt }),
    StartedAt: startedAt,
    EndedAt: read,
  });
  return { describes, startedAt, endedAt, readAt: read, pauseMs: pause * 1000 };
}

function maxConcurrency(rotations: readonly SimulatedRotation[]): number {
  return Math.max(
    ...rotations.map(
      ({ startedAt: at }) =>
        rotations.filter(
          ({ startedAt, endedAt }) => startedAt <= at && at < endedAt,
        ).length,
    ),
  );
}

/**
 * Streams as AWS describes them: an update takes seconds (1 to 10), and for one
 * stream in twenty minutes (1 to 3).
 */
export function typicalStreams(
  count: number,
  random: Random,
): SimulatedStream[] {
  return Array.from({ length: count }, () => ({
    updateMs:
      random() < 0.05 ? 60_000 + 120_000 * random() : 1_000 + 9_000 * random(),
    ends: 'ROTATED' as const,
  }));
}

/** Streams whose updates all take minutes (1 to 3). */
export function slowStreams(count: number, random: Random): SimulatedStream[] {
  return Array.from({ length: count }, () => ({
    updateMs: 60_000 + 120_000 * random(),
    ends: 'ROTATED' as const,
  }));
}
