/**
 * What the ledger knows of one stream, and every way in which that may
 * change, as values: no clock, no I/O. Times are milliseconds since the epoch.
 *
 * Life of a slot:
 *
 *     reserve ──> RESERVED ──spend──> SPENT, unconfirmed ──confirm──> SPENT
 *                  ^    │                    │
 *                  │    └─settle─> gone      │ AWS definitely did not apply it
 *                  └─────────release─────────┘
 *
 * A slot is SPENT before StartStreamEncryption leaves the process, so that a
 * crash at any point leaves it counted. Only what AWS refused, or what Describe
 * proved was never applied, is released.
 */

/** Applied keys that AWS allows a stream in a rolling 24 hours. */
export const QUOTA_LIMIT = 25;
const WINDOW_MS = 24 * 60 * 60 * 1000;
/** How far the clocks of two functions, or ours and AWS's, may be apart. */
export const CLOCK_MARGIN_MS = 60 * 1000;
/** How long a slot counts from its stamp. */
export const SLOT_MS = WINDOW_MS + CLOCK_MARGIN_MS;
/** How long AWS is believed that others used slots that nobody booked. */
export const EXHAUSTED_MS = 60 * 60 * 1000;

export interface Slot {
  /** The entry's version at which the slot was reserved; unique in an entry. */
  SlotId: number;
  /** Of a Start that is known from a report alone: the ARN of who made it. */
  RotationId: string;
  /** As submitted. */
  KeyId: string;
  State: 'RESERVED' | 'SPENT';
  /** The latest moment at which AWS can have counted it. */
  StampedAt: number;
  /** Of the StartStreamEncryption that AWS answered; absent while unknown. */
  RequestId?: string;
  /** Whether only CloudTrail has told of it. */
  IsReported?: true;
  /** {@link LastApplied.AppliedAt} when it was spent; null if none. */
  SpentAfter?: number | null;
}

export interface Lease {
  RotationId: string;
  /** When the execution that has it started, ISO 8601. */
  StartedAt: string;
  ExpiresAt: number;
  KeyId: string;
  KeyArn: string;
  /** What the stream had before; null when it was not encrypted. */
  PreviousKeyId: string | null;
  PreviousKeyArn: string | null;
}

export interface LastApplied {
  /** As submitted. */
  KeyId: string;
  /** What it resolved to then; absent where somebody else applied it. */
  KeyArn?: string;
  AppliedAt: number;
}

export interface LedgerEntry {
  StreamARN: string;
  /** Counts the writes; 0 for an entry that was never written. */
  Version: number;
  Slots: readonly Slot[];
  Lease?: Lease;
  LastApplied?: LastApplied;
  /**
   * AWS refused a Start although slots were left: others spent them, outside
   * the ledger. Until then the stream counts as exhausted.
   */
  ExhaustedUntil?: number;
}

/** How much of the quota is used, for people and for outcomes. */
export interface Quota {
  Limit: number;
  Used: number;
  Remaining: number;
  /** ISO 8601, to the whole second; null while a slot is free. */
  NextAvailableAt: string | null;
  /** Slots that AWS says others used; absent when there are none. */
  UsedByOthers?: number;
}

/** What a rotation asks a slot and the lease for. */
export interface Claim {
  RotationId: string;
  StartedAt: string;
  KeyId: string;
  KeyArn: string;
  /** Null for a stream that is not encrypted. */
  PreviousKeyId: string | null;
  PreviousKeyArn: string | null;
  /** {@link LastApplied.AppliedAt} when the claim was planned; null if none. */
  LastAppliedAt: number | null;
  /**
   * The rotation that held the stream when the claim was planned. What it was
   * going to do is part of the plan, so the plan ends with its lease.
   */
  HeldBy?: string;
  /** Whether to take a second slot with the first, to go back to what was. */
  KeepSlotForRollback?: boolean;
  /** How long the rotation may hold the stream. */
  LeaseMs: number;
}

export type Reservation =
  | { Status: 'GRANTED'; SlotId: number; LeaseExpiresAt: string }
  | { Status: 'QUOTA_EXHAUSTED'; NextAvailableAt: string; Quota: Quota }
  | { Status: 'IN_PROGRESS'; Lease: Lease }
  | { Status: 'STALE_PLAN' };

/** A transition: the answer, and the entry to write if anything changed. */
export interface Transition<Answer> {
  answer: Answer;
  entry?: LedgerEntry;
}

export function emptyEntry(streamArn: string): LedgerEntry {
  return { StreamARN: streamArn, Version: 0, Slots: [] };
}

