import type { RotationRequest } from '../contract/request.ts';
import { RotationError } from '../errors/errors.ts';
import { wholeSecond } from '../events/iso-time.ts';
import { readStreamArn } from '../identifiers/arn.ts';
import { lastAppliedTo } from '../keys/current-key.ts';
import {
  type ChosenKey,
  type CurrentKey,
  chooseKey,
  type ResolvedKey,
} from '../keys/key-ring.ts';
import { chooseRevert } from '../keys/revert.ts';
import {
  activeLease,
  isReturn,
  type Lease,
  type LedgerEntry,
  lastAppliedAt,
} from '../ledger/entry.ts';
import { CLOCK_MARGIN_MS } from '../ledger/window.ts';
import type { DescribedStream } from '../lookup/describe-stream.ts';
import { bakePlan } from './bake.ts';
import {
  BUSY_TIMEOUT_MS,
  QUOTA_WAIT_MS,
  RIGHTS_MS,
  YOUNG_KEY_MS,
} from './deadlines.ts';
import {
  decide,
  previousKey,
  repointedFrom,
  type Target,
  warningOf,
} from './decision.ts';
import { pollSeconds } from './polling.ts';
import { noWayBack } from './rollback.ts';
import type {
  BusyPlan,
  KeyPlan,
  Plan,
  PlanCommon,
  RotationState,
} from './state.ts';

export interface PlanningFacts {
  RotationId: string;
  /** ISO 8601. */
  StartedAt: string;
  Request: RotationRequest;
  Stream: Pick<
    DescribedStream,
    'StreamName' | 'StreamARN' | 'StreamStatus' | 'KeyId'
  > & {
    StreamCreationTimestamp?: Date | undefined;
    RetentionPeriodHours?: number | undefined;
  };
  /** The request's keys, in its order. */
  Keys: readonly ResolvedKey[];
  Current: CurrentKey;
  /** The stream's key, where it was described. */
  Former?: ResolvedKey;
  Entry: LedgerEntry;
  /** Whether rotations.yml lists the stream, and the roles name it. */
  IsListed?: boolean;
  /** The state that an earlier round of the same rotation left. */
  Previous?: Partial<RotationState>;
  /** Milliseconds since the epoch. */
  Now: number;
}

/**
 * Decides what a rotation does.
 *
 * While another rotation holds the stream, Describe may show the old or the new
 * key. The other rotation's lease decides instead: ROTATE counts from the key
 * that the other rotation found, RESTORE from the key that it applies.
 * ReserveQuota says whether the two rotations agree. A REVERT waits for the other
 * rotation, whose key it may have to revert, and an alarm does not come again.
 *
 * @throws {RotationError} StreamBusy, and what {@link chooseKey} throws
 */
export function decidePlan(facts: PlanningFacts): Plan {
  const { Stream, Entry, Now } = facts;
  const common = planCommon(facts);
  refuseEndlessWait(common, facts);
  const lease = activeLease(Entry, Now);
  if (lease !== undefined && lease.RotationId !== facts.RotationId) {
    return planBehind(lease, common, facts);
  }
  return Stream.StreamStatus === 'ACTIVE'
    ? planKey(common, facts)
    : waitForStream(common, Stream.StreamStatus);
}

function planCommon(facts: PlanningFacts): Omit<PlanCommon, 'Reason'> {
  const { Request, Stream, Now } = facts;
  const busySince = waitingSince(facts);
  return {
    RotationId: facts.RotationId,
    StartedAt: facts.StartedAt,
    StreamName: Stream.StreamName,
    StreamARN: Stream.StreamARN,
    EncryptionType: 'KMS',
    ...(Stream.RetentionPeriodHours !== undefined && {
      RetentionPeriodHours: Stream.RetentionPeriodHours,
    }),
    WaitSeconds: pollSeconds(Now - (busySince ?? Now)),
    ...(busySince !== undefined && {
      BusySince: new Date(busySince).toISOString(),
    }),
    OnQuotaExhausted: Request.OnQuotaExhausted,
    QuotaDeadline: wholeSecond(Date.parse(facts.StartedAt) + QUOTA_WAIT_MS),
    OnVerificationFailed: Request.OnVerificationFailed,
    ...(Request.Probe && { Probe: Request.Probe }),
    ...(Request.Trigger && { Trigger: Request.Trigger }),
  };
}

function refuseEndlessWait(
  { StreamName, BusySince }: Pick<PlanCommon, 'StreamName' | 'BusySince'>,
  { Stream: { StreamStatus }, Now }: PlanningFacts,
): void {
  if (BusySince === undefined) return;
  if (Now - Date.parse(BusySince) < BUSY_TIMEOUT_MS) return;
  const status = StreamStatus === 'ACTIVE' ? 'busy' : StreamStatus;
  throw new RotationError(
    'StreamBusy',
    `StreamName "${StreamName}" has been ${status} since ${BusySince} because of another operation; start the rotation again when nothing else changes the stream`,
  );
}

