import { BUNDLE_BYTES } from '../stack/bundling/function-build.ts';

/**
 * What is promised of every change. The counts are the same on every machine,
 * and tests hold the code to them; times are measured, and never tested.
 */
export const BUDGETS = {
  /** Of each function's bundle. */
  BundleBytes: BUNDLE_BYTES,
  /** Of each function's bundle, in a new process. */
  ImportMs: 60,
  /** Most of a rotation's wall time to its floor, by seconds of update. */
  FloorRatio: { 0.5: 1.25, 2: 1.25, 10: 1.1, 60: 1.1 },
  /**
   * Most state transitions, Lambda invocations and AWS calls of a rotation
   * between two keys, by seconds of update.
   */
  Calls: {
    0.5: { StateTransitions: 15, LambdaInvocations: 7, AwsCalls: 18 },
    2: { StateTransitions: 18, LambdaInvocations: 8, AwsCalls: 19 },
    10: { StateTransitions: 42, LambdaInvocations: 16, AwsCalls: 27 },
    60: { StateTransitions: 111, LambdaInvocations: 39, AwsCalls: 50 },
  },
  /** Looks of a long update: one for each of this number of seconds. */
  SecondsPerLook: 15,
  /** DynamoDB calls of a reservation, alone and on average of 100 at once. */
  ReserveCalls: 2,
  ContendedReserveCalls: 3,
  /** Keys that may be granted beyond the quota in any rolling 24 hours. */
  GrantsBeyond: 0,
  /** From `npm start` to the first state, in seconds. */
  StartSeconds: 2,
  /** Of the makespan of a fleet of a thousand to its lower bound. */
  MakespanRatio: 1.5,
} as const;
