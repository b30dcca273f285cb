import type { RollbackOutcome } from '../contract/outcome.ts';
import { quote } from '../errors/text.ts';
import { wholeSecond } from '../events/iso-time.ts';
import { readStreamArn } from '../identifiers/arn.ts';
import type { ChosenKey, CurrentKey, ResolvedKey } from '../keys/key-ring.ts';
import { unusableReason } from '../keys/usable-key.ts';
import { type LedgerEntry, lastAppliedAt } from '../ledger/entry.ts';
import type { DescribedStream } from '../lookup/describe-stream.ts';
import { verifiedProbe } from './completion.ts';
import { BUSY_TIMEOUT_MS, RIGHTS_MS } from './deadlines.ts';
import { readFailure } from './failure.ts';
import { pollSeconds } from './polling.ts';
import type {
  CaughtFailure,
  KeyPlan,
  PlannedState,
  Rollback,
  RotationState,
} from './state.ts';

export interface RollbackFacts {
  /** After the probe failed, or after an earlier attempt to roll back. */
  State: PlannedState;
  Stream: Pick<DescribedStream, 'KeyId' | 'StreamStatus'>;
  /** The previous key, described as it was submitted and by its ARN. */
  Keys: readonly ResolvedKey[];
  Entry: LedgerEntry;
  /** Milliseconds since the epoch. */
  Now: number;
}

/**
 * Plans to return a stream to its previous key, when the probe has proved that
 * the new key cannot be used, or an alarm went to ALARM during the bake. The key is submitted as it was before, or by its
 * ARN where that text now resolves to another key.
 *
 * Where a rollback is impossible, the plan stays as it was, and says why.
 */
export function planRollback(facts: RollbackFacts): KeyPlan {
  const { State, Entry, Now } = facts;
  const { Plan } = State;
  const rollback = Plan.Rollback ?? beginRollback(State);
  const busySince =
    State.Start?.Status === 'STREAM_BUSY'
      ? (Plan.BusySince ?? new Date(Now).toISOString())
      : undefined;
  const waitedMs = busySince === undefined ? 0 : Now - Date.parse(busySince);
  const target = findTarget(rollback, facts, waitedMs);
  if ('Impossible' in target) {
    return {
      ...Plan,
      Decision: 'ROTATE',
      Rollback: { ...rollback, ...target },
    };
  }
  const { HeldBy: _, BusySince: __, Bake: ___, ...rest } = Plan;
  return {
    ...rest,
    ...target,
    Decision: 'ROLL_BACK',
    Reason: `${rollback.KeyId} is left: ${rollback.Failure.Error}`,
    PreviousKeyId: rollback.KeyId,
    PreviousKeyArn: rollback.KeyArn,
    LastAppliedAt: lastAppliedAt(Entry),
    // Writers fail until the stream has its previous key.
    OnQuotaExhausted: 'FAIL',
    KeepSlotForRollback: false,
    WaitSeconds: pollSeconds(waitedMs),
    ...(busySince !== undefined && { BusySince: busySince }),
    Rollback: rollback,
    ...(Plan.RightsDeadline !== undefined && {
      RightsDeadline: wholeSecond(Now + RIGHTS_MS),
    }),
  };
}

function beginRollback({ Plan, ProbeFailure }: PlannedState): Rollback {
  const { KeyId, KeyArn, PreviousKeyId, PreviousKeyArn } = Plan;
  return {
    KeyId,
    KeyArn,
    PreviousKeyId,
    PreviousKeyArn,
    Failure: readFailure(ProbeFailure),
  };
}

/**
 * Why a rotation could not return a stream to the key that it is under now, as far as
 * that is known before the Start.
 *
 * @param former that key, where it was described
 */
export function noWayBack(
  current: CurrentKey,
  former: ResolvedKey | undefined,
  region: string,
): string | undefined {
  if (current.KeyId === null) return 'the stream is not encrypted now';
  if (current.IsPresumed && current.KeyArn === null) {
    return unknownBefore(current.KeyId);
  }
  if (former === undefined) return undefined;
  // Described by its ARN, since its alias was repointed.
  const isByArn = former.KeyId === current.KeyArn;
  const key = `the present key, ${quote(isByArn ? former.KeyId : current.KeyId)},`;
  if (former.Metadata === undefined) {
    return `${key} cannot be described: ${former.Refusal?.message}`;
  }
  const reason = unusableReason(former.Metadata, region);
  return reason && `${key} ${reason}`;
}

function unknownBefore(keyId: string): string {
  return `the ledger does not know which key ${quote(keyId)} was before`;
}

/** The previous key as it is submitted, or why the stream cannot return to it. */
function findTarget(
  rollback: Rollback,
  { Stream: stream, Keys, State }: RollbackFacts,
  waitedMs: number,
): ChosenKey | { Impossible: string } {
  const { PreviousKeyId, PreviousKeyArn } = rollback;
  if (PreviousKeyId === null) {
    return { Impossible: 'the stream was not encrypted before' };
  }
  if (PreviousKeyArn === rollback.KeyArn) {
    return { Impossible: 'it is also the previous key' };
  }
  if (stream.StreamStatus === 'ACTIVE' && stream.KeyId !== rollback.KeyId) {
    return {
      Impossible: `another principal has moved the stream to ${stream.KeyId ?? 'no key'}`,
    };
  }
  if (waitedMs >= BUSY_TIMEOUT_MS) {
    return {
      Impossible: `the stream has been ${stream.StreamStatus} because of another operation for too long`,
    };
  }
  const key = Keys.find(
    ({ Metadata }) => Metadata !== undefined && Metadata.Arn === PreviousKeyArn,
  );
  if (key?.Metadata === undefined || PreviousKeyArn === null) {
    const refused = Keys.find((one) => one.Refusal)?.Refusal;
    if (PreviousKeyArn === null && refused === undefined) {
      return { Impossible: unknownBefore(PreviousKeyId) };
    }
    return {
      Impossible: `the previous key, ${quote(PreviousKeyId)}, cannot be found${refused ? `: ${refused.message}` : ''}`,
    };
  }
  const reason = unusableReason(
    key.Metadata,
    readStreamArn(State.Plan.StreamARN).region,
  );
  return reason === undefined
    ? { KeyId: key.KeyId, KeyArn: PreviousKeyArn }
    : { Impossible: `the previous key, ${quote(PreviousKeyId)}, ${reason}` };
}

/**
 * How a rollback ended; undefined where none was tried. The rotation's own Error
 * stays that of the key that the probe refused.
 */
export function rollbackOutcome(
  state: RotationState,
): RollbackOutcome | undefined {
  const { Plan, ProbeFailure, Failure, Description } = state;
  if (!('Rollback' in Plan) || Plan.Rollback === undefined) {
    // With both failures, the second is that of PlanRollback.
    return ProbeFailure && Failure && failedRollback(Failure);
  }
  const { Impossible } = Plan.Rollback;
  if (Impossible !== undefined) {
    return { Status: 'IMPOSSIBLE', Cause: Impossible };
  }
  const failure = Failure ?? ProbeFailure;
  if (failure) return failedRollback(failure);
  return {
    Status: 'ROLLED_BACK',
    KeyId: Plan.KeyId,
    KeyArn: Plan.KeyArn,
    ...(Description?.ActiveAt && { ActiveAt: Description.ActiveAt }),
    ...verifiedProbe(state),
  };
}

function failedRollback(failure: CaughtFailure): RollbackOutcome {
  const { Error: name, Cause } = readFailure(failure);
  return { Status: 'FAILED', Cause: `${name}: ${Cause}` };
}
