import type { ListedStream } from '../config/swept-streams.ts';
import { parseRequest, type RotationRequest } from '../contract/request.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { concernedStreams } from '../guard/concerned.ts';
import { fieldOf } from '../json.ts';
import { reportedSweep } from '../keys/reported-drift.ts';
import type { ReportedStop } from '../ledger/entry.ts';
import type { LedgerReader } from '../ledger/ledger-reader.ts';
import {
  isFromCloudTrail,
  parseEncryptionCall,
} from './cloudtrail-encryption.ts';
import { readKmsEvent } from './kms-event.ts';

/** A stream that a sweep looks at. */
export interface SweptRequest {
  request: RotationRequest;
  OnDrift: unknown;
}

/** A sweep, however the function was called. */
export interface DueSweep {
  streams: SweptRequest[];
  /** When it was due, in milliseconds since the epoch. */
  at: number;
  /** To which time its datapoints belong: an event may come late, a look is of now. */
  stamp: number;
  /** The call because of which it looks. */
  stop?: ReportedStop;
}

interface Facts {
  /** Those of rotations.yml, some of which an event concerns. */
  streams: () => readonly ListedStream[];
  /** The partition of ARNs in this Region. */
  partition: string;
  ledger: Pick<LedgerReader, 'read'>;
  now: () => number;
}

/**
 * Reads what a sweep is called with: the schedule's input,
 * `{"Streams": [{"StreamName", "KeyIds", ...}], "ScheduledTime"}`; an event about a key
 * of KMS, for the streams that may need that key; or CloudTrail's event of a call that
 * may have made a stream drift, for that stream.
 *
 * @throws {RotationError} InvalidRequest for another event
 */
export async function readSweep(
  input: unknown,
  facts: Facts,
): Promise<DueSweep> {
  const { streams, partition, ledger, now } = facts;
  const change = readKmsEvent(input);
  if (change !== undefined) {
    const concerned = await concernedStreams(streams(), change.KeyArn, ledger);
    return { ...sweepOf(concerned, change.Time, now), stamp: now() };
  }
  if (isFromCloudTrail(input)) {
    const call = parseEncryptionCall(input, partition);
    const { Streams, ScheduledTime, Stop } = reportedSweep(
      call,
      streams(),
      now(),
    );
    const sweep = sweepOf(Streams, ScheduledTime, now);
    return { ...sweep, stamp: now(), ...(Stop && { stop: Stop }) };
  }
  return sweepOf(
    fieldOf(input, 'Streams'),
    fieldOf(input, 'ScheduledTime'),
    now,
  );
}

function sweepOf(streams: unknown, time: unknown, now: () => number): DueSweep {
  const due = Date.parse(String(time));
  const at = Number.isNaN(due) ? now() : due;
  return { streams: readStreams(streams), at, stamp: at };
}

function readStreams(streams: unknown): SweptRequest[] {
  if (!Array.isArray(streams)) {
    throw new RotationError(
      'InvalidRequest',
      `Streams ${quote(streams)} is not a list of streams, each with StreamName and KeyIds`,
    );
  }
  return streams.map((stream: Record<string, unknown> | null) => {
    const { OnDrift, ...request } = stream ?? {};
    return { request: parseRequest({ ...request, Mode: 'RESTORE' }), OnDrift };
  });
}
