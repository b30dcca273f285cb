import type { Success } from '../contract/outcome.ts';
import { lookTimes } from '../rotation/polling.ts';

/**
 * DescribeStreamSummary calls a second that AWS allows an account in a Region.
 *
 * @see https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 */
export const DESCRIBE_RATE = 20;
/**
 * The most that a fleet takes of them on average, whatever its updates take. A place
 * that has a long update takes less than its share: where updates take seconds, and few of
 * them minutes, a fleet takes 7 to 8 a second.
 */
export const FLEET_DESCRIBE_RATE = 12;
/** Rotations of a fleet that may start in a second in which all others poll. */
const STARTS_IN_A_SECOND = 2;
/**
 * Rotations of a fleet that run at once, as `MaxConcurrency` of rotate-fleet
 * has it. Each describes its stream at most once a second, and once more when it
 * starts: PlanRotation, and DescribeStream right after the Start.
 */
export const FLEET_CONCURRENCY = DESCRIBE_RATE - STARTS_IN_A_SECOND;
/**
 * Rotations that start before any other polls for long, and how many of them start
 * in a second. Each describes twice in its first second, once a second from then on.
 */
const FIRST_ROTATIONS = 15;
const FIRST_STARTS_IN_A_SECOND = 3;

/** The most Describe calls that a rotation makes during a wait. */
function looksIn(waitedMs: number): number {
  let looks = 0;
  for (const at of lookTimes()) {
    if (at > waitedMs) break;
    if (at > 0) looks++;
  }
  return looks;
}

/** What is known of a rotation that has ended. Times are in milliseconds. */
export interface EndedRotation {
  Outcome?: Success['Outcome'];
  StartedAt: number;
  /** When the stream was seen ACTIVE with the new key, if it was. */
  ActiveAt?: number;
  EndedAt: number;
}

/**
 * The fewest Describe calls that a rotation made: one by PlanRotation, one by
 * DescribeStream right after a Start, and those of the wait. A rotation whose stream
 * another operation kept busy may have made more.
 */
export function describesOf(rotation: EndedRotation): number {
  const { Outcome, StartedAt, ActiveAt, EndedAt } = rotation;
  const isUnstarted =
    Outcome === 'UNCHANGED' || Outcome === 'ALREADY_IN_PROGRESS';
  return (isUnstarted ? 1 : 2) + looksIn((ActiveAt ?? EndedAt) - StartedAt);
}

/**
 * How long the place of a rotation that has ended stays empty, in whole seconds.
 * Each place keeps to its share of the fleet's rate, and so do all together,
 * however long updates take: the shorter a rotation, the more often it describes.
 */
export function pauseSeconds(rotation: EndedRotation): number {
  const lastedMs = rotation.EndedAt - rotation.StartedAt;
  const share = FLEET_DESCRIBE_RATE / FLEET_CONCURRENCY;
  const due = describesOf(rotation) / share;
  return Math.max(0, Math.round(due - lastedMs / 1000));
}

/**
 * How long the nth rotation of a fleet waits once it has a place, in whole seconds.
 * Those that find all places empty would all start at once.
 */
export function firstWaitSeconds(n: number): number {
  if (n >= FLEET_CONCURRENCY) return 0;
  const first = Math.min(n, FIRST_ROTATIONS - 1);
  return Math.floor(first / FIRST_STARTS_IN_A_SECOND) + n - first;
}

/**
 * How many rotations of a fleet leave their place empty for a pause, the first
 * ones. Behind the others, places stay empty in any case.
 */
export function pacedStreams(streams: number): number {
  return Math.max(0, streams - FLEET_CONCURRENCY);
}
