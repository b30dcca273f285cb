/**
 * What the ledger knows of one stream. The other files of this folder hold the
 * transitions, as pure functions: no clock, no I/O. Times are milliseconds since
 * the epoch.
 *
 * Life of a slot:
 *
 *     reserve ──> RESERVED ──spend──> SPENT, unconfirmed ──confirm──> SPENT
 *                  ^    │                    │
 *                  │    └─settle─> gone      │ AWS definitely did not apply it
 *                  └─────────release─────────┘
 *
 * A slot is SPENT before StartStreamEncryption leaves the process, so that a
 * crash at any point leaves it counted. A slot is released only when AWS refused
 * the call, or when Describe proved that AWS never applied the key.
 */
import { CLOCK_MARGIN_MS } from './window.ts';

interface SlotBase {
  /** The entry's version when the slot was reserved; unique in an entry. */
  SlotId: number;
  /** ARN of the execution; of the caller for a Start outside the ledger. */
  RotationId: string;
  /** As submitted. */
  KeyId: string;
  /** The resolved key ARN, until AWS has answered. */
  KeyArn?: string;
  State: 'RESERVED' | 'SPENT';
  /** The latest moment at which AWS can have counted it. */
  StampedAt: number;
  /** AWS's id of the call; absent while AWS has not answered. */
  RequestId?: string;
  /** {@link lastAppliedAt} when it was spent. */
  SpentAfter?: number | null;
}

/** A slot that a rotation reserved. */
interface RotationSlot extends SlotBase {
  IsReported?: never;
}

/** The slot of a Start that the ledger knows from CloudTrail alone. */
export interface ReportedSlot extends SlotBase {
  State: 'SPENT';
  RequestId: string;
  IsReported: true;
}

export type Slot = RotationSlot | ReportedSlot;

export interface Lease {
  RotationId: string;
  /** When its execution started, ISO 8601. */
  StartedAt: string;
  ExpiresAt: number;
  /** Absent from leases that earlier versions took. */
  TakenAt?: number;
  KeyId: string;
  KeyArn: string;
  /** The key before the rotation; null for a stream that was not encrypted. */
  PreviousKeyId: string | null;
  PreviousKeyArn: string | null;
  /** Of a rollback. */
  RollsBack?: RolledBackKey;
  /** Of a REVERT that returns the stream to its previous key. */
  IsReturn?: true;
}

/** The key that a rollback leaves: the one that the rotation was asked for. */
interface RolledBackKey {
  KeyId: string;
  KeyArn: string;
  /** The key before it; null for a stream that was not encrypted. */
  PreviousKeyId: string | null;
}

export interface LastApplied {
  /** As submitted. */
  KeyId: string;
  /** The key ARN it resolved to; absent for a Start outside the ledger. */
  KeyArn?: string;
  AppliedAt: number;
  /**
   * The key that it replaced: null for a stream that was not encrypted; absent where
   * that is not known, and from entries that earlier versions wrote.
   */
  Previous?: { KeyId: string; KeyArn?: string } | null;
  /** Whether a rollback or a REVERT applied it, which no REVERT reverts. */
  IsReturn?: true;
}

/** A key of a stream, as it was submitted, and as it was resolved. */
export interface PeriodKey {
  KeyId: string;
  /** Absent while the resolved key ARN is unknown. */
  KeyArn?: string;
  /** KeyArn is what the alias resolved to later, rather than when it was applied. */
  IsPresumed?: true;
}

/**
 * A key that records of a stream are or were under. Times are milliseconds since the
 * epoch.
 *
 *     open ──another key is seen──> left ──its last record has expired──> over
 */
export interface KeyPeriod extends PeriodKey {
  /** When it was applied. */
  From: number;
  /** From is when it was first seen: it was applied earlier. */
  IsSeen?: true;
  /** When the stream was first seen ACTIVE under another key, or under none. */
  LeftAt?: number;
  /** The longest retention of the stream that was seen since it was left. */
  RetentionHours?: number;
  /** When its last record had expired, seen after that. */
  OverAt?: number;
}

/** A successful StopStreamEncryption, as CloudTrail reports it. */
export interface ReportedStop {
  /** AWS's id of the call. */
  RequestId: string;
  /** When AWS answered, to the whole second. */
  At: number;
  /** ARN of the caller, or name of the AWS service; `unknown` without either. */
  By: string;
}

/** A key that does not serve the records under it until they have expired. */
export interface KeyAtRisk {
  KeyArn: string;
  /** KMS's KeyState; `Expires` for imported material, `NotFound` for a deleted key. */
  State: string;
  /**
   * When KMS deletes it or its material, ISO 8601; `now` where no record can be read
   * already and no date is set. A key that is pending deletion decrypts nothing either.
   */
  Deadline: string;
}

/** What the last look at the needed keys of a stream found, while any is at risk. */
interface RiskMark {
  Keys: readonly KeyAtRisk[];
  /** Null where that is still to be done. */
  PublishedAt: number | null;
}

