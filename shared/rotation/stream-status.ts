import { RotationError } from '../errors/errors.ts';
import { STALE_MS, UPDATE_TIMEOUT_MS } from './deadlines.ts';
import { pollSeconds } from './polling.ts';
import type { Description, KeyPlan, StartResult } from './state.ts';

/** Unanswered Starts that Kinesis did not apply before a rotation gives up. */
export const MAX_UNANSWERED_STARTS = 3;

type PlanOfKey = Pick<KeyPlan, 'StreamName' | 'KeyId' | 'PreviousKeyId'>;

export interface Observation {
  StreamStatus: string;
  /** Null when the stream is not encrypted. */
  KeyId: string | null;
  RetentionPeriodHours?: number;
  /** Whether that is the key of the plan, by text or by ARN. */
  IsTarget: boolean;
  /** Milliseconds since the epoch. */
  Now: number;
}

/**
 * Classifies a describe answer after a Start. ACTIVE alone proves nothing: the
 * stream must be ACTIVE with the plan's key. Where the previous key reads the
 * same (a repointed alias, Force), AWS must also have answered the Start, and the
 * stream must have been seen UPDATING or enough time have passed. An update that
 * is seen after an unanswered Start may belong to another operation.
 *
 * @throws {RotationError} UpdateTimedOut, KeyMismatch, StartNotApplied,
 *   StartUnconfirmed, and StreamBusy when the stream is being deleted
 */
export function classifyStreamStatus(
  seen: Observation,
  plan: PlanOfKey,
  start: Pick<StartResult, 'Status' | 'StartedAt' | 'Unanswered'>,
  previous: Description | undefined,
): Description {
  const waitedMs = seen.Now - Date.parse(start.StartedAt);
  const isActive = seen.StreamStatus === 'ACTIVE';
  const common = {
    StreamStatus: seen.StreamStatus,
    KeyId: seen.KeyId,
    ...(seen.RetentionPeriodHours !== undefined && {
      RetentionPeriodHours: seen.RetentionPeriodHours,
    }),
    WaitSeconds: pollSeconds(waitedMs),
    SawUpdating: previous?.SawUpdating === true || !isActive,
  };
  if (seen.StreamStatus === 'DELETING') {
    throw new RotationError(
      'StreamBusy',
      `StreamName "${plan.StreamName}" is DELETING; another principal deletes the stream during its rotation`,
    );
  }
  const isTarget = isActive && seen.IsTarget;
  if (isTarget && isApplied(seen, plan, start, common.SawUpdating, waitedMs)) {
    const ActiveAt = new Date(seen.Now).toISOString();
    return { ...common, Status: 'ACTIVE', ActiveAt };
  }
  const OtherKeySeconds =
    isActive && !seen.IsTarget ? otherKeySeconds(previous) : undefined;
  if (OtherKeySeconds !== undefined && OtherKeySeconds * 1000 >= STALE_MS) {
    return classifyOtherKey(seen, plan, start, common);
  }
  if (waitedMs >= UPDATE_TIMEOUT_MS) {
    throw new RotationError(
      'UpdateTimedOut',
      `StreamName "${plan.StreamName}" is still ${seen.StreamStatus} ${Math.round(waitedMs / 60_000)} minutes after StartStreamEncryption; the slot stays spent. Look at the stream, and start the rotation again when it is ACTIVE`,
    );
  }
  return {
    ...common,
    Status: 'UPDATING',
    ...(OtherKeySeconds !== undefined && { OtherKeySeconds }),
  };
}

/** Whether an ACTIVE stream that shows the plan's key has moved to it. */
function isApplied(
  seen: Observation,
  plan: PlanOfKey,
  start: Pick<StartResult, 'Status'>,
  sawUpdating: boolean,
  waitedMs: number,
): boolean {
  if (plan.PreviousKeyId !== seen.KeyId) return true;
  const isUnanswered = start.Status === 'UNKNOWN';
  const isLongAgo = waitedMs >= STALE_MS;
  if (isUnanswered && isLongAgo) refuseUnconfirmed(plan);
  return isLongAgo || (sawUpdating && !isUnanswered);
}

/** Counts what Step Functions waited, since two functions' clocks may differ. */
function otherKeySeconds(previous: Description | undefined): number {
  return previous?.OtherKeySeconds === undefined
    ? 0
    : previous.OtherKeySeconds + previous.WaitSeconds;
}

function refuseUnconfirmed(plan: PlanOfKey): never {
  throw new RotationError(
    'StartUnconfirmed',
    `StartStreamEncryption of StreamName "${plan.StreamName}" was not answered, and its KeyId was ${plan.KeyId} before, so Describe cannot show whether the key was applied again; the slot stays spent. Start the rotation again`,
  );
}

function classifyOtherKey(
  seen: Observation,
  plan: PlanOfKey,
  start: Pick<StartResult, 'Status' | 'Unanswered'>,
  common: Omit<Description, 'Status'>,
): Description {
  const isUnchanged = seen.KeyId === plan.PreviousKeyId;
  if (start.Status !== 'UNKNOWN' || !isUnchanged) {
    throw new RotationError(
      'KeyMismatch',
      `StreamName "${plan.StreamName}" is ACTIVE under ${seen.KeyId ?? 'no key'}, and this rotation asked for ${plan.KeyId}; another principal changed it, or Kinesis reverted the change. Look in CloudTrail for StartStreamEncryption and StopStreamEncryption of this stream`,
    );
  }
  if (start.Unanswered >= MAX_UNANSWERED_STARTS) {
    throw new RotationError(
      'StartNotApplied',
      `StartStreamEncryption of StreamName "${plan.StreamName}" was not answered ${start.Unanswered} times and was not applied; the stream is still under ${seen.KeyId ?? 'no key'}. Start the rotation again when Kinesis answers`,
    );
  }
  return { ...common, Status: 'NOT_APPLIED' };
}
