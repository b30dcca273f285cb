import type { StreamDescriptionSummary } from '@aws-sdk/client-kinesis';
import type { RollbackOutcome } from '../contract/outcome.ts';
import { quote } from '../errors/text.ts';
import { parseStreamArn } from '../identifiers/arn.ts';
import { unusableReason } from '../identifiers/key-id.ts';
import type { ResolvedKey } from '../keys/key-ring.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { readFailure } from './failure.ts';
import { BUSY_TIMEOUT_MS, type KeyPlan } from './plan.ts';
import { pollSeconds } from './polling.ts';
import type { CaughtFailure, PlannedState, RotationState } from './state.ts';

/** What a rotation rolls back, and why. */
export interface Rollback {
  /** The key that was applied and cannot be used. */
  KeyId: string;
  KeyArn: string;
  PreviousKeyId: string | null;
  PreviousKeyArn: string | null;
  /** What the probe met. */
  Failure: CaughtFailure;
  /** Why it cannot be rolled back, for people; absent where it can. */
  Impossible?: string;
}

export interface RollbackFacts {
  /** After the probe failed, or after an earlier attempt to roll back. */
  State: PlannedState;
  Stream: Pick<StreamDescriptionSummary, 'KeyId' | 'StreamStatus'>;
  /**
   * What KMS says of the key that the stream had before: as it was submitted,
   * and by the ARN to which that resolved then.
   */
  Keys: readonly ResolvedKey[];
  Entry: LedgerEntry;
  /** Milliseconds since the epoch. */
  Now: number;
}

/**
 * Plans to give a stream the key back that it had, when the probe has proved
 * that the new one cannot be used. The key is submitted as it was then, or by
 * its ARN where that text stands for another key now.
 *
 * Where it cannot be, the plan stays what it was, and says why.
 */
export function planRollback(facts: RollbackFacts): KeyPlan {
  const { State, Entry, Now } = facts;
  const { Plan } = State;
  const rollback = Plan.Rollback ?? begun(State);
  const busySince =
    State.Start?.Status === 'STREAM_BUSY'
      ? (Plan.BusySince ?? new Date(Now).toISOString())
      : undefined;
  const key = facts.Keys.find(
    ({ Metadata }) =>
      Metadata !== undefined && Metadata.Arn === rollback.PreviousKeyArn,
  );
  const waitedMs = busySince === undefined ? 0 : Now - Date.parse(busySince);
  const Impossible = impossible(rollback, key, facts, waitedMs);
  if (key === undefined || Impossible !== undefined) {
    return {
      ...Plan,
      Decision: 'ROTATE',
      Rollback: { ...rollback, Impossible: Impossible ?? '' },
    };
  }
  const { HeldBy: _, BusySince: __, ...rest } = Plan;
  return {
    ...rest,
    Decision: 'ROLL_BACK',
    Reason: `${rollback.KeyId} cannot be used: ${rollback.Failure.Error}`,
    KeyId: key.KeyId,
    KeyArn: rollback.PreviousKeyArn ?? '',
    PreviousKeyId: rollback.KeyId,
    PreviousKeyArn: rollback.KeyArn,
    LastAppliedAt: Entry.LastApplied?.AppliedAt ?? null,
    // Nobody can write meanwhile.
    OnQuotaExhausted: 'FAIL',
    KeepSlotForRollback: false,
    WaitSeconds: pollSeconds(waitedMs),
    ...(busySince !== undefined && { BusySince: busySince }),
    Rollback: rollback,
  };
}

function begun({ Plan, ProbeFailure }: PlannedState): Rollback {
  const { KeyId, KeyArn, PreviousKeyId, PreviousKeyArn } = Plan;
  return {
    KeyId,
    KeyArn,
    PreviousKeyId,
    PreviousKeyArn,
    Failure: readFailure(ProbeFailure),
  };
}

function impossible(
  rollback: Rollback,
  key: ResolvedKey | undefined,
  { Stream: stream, Keys, State }: RollbackFacts,
  waitedMs: number,
): string | undefined {
  const { PreviousKeyId, PreviousKeyArn } = rollback;
  if (PreviousKeyId === null) return 'the stream was not encrypted before';
  if (PreviousKeyArn === rollback.KeyArn) return 'it is the key it had before';
  if (stream.StreamStatus === 'ACTIVE' && stream.KeyId !== rollback.KeyId) {
    return `somebody else has moved the stream to ${stream.KeyId ?? 'no key'}`;
  }
  if (waitedMs >= BUSY_TIMEOUT_MS) {
    return `the stream has been ${stream.StreamStatus} because of something else for too long`;
  }
  if (key?.Metadata === undefined) {
    const refused = Keys.find((one) => one.Refusal)?.Refusal;
    return `the key before, ${quote(PreviousKeyId)}, cannot be found any more${refused ? `: ${refused.message}` : ''}`;
  }
  const { Region = '' } = parseStreamArn(State.Plan.StreamARN) ?? {};
  const reason = unusableReason(key.Metadata, Region);
  return reason && `the key before, ${quote(PreviousKeyId)}, ${reason}`;
}

/**
 * What became of rolling back; undefined where it was not tried. Why the
 * rotation failed is another matter: the key that the probe refused.
 */
export function rollbackOutcome(
  state: RotationState,
): RollbackOutcome | undefined {
  const { Plan, ProbeFailure, Description, Verification } = state;
  const rollback = 'Rollback' in Plan ? Plan.Rollback : undefined;
  const since = state.Failure ?? (rollback && ProbeFailure);
  if (rollback === undefined && (ProbeFailure === undefined || !since)) return;
  if (rollback?.Impossible !== undefined) {
    return { Status: 'IMPOSSIBLE', Cause: rollback.Impossible };
  }
  if (since) {
    const { Error: name, Cause } = readFailure(since);
    return { Status: 'FAILED', Cause: `${name}: ${Cause}` };
  }
  const { KeyId, KeyArn } = Plan as KeyPlan;
  const { VerifiedAt, ...proof } = Verification ?? {};
  return {
    Status: 'ROLLED_BACK',
    KeyId,
    KeyArn,
    ...(Description?.ActiveAt && { ActiveAt: Description.ActiveAt }),
    ...(VerifiedAt && { VerifiedAt }),
    ...(Verification && {
      Verification: proof as RollbackOutcome['Verification'],
    }),
  };
}