export interface LedgerEntry {
  StreamARN: string;
  /** Counts the writes; 0 for an entry that was never written. */
  Version: number;
  Slots: readonly Slot[];
  Lease?: Lease;
  /** Absent after a Stop: the stream is under no key then. */
  LastApplied?: LastApplied;
  /** The keys that records of the stream are or were under. */
  KeyPeriods?: readonly KeyPeriod[];
  /** Stops of the last 24 hours, and the last one. They use no slot. */
  Stops?: readonly ReportedStop[];
  /** Absent while no needed key is at risk. */
  AtRisk?: RiskMark;
  /** When a probe of this service first proved the stream's encryption. */
  VerifiedAt?: number;
  /**
   * AWS refused a Start although slots were left: callers outside the ledger
   * used them. The stream counts as exhausted until this time.
   */
  ExhaustedUntil?: number;
  /** Rotations that were stopped, of which a function may still run. */
  Stopped?: readonly StoppedRotation[];
}

/** Step Functions neither stops a function that runs nor waits for it. */
export interface StoppedRotation {
  RotationId: string;
  /** When the last of its functions has ended. */
  Until: number;
  /** What it held, for its record: another rotation may have settled it first. */
  Lease?: Lease;
}

/** What a rotation needs the lease and a slot for. */
export interface Claim {
  RotationId: string;
  StartedAt: string;
  KeyId: string;
  KeyArn: string;
  /** Null for a stream that is not encrypted. */
  PreviousKeyId: string | null;
  PreviousKeyArn: string | null;
  /** {@link lastAppliedAt} when the claim was planned. */
  LastAppliedAt: number | null;
  /**
   * The rotation that held the stream when the claim was planned. The plan
   * builds on what that rotation was about to do, so it ends with that lease.
   */
  HeldBy?: string;
  /** Whether to reserve a second slot, for the way back to the previous key. */
  KeepSlotForRollback?: boolean;
  RollsBack?: RolledBackKey;
  IsReturn?: true;
  /** How long the rotation may hold the stream. */
  LeaseMs: number;
}

/** A transition: the answer, and the entry to write if anything changed. */
export interface Transition<Answer> {
  answer: Answer;
  entry?: LedgerEntry;
}

export function emptyEntry(streamArn: string): LedgerEntry {
  return { StreamARN: streamArn, Version: 0, Slots: [] };
}

/** The next version of an entry. */
export function changeEntry(
  entry: LedgerEntry,
  changes: Partial<LedgerEntry>,
): LedgerEntry {
  return { ...entry, ...changes, Version: entry.Version + 1 };
}

/**
 * The lease, unless it has expired. Its holder stops trusting it at `ExpiresAt`;
 * all other rotations wait for the clock margin on top, so that two rotations
 * whose clocks differ never both believe that they hold the stream.
 */
export function activeLease(
  entry: LedgerEntry,
  now: number,
): Lease | undefined {
  const { Lease } = entry;
  return Lease && now < Lease.ExpiresAt + CLOCK_MARGIN_MS ? Lease : undefined;
}

/** Whether a rotation returns its stream to the key that it had before. */
export function isReturn({
  IsReturn,
  RollsBack,
}: Pick<Claim, 'IsReturn' | 'RollsBack'>): boolean {
  return IsReturn === true || RollsBack !== undefined;
}

/** The key that a rotation applies, with the one that it replaces. */
export function replacement(
  claim: Pick<
    Claim,
    | 'KeyId'
    | 'KeyArn'
    | 'PreviousKeyId'
    | 'PreviousKeyArn'
    | 'IsReturn'
    | 'RollsBack'
  >,
): Omit<LastApplied, 'AppliedAt'> {
  const { KeyId, KeyArn, PreviousKeyId, PreviousKeyArn } = claim;
  const Previous =
    PreviousKeyId === null
      ? null
      : {
          KeyId: PreviousKeyId,
          ...(PreviousKeyArn !== null && { KeyArn: PreviousKeyArn }),
        };
  return {
    KeyId,
    KeyArn,
    Previous,
    ...(isReturn(claim) && { IsReturn: true }),
  };
}

/**
 * When a key was last applied to the stream, or its encryption was last switched off;
 * null where the ledger knows of neither. A plan that is older is stale.
 */
export function lastAppliedAt({
  LastApplied,
  Stops = [],
}: LedgerEntry): number | null {
  const times = Stops.map(({ At }) => At);
  if (LastApplied !== undefined) times.push(LastApplied.AppliedAt);
  return times.length > 0 ? Math.max(...times) : null;
}

/** Whether a call comes after all that the ledger knows of. */
export function isNewer(entry: LedgerEntry, appliedAt: number): boolean {
  const known = lastAppliedAt(entry);
  return known === null || known < appliedAt;
}

/** Whether no other key was applied since the slot was spent. */
export function isLatest(entry: LedgerEntry, { SpentAfter }: Slot): boolean {
  return lastAppliedAt(entry) === SpentAfter;
}

/** The rotations that were stopped so recently that a function may still run. */
export function stoppedRotations(
  { Stopped = [] }: LedgerEntry,
  now: number,
): readonly StoppedRotation[] {
  return Stopped.filter(({ Until }) => now < Until);
}

export function isStopped(
  entry: LedgerEntry,
  rotationId: string,
  now: number,
): boolean {
  return stoppedRotations(entry, now).some(
    ({ RotationId }) => RotationId === rotationId,
  );
}