/**
 * The lease, unless it ran out. Its holder stops trusting it at `ExpiresAt`;
 * everybody else waits for the clock margin on top, so that two rotations
 * with clocks apart never both believe that they hold the stream.
 */
export function activeLease(
  entry: LedgerEntry,
  now: number,
): Lease | undefined {
  const { Lease } = entry;
  return Lease && now < Lease.ExpiresAt + CLOCK_MARGIN_MS ? Lease : undefined;
}

/** CloudTrail tells the second in which AWS answered. */
const REPORT_PRECISION_MS = 1000;
/**
 * How long it may take from spending a slot to AWS's answer: 5 s for the ledger
 * to be written, and 10 for the call.
 */
export const ANSWER_MS = 15_000;
/** How far the stamp of a call that nobody answered may be from AWS's own. */
const UNANSWERED_MS = CLOCK_MARGIN_MS + ANSWER_MS;

/**
 * The calls of ours that nobody answered, each with the report of a Start that
 * may be it: of the same key, and near enough in time. The two stand for one
 * Start until the call is answered after all. Both are kept, so that it does
 * not matter in which order answers and reports come in.
 */
function reportsOf(slots: readonly Slot[]): Map<Slot, Slot> {
  const inTime = slots.toSorted((a, b) => a.StampedAt - b.StampedAt);
  const unanswered = inTime.filter(
    (slot) => slot.State === 'SPENT' && slot.RequestId === undefined,
  );
  const reports = new Map<Slot, Slot>();
  for (const report of inTime.filter((slot) => slot.IsReported)) {
    const call = unanswered.find(
      (slot) =>
        !reports.has(slot) &&
        slot.KeyId === report.KeyId &&
        Math.abs(slot.StampedAt - report.StampedAt) <= UNANSWERED_MS,
    );
    if (call) reports.set(call, report);
  }
  return reports;
}

/**
 * The Starts of which CloudTrail alone has told, other than those that stand
 * for a call of ours. They are known for as long as their slot is kept.
 */
export function externalStarts({ Slots }: LedgerEntry): CloudTrailStart[] {
  const ours = new Set(reportsOf(Slots).values());
  return Slots.filter((slot) => slot.IsReported && !ours.has(slot)).map(
    ({ RequestId = '', KeyId, StampedAt, RotationId }) => ({
      RequestId,
      KeyId,
      At: StampedAt - REPORT_PRECISION_MS,
      By: RotationId,
    }),
  );
}

/** The slots that are not yet out of the window; a call goes with its report. */
function inWindow(slots: readonly Slot[], now: number): Slot[] {
  const reports = reportsOf(slots);
  return slots.filter(
    (slot) => now < (reports.get(slot) ?? slot).StampedAt + SLOT_MS,
  );
}

/**
 * The slots that matter now: in the window, and of the RESERVED ones only those
 * whose rotation still has the lease, since nobody else can ever spend them.
 */
function currentSlots(entry: LedgerEntry, now: number): Slot[] {
  const holder = activeLease(entry, now)?.RotationId;
  return inWindow(entry.Slots, now).filter(
    (slot) => slot.State === 'SPENT' || slot.RotationId === holder,
  );
}

/** The slots that count now, each Start once. */
export function countedSlots(entry: LedgerEntry, now: number): Slot[] {
  const slots = currentSlots(entry, now);
  const reports = reportsOf(slots);
  return slots.filter((slot) => !reports.has(slot));
}

/** Up to the whole second, so that whoever wakes then finds the slot free. */
function isoSecond(ms: number): string {
  return new Date(Math.ceil(ms / 1000) * 1000).toISOString();
}

/** @param wanted how many slots are free at `NextAvailableAt` */
export function usage(entry: LedgerEntry, now: number, wanted = 1): Quota {
  const slots = countedSlots(entry, now);
  const frees = slots
    .map((slot) => slot.StampedAt + SLOT_MS)
    .sort((a, b) => a - b);
  const { ExhaustedUntil = 0 } = entry;
  const isExhausted = ExhaustedUntil > now;
  const others = isExhausted ? Math.max(0, QUOTA_LIMIT - slots.length) : 0;
  const Used = slots.length + others;
  const next = Math.max(
    isExhausted ? ExhaustedUntil : 0,
    frees[slots.length - QUOTA_LIMIT + wanted - 1] ?? 0,
  );
  return {
    Limit: QUOTA_LIMIT,
    Used,
    Remaining: Math.max(0, QUOTA_LIMIT - Used),
    NextAvailableAt: next === 0 ? null : isoSecond(next),
    ...(others > 0 && { UsedByOthers: others }),
  };
}

