import { RotationError } from '../errors/errors.ts';
import { type KeyPlan, UPDATE_TIMEOUT_MS } from './plan.ts';
import { pollSeconds } from './polling.ts';
import type { StartResult } from './state.ts';

/**
 * How long an ACTIVE stream must show another key before that is believed:
 * describe answers are eventually consistent, and the status before the update
 * has been seen after it.
 */
export const STALE_MS = 30_000;
/** Answerless Starts that Kinesis did not apply, before a rotation gives up. */
export const MAX_UNANSWERED_STARTS = 3;

/** What DescribeStream answers, for IsStreamActive. Times are ISO 8601. */
export interface Description {
  Status: 'ACTIVE' | 'UPDATING' | 'NOT_APPLIED';
  StreamStatus: string;
  KeyId: string | null;
  /** Before looking again. */
  WaitSeconds: number;
  /** Whether the stream was ever seen UPDATING since the Start. */
  SawUpdating: boolean;
  /**
   * For how long it has been ACTIVE under a key that is not ours, by what Step
   * Functions waited: the clocks of two functions may be apart.
   */
  OtherKeySeconds?: number;
  ActiveAt?: string;
}

export interface Observation {
  StreamStatus: string;
  /** Null when the stream is not encrypted. */
  KeyId: string | null;
  /** Whether that is the key of the plan, by text or by ARN. */
  IsTarget: boolean;
  /** Milliseconds since the epoch. */
  Now: number;
}

/**
 * Judges a describe answer after a Start. ACTIVE alone proves nothing: the
 * stream has to be ACTIVE with our key, and where the key that it had before
 * reads the same (an alias that was repointed, Force), AWS must have answered the
 * Start and the stream have been seen UPDATING, or long enough ago. An update
 * that is seen after an unanswered Start may be anybody's.
 *
 * @throws {RotationError} UpdateTimedOut, KeyMismatch, StartNotApplied,
 *   StartUnconfirmed, and StreamBusy when the stream is being deleted
 */
export function classifyStreamStatus(
  seen: Observation,
  plan: Pick<KeyPlan, 'StreamName' | 'KeyId' | 'PreviousKeyId'>,
  start: Pick<StartResult, 'Status' | 'StartedAt' | 'Unanswered'>,
  previous: Description | undefined,
): Description {
  const waitedMs = seen.Now - Date.parse(start.StartedAt);
  const isActive = seen.StreamStatus === 'ACTIVE';
  const common = {
    StreamStatus: seen.StreamStatus,
    KeyId: seen.KeyId,
    WaitSeconds: pollSeconds(waitedMs),
    SawUpdating: previous?.SawUpdating === true || !isActive,
  };
  if (seen.StreamStatus === 'DELETING') {
    throw new RotationError(
      'StreamBusy',
      `StreamName "${plan.StreamName}" is DELETING; somebody deletes it while it is being rotated`,
    );
  }
  if (isActive && seen.IsTarget) {
    const looksTheSame = plan.PreviousKeyId === seen.KeyId;
    const isLongAgo = waitedMs >= STALE_MS;
    const isUnanswered = start.Status === 'UNKNOWN';
    if (looksTheSame && isUnanswered && isLongAgo) refuseUnconfirmed(plan);
    const hasMoved = common.SawUpdating && !isUnanswered;
    if (!looksTheSame || hasMoved || isLongAgo) {
      const ActiveAt = new Date(seen.Now).toISOString();
      return { ...common, Status: 'ACTIVE', ActiveAt };
    }
  }
  const other = isActive && !seen.IsTarget;
  const OtherKeySeconds =
    previous?.OtherKeySeconds === undefined
      ? 0
      : previous.OtherKeySeconds + previous.WaitSeconds;
  if (other && OtherKeySeconds * 1000 >= STALE_MS) {
    return otherKey(seen, plan, start, common);
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
    ...(other && { OtherKeySeconds }),
  };
}

function refuseUnconfirmed(plan: Pick<KeyPlan, 'StreamName' | 'KeyId'>): never {
  throw new RotationError(
    'StartUnconfirmed',
    `StartStreamEncryption of StreamName "${plan.StreamName}" went unanswered, and as its KeyId was ${plan.KeyId} before, nothing shows whether it was applied again; the slot stays spent. Start the rotation again`,
  );
}

function otherKey(
  seen: Observation,
  plan: Pick<KeyPlan, 'StreamName' | 'KeyId' | 'PreviousKeyId'>,
  start: Pick<StartResult, 'Status' | 'Unanswered'>,
  common: Omit<Description, 'Status'>,
): Description {
  const isUnchanged = seen.KeyId === plan.PreviousKeyId;
  if (start.Status !== 'UNKNOWN' || !isUnchanged) {
    throw new RotationError(
      'KeyMismatch',
      `StreamName "${plan.StreamName}" is ACTIVE under ${seen.KeyId ?? 'no key'}, and this rotation asked for ${plan.KeyId}; somebody else changed it, or Kinesis took the change back. Look in CloudTrail for StartStreamEncryption and StopStreamEncryption of this stream`,
    );
  }
  if (start.Unanswered >= MAX_UNANSWERED_STARTS) {
    throw new RotationError(
      'StartNotApplied',
      `StartStreamEncryption of StreamName "${plan.StreamName}" went unanswered ${start.Unanswered} times and was not applied; the stream is still under ${seen.KeyId ?? 'no key'}. Start the rotation again when Kinesis answers`,
    );
  }
  return { ...common, Status: 'NOT_APPLIED' };
}
