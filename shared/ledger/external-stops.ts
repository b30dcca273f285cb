import {
  changeEntry,
  isNewer,
  type LedgerEntry,
  type ReportedStop,
  type Transition,
} from './entry.ts';
import { CLOCK_MARGIN_MS, REPORT_PRECISION_MS, SLOT_MS } from './window.ts';

/**
 * - `RECORDED`: the last change that the ledger knows of: the stream is under no key
 * - `SUPERSEDED`: recorded, and a later change is known
 * - `KNOWN`: recorded before
 * - `TOO_OLD`: the ledger may have recorded it and forgotten it
 */
export type ExternalStopStatus =
  | 'RECORDED'
  | 'SUPERSEDED'
  | 'KNOWN'
  | 'TOO_OLD';

/**
 * Records a Stop. This service makes none, so another principal did. Unless a later
 * change is known, no key is the last applied one any more, and every plan made before
 * it is stale. A Stop uses no slot: AWS has a quota of its own for it.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html
 */
export function recordExternalStop(
  entry: LedgerEntry,
  stop: ReportedStop,
  now: number,
): Transition<ExternalStopStatus> {
  const { Stops = [], LastApplied: _, ...unencrypted } = entry;
  if (!isInWindow(stop, now)) return { answer: 'TOO_OLD' };
  if (Stops.some(({ RequestId }) => RequestId === stop.RequestId)) {
    return { answer: 'KNOWN' };
  }
  // A time in the future would keep every plan stale until then.
  const At = Math.min(stop.At, now + CLOCK_MARGIN_MS);
  const isLast = isNewer(entry, At);
  const { RequestId, By } = stop;
  const kept = Stops.filter((one) => isInWindow(one, now));
  return {
    answer: isLast ? 'RECORDED' : 'SUPERSEDED',
    entry: changeEntry(isLast ? unencrypted : entry, {
      Stops: [...kept, { RequestId, At, By }],
    }),
  };
}

/** As long as the ledger knows an external start. */
function isInWindow({ At }: ReportedStop, now: number): boolean {
  return now < At + REPORT_PRECISION_MS + SLOT_MS;
}