/** The plan of a rotation that finds another rotation's lease on the stream. */
function planBehind(
  lease: Lease,
  common: Omit<PlanCommon, 'Reason'>,
  facts: PlanningFacts,
): Plan {
  const { Request, Entry } = facts;
  if (Request.Mode === 'REVERT' && !isReturn(lease)) {
    return {
      ...common,
      BusySince: common.BusySince ?? new Date(facts.Now).toISOString(),
      Decision: 'STREAM_BUSY',
      Reason: `${lease.RotationId} holds the stream`,
    };
  }
  // An alias that is applied again: its earlier key is presumed, if it is unknown.
  const isAgain = lease.PreviousKeyId === lease.KeyId;
  const before: CurrentKey = {
    KeyId: lease.PreviousKeyId,
    KeyArn: lease.PreviousKeyArn ?? (isAgain ? lease.KeyArn : null),
  };
  const { KeyId, KeyArn } = keyBehind(lease, before, facts);
  return {
    ...common,
    KeyId,
    KeyArn,
    Decision: 'ROTATE',
    Reason: `${lease.RotationId} holds the stream`,
    PreviousKeyId: before.KeyId,
    PreviousKeyArn: before.KeyArn,
    LastAppliedAt: lastAppliedAt(Entry),
    KeepSlotForRollback: Request.KeepSlotForRollback,
    HeldBy: lease.RotationId,
    ...(Request.Mode === 'REVERT' && { IsReturn: true }),
    ...bakeOf(Request),
    ...rightsDeadline(KeyArn, facts),
  };
}

/** The key that a rotation asks for behind another: a REVERT the key of a return. */
function keyBehind(
  lease: Lease,
  before: CurrentKey,
  { Request, Keys, Stream }: PlanningFacts,
): ChosenKey {
  if (Request.Mode === 'REVERT') return lease;
  const from = Request.Mode === 'RESTORE' ? lease : before;
  const { region } = readStreamArn(Stream.StreamARN);
  return chooseKey(Request, Keys, from, region);
}

function planKey(
  common: Omit<PlanCommon, 'Reason'>,
  facts: PlanningFacts,
): KeyPlan {
  const { Request, Current, Stream, Entry } = facts;
  const region = readStreamArn(Stream.StreamARN).region;
  const chosen = appliedSince(facts) ?? chooseTarget(facts, region);
  const [Decision, Reason] = decide(chosen, Current, Request);
  const isRotate = Decision === 'ROTATE';
  const previous = isRotate ? previousKey(chosen, Current) : Current;
  const NoWayBack =
    isRotate && Request.OnVerificationFailed === 'ROLL_BACK'
      ? noWayBack(previous, facts.Former, region)
      : undefined;
  const KeyId = isRotate ? chosen.KeyId : (Current.KeyId ?? chosen.KeyId);
  const { StreamName } = Stream;
  const Warning = isRotate
    ? undefined
    : warningOf(Request, { StreamName, KeyId }, Reason);
  return {
    ...common,
    KeyId,
    KeyArn: chosen.KeyArn,
    Decision,
    Reason,
    PreviousKeyId: previous.KeyId,
    PreviousKeyArn: previous.KeyArn,
    LastAppliedAt: lastAppliedAt(Entry),
    // Writers may fail until the stream has returned, so a second slot is no reason to wait.
    KeepSlotForRollback: Request.KeepSlotForRollback && !chosen.IsReturn,
    ...(chosen.IsReturn && { IsReturn: true }),
    ...(NoWayBack && { NoWayBack }),
    ...(Warning && { Warning }),
    ...(isRotate && bakeOf(Request)),
    ...repointedFrom(chosen, Current),
    ...rightsDeadline(chosen.KeyArn, facts),
  };
}

function chooseTarget(facts: PlanningFacts, region: string): Target {
  const { Request, Keys, Current } = facts;
  if (Request.Mode !== 'REVERT') {
    return chooseKey(Request, Keys, Current, region);
  }
  return chooseRevert({
    ...facts,
    Last: lastAppliedTo(facts.Stream, facts.Entry),
    StartedAt: Date.parse(facts.StartedAt),
    region,
  });
}

function bakeOf(request: RotationRequest): Pick<KeyPlan, 'Bake'> {
  const Bake = bakePlan(request);
  return Bake ? { Bake } : {};
}

/**
 * Until when a denial may be a right that is not effective yet: the roles never wrote
 * to the stream, or the key is new. Elsewhere a denial is final at once, since
 * writers may be denied as well.
 */
function rightsDeadline(
  keyArn: string,
  { IsListed, Entry, Keys, Now }: PlanningFacts,
): Pick<KeyPlan, 'RightsDeadline'> {
  const key = Keys.find(({ Metadata }) => Metadata?.Arn === keyArn);
  const createdAt = key?.Metadata?.CreationDate?.getTime() ?? 0;
  const isYoung =
    Entry.VerifiedAt === undefined || Now < createdAt + YOUNG_KEY_MS;
  return IsListed && isYoung
    ? { RightsDeadline: wholeSecond(Now + RIGHTS_MS) }
    : {};
}

/**
 * The current key, where a key was applied since UnlessAppliedSince. The schedule's
 * clock may be ahead of the one that stamped the key, so a margin counts as since.
 */
function appliedSince({
  Request: { UnlessAppliedSince },
  Stream,
  Entry,
  Current: { KeyId, KeyArn },
}: PlanningFacts): Target | undefined {
  const last = lastAppliedTo(Stream, Entry);
  if (UnlessAppliedSince === undefined || last === undefined) return undefined;
  if (KeyId === null || KeyArn === null) return undefined;
  return last.AppliedAt >= Date.parse(UnlessAppliedSince) - CLOCK_MARGIN_MS
    ? { KeyId, KeyArn, AppliedAt: new Date(last.AppliedAt).toISOString() }
    : undefined;
}

/** A wait continues through every round that ended because of a busy stream. */
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
  common: Omit<PlanCommon, 'Reason'>,
  status: string,
): BusyPlan {
  if (status === 'DELETING') {
    throw new RotationError(
      'StreamBusy',
      `StreamName "${common.StreamName}" is DELETING; there is no stream to rotate`,
    );
  }
  return {
    ...common,
    Decision: 'STREAM_BUSY',
    Reason: `the stream is ${status} because of another operation`,
  };
}
