import { slotsInWindow } from './counted-slots.ts';
import {
  changeEntry,
  isNewer,
  type LastApplied,
  type LedgerEntry,
  type ReportedSlot,
  replacement,
  type Transition,
} from './entry.ts';
import { appliedPeriod } from './key-periods.ts';
import { isReported, pairReports } from './pair-reports.ts';
import { type Quota, usage } from './usage.ts';
import { CLOCK_MARGIN_MS, REPORT_PRECISION_MS, SLOT_MS } from './window.ts';

/** A successful StartStreamEncryption, as CloudTrail reports it. */
export interface CloudTrailStart {
  /** AWS's id of the call. */
  RequestId: string;
  /** As submitted; `unknown` where CloudTrail does not name it. */
  KeyId: string;
  /** When AWS answered, to the whole second. */
  At: number;
  /** ARN of the caller, or name of the AWS service; `unknown` without either. */
  By: string;
}

/**
 * - `RECORDED`: made outside the ledger, counted from now on
 * - `CONFIRMED`: the lost answer to a Start of ours
 * - `KNOWN`: counted before
 * - `TOO_OLD`: AWS no longer counts it
 */
export type ExternalStartStatus =
  | 'RECORDED'
  | 'CONFIRMED'
  | 'KNOWN'
  | 'TOO_OLD';

/**
 * The Starts that the ledger knows from CloudTrail alone, without those that
 * are paired with a call of ours. The ledger knows them as long as it keeps
 * their slots.
 */
export function externalStarts({ Slots }: LedgerEntry): CloudTrailStart[] {
  const paired = new Set(pairReports(Slots).values());
  return Slots.filter(isReported)
    .filter((slot) => !paired.has(slot))
    .map(({ RequestId, KeyId, StampedAt, RotationId }) => ({
      RequestId,
      KeyId,
      At: StampedAt - REPORT_PRECISION_MS,
      By: RotationId,
    }));
}

/**
 * Records a Start that may come from outside the ledger. It gets a slot of its
 * own, unless its request id is known. Until more is known, an unanswered call
 * of ours counts as the same Start. If the report turns out to be of another
 * Start, AWS reports ours as well, and the ledger counts it then: once every
 * report is in, the count is right.
 *
 * Unless a later Start is known, this one becomes what was last applied, so a
 * plan made before it is stale.
 */
export function recordExternalStart(
  entry: LedgerEntry,
  start: CloudTrailStart,
  now: number,
): Transition<{ Outcome: ExternalStartStatus; Quota: Quota }> {
  const { RequestId, KeyId } = start;
  // A time in the future would keep the slot, and every plan stale, until then.
  const at = Math.min(start.At, now + CLOCK_MARGIN_MS);
  const report: ReportedSlot = {
    SlotId: entry.Version + 1,
    RotationId: start.By,
    KeyId,
    State: 'SPENT',
    StampedAt: at + REPORT_PRECISION_MS,
    RequestId,
    IsReported: true,
  };
  const toAnswer = (Outcome: ExternalStartStatus, of: LedgerEntry) => ({
    Outcome,
    Quota: usage(of, now),
  });
  if (now >= report.StampedAt + SLOT_MS) {
    return { answer: toAnswer('TOO_OLD', entry) };
  }
  if (entry.Slots.some((slot) => slot.RequestId === RequestId)) {
    return { answer: toAnswer('KNOWN', entry) };
  }
  const known = slotsInWindow(entry.Slots, now);
  const slots = [...known, report];
  const isOurs = pairReports(slots).size > pairReports(known).size;
  const applied = appliedKey(entry, KeyId, isOurs);
  const after = changeEntry(entry, {
    Slots: slots,
    KeyPeriods: appliedPeriod(entry.KeyPeriods ?? [], applied, at),
    ...(isNewer(entry, at) && {
      LastApplied: { ...applied, AppliedAt: at },
    }),
  });
  return {
    answer: toAnswer(isOurs ? 'CONFIRMED' : 'RECORDED', after),
    entry: after,
  };
}

/**
 * What a report says of the last applied key. A call of ours has the keys of its lease.
 * Without that lease it may have been a return, so the key before it stays unknown.
 */
function appliedKey(
  { Lease, LastApplied: former }: LedgerEntry,
  KeyId: string,
  isOurs: boolean,
): Omit<LastApplied, 'AppliedAt'> {
  if (isOurs) return Lease?.KeyId === KeyId ? replacement(Lease) : { KeyId };
  if (former === undefined) return { KeyId };
  const { KeyId: before, KeyArn } = former;
  return {
    KeyId,
    Previous: { KeyId: before, ...(KeyArn !== undefined && { KeyArn }) },
  };
}
