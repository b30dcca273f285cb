import type { ListedStream } from '../config/swept-streams.ts';
import type { EncryptionCall } from '../events/cloudtrail-encryption.ts';
import { readStreamArn } from '../identifiers/arn.ts';
import {
  activeLease,
  type LedgerEntry,
  lastAppliedAt,
  type ReportedStop,
} from '../ledger/entry.ts';
import type { DriftFinding } from './drift.ts';

/** What a sweep looks at because of a call that CloudTrail reports. */
export interface ReportedSweep {
  /** One, or none where the call cannot have made a stream drift. */
  Streams: ListedStream[];
  /** When AWS answered the call, ISO 8601. */
  ScheduledTime: string;
  /** Absent for a Start. */
  Stop?: ReportedStop;
}

/**
 * The sweep that a reported call asks for. A Start of a key that the ring names, as
 * every rotation of the ring makes, asks for none.
 *
 * @param streams those of rotations.yml
 */
export function reportedSweep(
  call: EncryptionCall,
  streams: readonly ListedStream[],
  now: number,
): ReportedSweep {
  if (call.Status === 'REFUSED') {
    return { Streams: [], ScheduledTime: new Date(now).toISOString() };
  }
  const { streamName } = readStreamArn(call.StreamARN);
  const isStop = call.Call === 'StopStreamEncryption';
  const Streams = streams.filter(
    ({ StreamName, KeyIds }) =>
      StreamName === streamName && (isStop || !KeyIds.includes(call.KeyId)),
  );
  const ScheduledTime = new Date(call.At).toISOString();
  return { Streams, ScheduledTime, ...(isStop && { Stop: call }) };
}

/**
 * Adds to a finding what is known from the report of a Stop. No page says which key
 * Describe shows while Kinesis switches encryption off, so a stream that is not ACTIVE
 * counts as drifted. A RESTORE waits for it, and ends UNCHANGED where it finds a key of
 * the ring. A Stop before a later change of the key says nothing of the stream.
 *
 * @param status the stream's StreamStatus
 */
export function judgeStop<Finding extends DriftFinding>(
  finding: Finding,
  stop: ReportedStop | undefined,
  status: string,
  entry: LedgerEntry,
  now: number,
): Finding {
  if (stop === undefined || stop.At < (lastAppliedAt(entry) ?? 0)) {
    return finding;
  }
  const by = `${stop.By} called StopStreamEncryption at ${new Date(stop.At).toISOString()}`;
  if (finding.Drift === 1) {
    return { ...finding, Reason: `${finding.Reason}; ${by}` };
  }
  const isOurs = activeLease(entry, now) !== undefined;
  return status === 'ACTIVE' || isOurs
    ? finding
    : { ...finding, Drift: 1, Reason: `is ${status}; ${by}` };
}