/**
 * Takes the lease and a slot for a rotation, or says why not. The same
 * rotation may ask again: its unused slot is stamped anew, and one that may
 * already have reached AWS is left alone.
 */
export function reserve(
  entry: LedgerEntry,
  claim: Claim,
  now: number,
): Transition<Reservation> {
  const lease = activeLease(entry, now);
  if (lease && lease.RotationId !== claim.RotationId) {
    return { answer: { Status: 'IN_PROGRESS', Lease: lease } };
  }
  const isSuperseded =
    claim.HeldBy !== undefined || lastAppliedAt(entry) !== claim.LastAppliedAt;
  if (isSuperseded) {
    return givenUp(entry, claim.RotationId, now, { Status: 'STALE_PLAN' });
  }
  const mine = countedSlots(entry, now).filter(
    (slot) =>
      slot.RotationId === claim.RotationId && slot.RequestId === undefined,
  );
  const attempted = mine.find(
    (slot) =>
      slot.State === 'SPENT' &&
      slot.KeyId === claim.KeyId &&
      isLatest(entry, slot),
  );
  const unused = mine.filter((slot) => slot.State === 'RESERVED');
  const others = currentSlots(entry, now).filter(
    (slot) => slot !== attempted && !unused.includes(slot),
  );
  const wanted = claim.KeepSlotForRollback ? 2 : 1;
  const quota = usage({ ...entry, Slots: others }, now, wanted);
  const hasRoom = quota.NextAvailableAt === null;
  if (!hasRoom && !attempted) {
    return givenUp(entry, claim.RotationId, now, {
      Status: 'QUOTA_EXHAUSTED',
      NextAvailableAt: quota.NextAvailableAt ?? '',
      Quota: quota,
    });
  }
  const reserved = (at: number): Slot => ({
    SlotId: unused[at]?.SlotId ?? entry.Version + 1 + at,
    RotationId: claim.RotationId,
    KeyId: claim.KeyId,
    State: 'RESERVED',
    StampedAt: now,
  });
  const slot = attempted ?? reserved(0);
  const spare = wanted === 2 && hasRoom ? [reserved(1)] : [];
  const ExpiresAt = now + claim.LeaseMs;
  // A write that takes two slots counts for two, so that no id comes twice.
  const before = { ...entry, Version: entry.Version + spare.length };
  return {
    answer: {
      Status: 'GRANTED',
      SlotId: slot.SlotId,
      LeaseExpiresAt: new Date(ExpiresAt).toISOString(),
    },
    entry: written(before, {
      Slots: [...others, slot, ...spare],
      Lease: {
        RotationId: claim.RotationId,
        StartedAt: claim.StartedAt,
        ExpiresAt,
        KeyId: claim.KeyId,
        KeyArn: claim.KeyArn,
        PreviousKeyId: claim.PreviousKeyId,
        PreviousKeyArn: claim.PreviousKeyArn,
      },
    }),
  };
}

export type Spending =
  | { Status: 'SPENT' | 'LEASE_LOST' }
  /** With AWS's request id, if AWS is known to have answered. */
  | { Status: 'ALREADY_SPENT'; StampedAt: number; RequestId?: string };

/**
 * Before the call: marks the slot as one that AWS may count.
 *
 * @param stampedAt the latest moment at which AWS can count the call: now plus
 *   the time after which the caller gives up waiting for its answer
 */
export function spend(
  entry: LedgerEntry,
  rotationId: string,
  slotId: number,
  now: number,
  stampedAt: number,
): Transition<Spending> {
  const { Lease } = entry;
  const slot = ownSlot(entry, rotationId, slotId);
  if (slot?.State === 'SPENT' && now < slot.StampedAt + SLOT_MS) {
    const { StampedAt, RequestId } = reportsOf(entry.Slots).get(slot) ?? slot;
    return {
      answer: {
        Status: 'ALREADY_SPENT',
        StampedAt,
        ...(RequestId !== undefined && { RequestId }),
      },
    };
  }
  const holds = Lease?.RotationId === rotationId && now < Lease.ExpiresAt;
  if (!holds || slot === undefined) return { answer: { Status: 'LEASE_LOST' } };
  return {
    answer: { Status: 'SPENT' },
    entry: written(entry, {
      Slots: replaced(entry, {
        ...slot,
        State: 'SPENT',
        StampedAt: stampedAt,
        SpentAfter: lastAppliedAt(entry),
      }),
    }),
  };
}

