import { handler as CompleteRotation } from '../../functions/complete-rotation.ts';
import { handler as DescribeStream } from '../../functions/describe-stream.ts';
import { handler as PlanFleet } from '../../functions/plan-fleet.ts';
import { handler as PlanRollback } from '../../functions/plan-rollback.ts';
import { handler as PlanRotation } from '../../functions/plan-rotation.ts';
import { handler as ReadOutcome } from '../../functions/read-outcome.ts';
import { handler as RecordExternalStart } from '../../functions/record-external-start.ts';
import { handler as ReserveQuota } from '../../functions/reserve-quota.ts';
import { handler as SettleFailure } from '../../functions/settle-failure.ts';
import { handler as StartEncryption } from '../../functions/start-encryption.ts';
import { handler as SummarizeFleet } from '../../functions/summarize-fleet.ts';
import { handler as SweepDrift } from '../../functions/sweep-drift.ts';
import { handler as VerifyEncryption } from '../../functions/verify-encryption.ts';

/**
 * The deployed functions, by name; that of a Task is its state's. They find their
 * services by the `AWS_*` variables, so those come before the first import.
 */
export const handlers = {
  PlanRotation,
  ReserveQuota,
  StartEncryption,
  DescribeStream,
  VerifyEncryption,
  PlanRollback,
  CompleteRotation,
  SettleFailure,
  RecordExternalStart,
  SweepDrift,
  PlanFleet,
  ReadOutcome,
  SummarizeFleet,
};
