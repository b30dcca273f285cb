import { BUNDLE_BYTES } from '../stack/bundling/function-build.ts';

/**
 * The targets of the benchmark. Counts are the same on every machine, and tests
 * hold them. Times are measured, and never tested.
 */
export const BUDGETS = {
  /** The size of a function's bundle. */
  bundleBytes: BUNDLE_BYTES,
  /** The import of a function's bundle in a new process. */
  importMs: 60,
  /** CPU of new processes until their first calls to AWS, to that without the SDK. */
  firstCallRatio: 2,
  /** The wall time of a rotation to its floor, by seconds of update. */
  floorRatio: { 0.5: 1.25, 2: 1.25, 10: 1.1, 60: 1.1 },
  /** The calls of a rotation between two keys, by seconds of update. */
  calls: {
    0.5: { StateTransitions: 15, LambdaInvocations: 7, AwsCalls: 18 },
    2: { StateTransitions: 18, LambdaInvocations: 8, AwsCalls: 19 },
    10: { StateTransitions: 42, LambdaInvocations: 16, AwsCalls: 27 },
    60: { StateTransitions: 111, LambdaInvocations: 39, AwsCalls: 50 },
  },
  /** During a long update, one poll for each of this number of seconds. */
  secondsPerPoll: 15,
  /** DynamoDB calls of one reservation, and on average of 100 at once. */
  reserveCalls: 2,
  contendedReserveCalls: 3,
  /** Keys granted beyond the quota in any rolling 24 hours. */
  grantsBeyond: 0,
  /** From `npm start` to the first state, in seconds. */
  startSeconds: 2,
  /** The makespan of a fleet of a thousand to its lower bound. */
  makespanRatio: 1.25,
  /** The same of a fleet of 3 to 30. */
  smallMakespanRatio: 1.3,
  /** Describe calls of a fleet in any second. */
  fleetPeak: 20,
  /** To read 140 streams for a report, in seconds. */
  reportSeconds: 20,
} as const;