/**
 * After AWS answered that it took the call: stamps the slot with the time of
 * the answer, and remembers what the key resolved to. A report of the same call
 * is not needed any more. Proof that AWS applied a key also ends the belief that
 * others exhausted the quota.
 */
export function confirm(
  entry: LedgerEntry,
  rotationId: string,
  slotId: number,
  applied: LastApplied,
  requestId: string,
): Transition<boolean> {
  const slot = ownSlot(entry, rotationId, slotId);
  const { ExhaustedUntil: _, ...rest } = entry;
  const others = entry.Slots.filter(
    (other) =>
      other !== slot && !(other.IsReported && other.RequestId === requestId),
  );
  const confirmed: Slot = {
    SlotId: slotId,
    RotationId: rotationId,
    KeyId: applied.KeyId,
    State: 'SPENT',
    StampedAt: applied.AppliedAt,
    RequestId: requestId,
  };
  return {
    answer: slot !== undefined,
    entry: written(rest, {
      LastApplied: applied,
      Slots: [...others, confirmed],
    }),
  };
}

/**
 * How it is known that a key was not applied: AWS refused it, or the stream was
 * SEEN under the key that it had. Others may have brought it back to that one.
 */
export type Disproof = 'REFUSED' | 'SEEN';

/**
 * AWS definitely did not apply the key: the slot is RESERVED again, and the
 * rotation keeps the lease.
 */
export function release(
  entry: LedgerEntry,
  rotationId: string,
  slotId: number,
  disproof: Disproof,
): Transition<boolean> {
  const slot = ownSlot(entry, rotationId, slotId);
  if (slot?.State !== 'SPENT' || slot.RequestId !== undefined) {
    return { answer: false };
  }
  if (disproof === 'SEEN' && !isLatest(entry, slot)) return { answer: false };
  return {
    answer: true,
    entry: written(entry, {
      Slots: replaced(entry, { ...slot, State: 'RESERVED' }),
    }),
  };
}

/** What a rotation held when it was settled. */
export interface Settlement {
  /** The lease it still had; absent when there was nothing to give back. */
  Lease?: Lease;
  /** Slots of this rotation that stay, because AWS counts or may count them. */
  SlotsSpent: number;
  /** By whomever. */
  LastApplied?: LastApplied;
  Quota: Quota;
}

/**
 * Ends a rotation: gives back its lease and its unused slots.
 *
 * @param applied what Describe saw applied, for a Start that was never
 *   answered and so left no trace of its own
 */
export function settle(
  entry: LedgerEntry,
  rotationId: string,
  now: number,
  applied?: LastApplied,
): Transition<Settlement> {
  const { Lease, ...rest } = entry;
  const isHolder = Lease?.RotationId === rotationId;
  const Slots = entry.Slots.filter(
    (slot) => slot.RotationId !== rotationId || slot.State === 'SPENT',
  );
  const spent = Slots.filter((slot) => slot.RotationId === rotationId);
  const isNewer =
    applied !== undefined &&
    spent.every(
      ({ KeyId, RequestId }) =>
        KeyId !== applied.KeyId || RequestId === undefined,
    ) &&
    (entry.LastApplied?.AppliedAt ?? 0) < applied.AppliedAt;
  const changed = isHolder || isNewer || Slots.length < entry.Slots.length;
  const after = written(isHolder ? rest : entry, {
    Slots: inWindow(Slots, now),
    ...(isNewer && { LastApplied: applied }),
  });
  const { LastApplied } = after;
  return {
    answer: {
      ...(isHolder && { Lease }),
      SlotsSpent: spent.length,
      ...(LastApplied && { LastApplied }),
      Quota: usage(changed ? after : entry, now),
    },
    ...(changed && { entry: after }),
  };
}

/**
 * AWS kept refusing with LimitExceededException although the ledger had room:
 * gives back slot and lease, and takes the stream as exhausted until the next
 * slot of our own is free. Nobody knows when the others' are, so after an hour
 * at most AWS may be asked again: what it refuses costs nothing.
 */
export function exhaust(
  entry: LedgerEntry,
  rotationId: string,
  slotId: number,
  now: number,
): Transition<Quota> {
  const { Lease, ...rest } = entry;
  const Slots = currentSlots(entry, now).filter(
    (slot) => slot.RotationId !== rotationId || slot.SlotId !== slotId,
  );
  const firstFree = Math.min(
    ...Slots.map((slot) => slot.StampedAt + SLOT_MS),
    now + EXHAUSTED_MS,
  );
  const after = written(Lease?.RotationId === rotationId ? rest : entry, {
    Slots,
    ExhaustedUntil: firstFree,
  });
  return { answer: usage(after, now), entry: after };
}

