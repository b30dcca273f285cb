import type { StreamDescriptionSummary } from '@aws-sdk/client-kinesis';
import type { RotationRequest } from '../contract/request.ts';
import { RotationError } from '../errors/errors.ts';
import { parseStreamArn } from '../identifiers/arn.ts';
import {
  type ChosenKey,
  type CurrentKey,
  chooseKey,
  type ResolvedKey,
} from '../keys/key-ring.ts';
import {
  activeLease,
  type Claim,
  type LastApplied,
  type LedgerEntry,
} from '../ledger/entry.ts';
import { CLOCK_MARGIN_MS } from '../ledger/window.ts';
import { pollSeconds } from './polling.ts';
import type { Rollback } from './rollback.ts';
import type { RotationState } from './state.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long to wait for a stream that is busy because of something else. */
export const BUSY_TIMEOUT_MS = HOUR_MS;
/** How long an update of ours may take; AWS says that it "can take minutes". */
export const UPDATE_TIMEOUT_MS = HOUR_MS;
/** How long OnQuotaExhausted WAIT goes on waiting: twice round the window. */
export const QUOTA_WAIT_MS = 48 * HOUR_MS;
/** How long a rotation may hold a stream: the update, and time to verify it. */
export const LEASE_MS = UPDATE_TIMEOUT_MS + 15 * MINUTE_MS;

/** What every plan says. Times are ISO 8601. */
interface PlanCommon {
  RotationId: string;
  StartedAt: string;
  StreamName: string;
  StreamARN: string;
  EncryptionType: 'KMS';
  /** For people: why this decision. */
  Reason: string;
  /** Before looking again at a stream that is busy. */
  WaitSeconds: number;
  /** Since when the rotation has been waiting for a busy stream. */
  BusySince?: string;
  OnQuotaExhausted: 'FAIL' | 'WAIT';
  /** When WAIT ends. */
  QuotaDeadline: string;
  OnVerificationFailed: 'ROLL_BACK' | 'KEEP';
  Probe?: RotationRequest['Probe'];
  Trigger?: RotationRequest['Trigger'];
}

/** A plan with a key is what the ledger is asked to grant. */
export interface KeyPlan extends PlanCommon, Omit<Claim, 'LeaseMs'> {
  /** ROTATE: KeyId as written. UNCHANGED, ROLL_BACK: as the stream has or had it. */
  Decision: 'ROTATE' | 'UNCHANGED' | 'ROLL_BACK';
  /** From the moment on at which the probe proved the key unusable. */
  Rollback?: Rollback;
  KeepSlotForRollback: boolean;
}

interface BusyPlan extends PlanCommon {
  Decision: 'STREAM_BUSY';
}

/** What PlanRotation made of the request. */
export type Plan = KeyPlan | BusyPlan;

export interface PlanningFacts {
  RotationId: string;
  StartedAt: string;
  Request: RotationRequest;
  Stream: Pick<
    StreamDescriptionSummary,
    'StreamName' | 'StreamARN' | 'StreamStatus' | 'KeyId'
  > & { StreamCreationTimestamp?: Date | undefined };
  /** The request's keys, in its order. */
  Keys: readonly ResolvedKey[];
  Current: CurrentKey;
  Entry: LedgerEntry;
  /** Of an earlier round of the same rotation, if there was one. */
  Previous?: Partial<RotationState>;
  /** Milliseconds since the epoch. */
  Now: number;
}

/**
 * What the ledger saw applied to a stream last; not what was applied to another
 * one of its name that was deleted before.
 */
export function lastAppliedTo(
  { StreamCreationTimestamp }: { StreamCreationTimestamp?: Date | undefined },
  { LastApplied }: LedgerEntry,
): LastApplied | undefined {
  const createdAt = StreamCreationTimestamp?.getTime() ?? 0;
  const isEarlier =
    LastApplied && LastApplied.AppliedAt + CLOCK_MARGIN_MS < createdAt;
  return isEarlier ? undefined : LastApplied;
}

/**
 * Which key a stream is under now. Its KeyId is what was once submitted; an
 * alias may have been pointed elsewhere since, so what the ledger saw applied
 * counts for more than what the alias resolves to today.
 *
 * @param resolved what the stream's KeyId resolves to now, if it still does
 */
export function currentKey(
  keyId: string | undefined,
  lastApplied: LastApplied | undefined,
  resolved: string | undefined,
): CurrentKey {
  if (keyId === undefined) return { KeyId: null, KeyArn: null };
  const applied = lastApplied?.KeyId === keyId ? lastApplied.KeyArn : undefined;
  return { KeyId: keyId, KeyArn: applied ?? resolved ?? null };
}

/**
 * Decides what a rotation has to do.
 *
 * While another rotation holds the stream, what Describe says of its key may
 * be the old or the new one, so the other's lease says it: ROTATE is counted
 * from the key that the other found, RESTORE from the one that it brings.
 * Whether the two agree is for ReserveQuota to say.
 *
 * @throws {RotationError} StreamBusy, and what {@link chooseKey} throws
 */