/** A successful StartStreamEncryption, as CloudTrail reports it. */
export interface CloudTrailStart {
  /** AWS's id of the call. */
  RequestId: string;
  /** As submitted. */
  KeyId: string;
  /** When AWS answered, to the whole second. */
  At: number;
  /** ARN of who made the call. */
  By: string;
}

/**
 * - `RECORDED`: made outside the ledger, counted from now on
 * - `CONFIRMED`: the answer, long lost, to a Start of ours
 * - `KNOWN`: counted before
 * - `TOO_OLD`: AWS counts it no more
 */
export type ExternalStartStatus =
  | 'RECORDED'
  | 'CONFIRMED'
  | 'KNOWN'
  | 'TOO_OLD';

/**
 * Books a Start that somebody may have made outside the ledger. It gets a slot
 * of its own, unless its request id is known; a call of ours that nobody
 * answered is taken for the same Start as long as nothing else is known of it.
 * Should the report be of somebody else's after all, then AWS reports ours as
 * well, which is counted then: once every report is in, the count is right.
 *
 * Unless a later Start is known, this one is what was last applied, so a plan
 * made before it is stale.
 */
export function recordExternalStart(
  entry: LedgerEntry,
  start: CloudTrailStart,
  now: number,
): Transition<{ Outcome: ExternalStartStatus; Quota: Quota }> {
  const { RequestId, KeyId } = start;
  // A time to come would keep the slot, and every plan stale, until then.
  const At = Math.min(start.At, now + CLOCK_MARGIN_MS);
  const reported: Slot = {
    SlotId: entry.Version + 1,
    RotationId: start.By,
    KeyId,
    State: 'SPENT',
    StampedAt: At + REPORT_PRECISION_MS,
    RequestId,
    IsReported: true,
  };
  const answer = (Outcome: ExternalStartStatus, of: LedgerEntry) => ({
    Outcome,
    Quota: usage(of, now),
  });
  if (now >= reported.StampedAt + SLOT_MS) {
    return { answer: answer('TOO_OLD', entry) };
  }
  if (entry.Slots.some((slot) => slot.RequestId === RequestId)) {
    return { answer: answer('KNOWN', entry) };
  }
  const { Lease, LastApplied } = entry;
  const known = inWindow(entry.Slots, now);
  const Slots = [...known, reported];
  const isOurs = reportsOf(Slots).size > reportsOf(known).size;
  const isNewer = (LastApplied?.AppliedAt ?? 0) < At;
  const KeyArn = isOurs && Lease?.KeyId === KeyId ? Lease.KeyArn : undefined;
  const after = written(entry, {
    Slots,
    ...(isNewer && {
      LastApplied: {
        KeyId,
        ...(KeyArn !== undefined && { KeyArn }),
        AppliedAt: At,
      },
    }),
  });
  return {
    answer: answer(isOurs ? 'CONFIRMED' : 'RECORDED', after),
    entry: after,
  };
}

/** A refused rotation keeps nothing of what it may have held before. */
function givenUp(
  entry: LedgerEntry,
  rotationId: string,
  now: number,
  answer: Reservation,
): Transition<Reservation> {
  const { entry: after } = settle(entry, rotationId, now);
  return { answer, ...(after && { entry: after }) };
}

function lastAppliedAt({ LastApplied }: LedgerEntry): number | null {
  return LastApplied?.AppliedAt ?? null;
}

/** Whether no other key was applied since the slot was spent. */
function isLatest(entry: LedgerEntry, { SpentAfter }: Slot): boolean {
  return lastAppliedAt(entry) === SpentAfter;
}

function ownSlot(
  entry: LedgerEntry,
  rotationId: string,
  slotId: number,
): Slot | undefined {
  return entry.Slots.find(
    (slot) => slot.RotationId === rotationId && slot.SlotId === slotId,
  );
}

function replaced(entry: LedgerEntry, slot: Slot): Slot[] {
  return entry.Slots.map((other) =>
    other.SlotId === slot.SlotId ? slot : other,
  );
}

function written(
  entry: LedgerEntry,
  changes: Partial<LedgerEntry>,
): LedgerEntry {
  return { ...entry, ...changes, Version: entry.Version + 1 };
}