export function decidePlan(facts: PlanningFacts): Plan {
  const { Request, Stream, Entry, Now } = facts;
  const { StreamName = '', StreamARN = '', StreamStatus } = Stream;
  const busySince = waitingSince(facts);
  const common: PlanCommon = {
    RotationId: facts.RotationId,
    StartedAt: facts.StartedAt,
    StreamName,
    StreamARN,
    EncryptionType: 'KMS',
    Reason: '',
    WaitSeconds: pollSeconds(Now - (busySince ?? Now)),
    ...(busySince !== undefined && {
      BusySince: new Date(busySince).toISOString(),
    }),
    OnQuotaExhausted: Request.OnQuotaExhausted,
    QuotaDeadline: new Date(
      Date.parse(facts.StartedAt) + QUOTA_WAIT_MS,
    ).toISOString(),
    OnVerificationFailed: Request.OnVerificationFailed,
    ...(Request.Probe && { Probe: Request.Probe }),
    ...(Request.Trigger && { Trigger: Request.Trigger }),
  };

  if (busySince !== undefined && Now - busySince >= BUSY_TIMEOUT_MS) {
    throw new RotationError(
      'StreamBusy',
      `StreamName "${StreamName}" has been ${StreamStatus === 'ACTIVE' ? 'busy' : StreamStatus} since ${common.BusySince} because of something else; start the rotation again when nothing else changes it`,
    );
  }
  const lease = activeLease(Entry, Now);
  const other = lease?.RotationId === facts.RotationId ? undefined : lease;
  if (other === undefined && StreamStatus !== 'ACTIVE') {
    return waitForStream(common, StreamStatus);
  }

  const before: CurrentKey = other
    ? { KeyId: other.PreviousKeyId, KeyArn: other.PreviousKeyArn }
    : facts.Current;
  const from = other && Request.Mode === 'RESTORE' ? other : before;
  const region = parseStreamArn(StreamARN)?.Region ?? '';
  const done = other ? undefined : appliedSince(facts);
  const chosen = done ?? chooseKey(Request, facts.Keys, from, region);
  const [Decision, Reason] = other
    ? (['ROTATE', `${other.RotationId} holds the stream`] as const)
    : done
      ? (['UNCHANGED', `a key was applied at ${done.AppliedAt}`] as const)
      : decide(chosen, before, Request.Force);
  const key = {
    KeyId:
      Decision === 'UNCHANGED' ? (before.KeyId ?? chosen.KeyId) : chosen.KeyId,
    KeyArn: chosen.KeyArn,
  };
  return {
    ...common,
    ...key,
    Decision,
    Reason,
    PreviousKeyId: before.KeyId,
    PreviousKeyArn: before.KeyArn,
    LastAppliedAt: Entry.LastApplied?.AppliedAt ?? null,
    KeepSlotForRollback: Request.KeepSlotForRollback,
    ...(other && { HeldBy: other.RotationId }),
  };
}

function decide(
  chosen: ChosenKey,
  current: CurrentKey,
  force: boolean,
): readonly ['ROTATE' | 'UNCHANGED', string] {
  if (current.KeyId === null) return ['ROTATE', 'the stream is not encrypted'];
  if (chosen.KeyArn !== current.KeyArn) {
    return chosen.KeyId === current.KeyId
      ? ['ROTATE', `${chosen.KeyId} stands for another key than when applied`]
      : ['ROTATE', `the stream is under ${current.KeyId}`];
  }
  return force
    ? ['ROTATE', 'Force: the key is applied again']
    : ['UNCHANGED', 'the stream already has the key'];
}

/** The key that the stream has, where one was applied since the time given. */
function appliedSince({
  Request: { UnlessAppliedSince },
  Stream,
  Entry,
  Current: { KeyId, KeyArn },
}: PlanningFacts): (ChosenKey & { AppliedAt: string }) | undefined {
  const { AppliedAt = 0 } = lastAppliedTo(Stream, Entry) ?? {};
  if (UnlessAppliedSince === undefined || KeyId === null || KeyArn === null) {
    return undefined;
  }
  return AppliedAt >= Date.parse(UnlessAppliedSince)
    ? { KeyId, KeyArn, AppliedAt: new Date(AppliedAt).toISOString() }
    : undefined;
}

/** The wait goes on through every round that ended because of a busy stream. */
function waitingSince({
  Stream,
  Previous,
  Now,
}: PlanningFacts): number | undefined {
  const wasBusy =
    Previous?.Plan?.Decision === 'STREAM_BUSY' ||
    Previous?.Start?.Status === 'STREAM_BUSY';
  const since = wasBusy ? Previous?.Plan?.BusySince : undefined;
  if (since !== undefined) return Date.parse(since);
  return wasBusy || Stream.StreamStatus !== 'ACTIVE' ? Now : undefined;
}

function waitForStream(
  common: PlanCommon,
  status: string | undefined,
): BusyPlan {
  if (status === 'DELETING') {
    throw new RotationError(
      'StreamBusy',
      `StreamName "${common.StreamName}" is DELETING; there is nothing left to rotate`,
    );
  }
  return {
    ...common,
    Decision: 'STREAM_BUSY',
    Reason: `the stream is ${status} because of something else`,
  };
}
