import type { Outcome } from '../../shared/contract/outcome.ts';
import { detectDrift } from '../../shared/keys/drift.ts';
import type { CurrentKey } from '../../shared/keys/key-ring.ts';
import { activeLease, type ReportedStop } from '../../shared/ledger/entry.ts';
import {
  type CloudTrailStart,
  externalStarts,
} from '../../shared/ledger/external-starts.ts';
import { type Quota, usage } from '../../shared/ledger/usage.ts';
import { type Timeliness, timeliness } from './due.ts';
import {
  type KeyFacts,
  keyFacts,
  presentKey,
  ringLength,
} from './key-facts.ts';
import {
  ageSpan,
  isUnverified,
  type KeySpan,
  keyHistory,
} from './key-history.ts';
import { type QuotaUse, quotaUse, slotsOf } from './quota-use.ts';
import type { ReportHeader, ReportInput, StreamInput } from './report-input.ts';
import { describedKey } from './sightings.ts';

/**
 * The state of a stream now:
 *
 * - `IN_RING`: under a key of its ring, and that key is usable
 * - `UNUSABLE`: under a key of its ring that cannot be used
 * - `OUTSIDE_RING`: under a key that is not in its ring
 * - `NO_RING`: encrypted, and not listed in rotations.yml
 * - `UNDECIDED`: encrypted, and KMS does not show whether the key is in the ring
 * - `NOT_ENCRYPTED`
 * - `NOT_DESCRIBED`: Kinesis refused to describe it
 */
export type Condition =
  | 'IN_RING'
  | 'UNUSABLE'
  | 'OUTSIDE_RING'
  | 'NO_RING'
  | 'UNDECIDED'
  | 'NOT_ENCRYPTED'
  | 'NOT_DESCRIBED';

/** How a rotation ended. */
export type Result =
  | 'ROTATED'
  | 'UNCHANGED'
  | 'UNCHANGED_WITH_WARNING'
  | 'ALREADY_IN_PROGRESS'
  | 'ROLLED_BACK'
  | 'NOT_ROLLED_BACK'
  | 'FAILED';

/** A row of a stream's table: a rotation, an external start or an external stop. */
export type ReportRow =
  | { kind: 'ROTATION'; at: number; result: Result; outcome: Outcome }
  | { kind: 'EXTERNAL_START'; at: number; start: CloudTrailStart }
  | { kind: 'EXTERNAL_STOP'; at: number; stop: ReportedStop };

export interface StreamModel {
  /** The id of its section in the page. */
  anchor: string;
  StreamName: string;
  StreamARN: string;
  condition: Condition;
  /** For people: the predicate of a sentence whose subject is the stream. */
  reason: string;
  /** As Kinesis describes it; null: not encrypted; undefined: not described. */
  KeyId: string | null | undefined;
  KeyArn: string | null;
  /** The key ARN to which the key's alias resolves now, if it is another. */
  movedTo?: string;
  /** The span of the current key. */
  currentSpan: KeySpan;
  /** Whether the current key was applied, and no probe has proved it since. */
  isUnverified: boolean;
  /** Since when the age of its key counts, where that is known. */
  since: number | undefined;
  timeliness: Timeliness;
  schedule?: string;
  timezone?: string;
  ring: readonly string[];
  /** How many different keys the ring has; undefined without one. */
  ringLength: number | undefined;
  /** Those of the ring, and the present key if it is another. */
  keys: KeyFacts[];
  /** The rotation that holds the lease of the stream now. */
  heldBy?: string;
  quota: Quota;
  quotaUse: QuotaUse;
  /** Over the period, without gaps or overlaps. */
  spans: KeySpan[];
  /** In the period, newest first. */
  rows: ReportRow[];
}

interface Summary {
  streams: number;
  conditions: Counts<Condition>;
  rotations: number;
  results: Counts<Result>;
  externalStarts: number;
  externalStops: number;
  timeliness: Counts<Timeliness['status']>;
  slotsSpent: number;
}

/** A name that does not occur is absent. */
export type Counts<Name extends string> = Partial<Record<Name, number>>;

export interface ReportModel extends ReportHeader {
  summary: Summary;
  /** By name. */
  streams: StreamModel[];
}

/** Decides what a report shows, as values. */
export function reportModel(input: ReportInput): ReportModel {
  const streams = input.streams
    .toSorted((a, b) => (a.StreamName < b.StreamName ? -1 : 1))
    .map((stream, at) => ({
      anchor: `stream-${at + 1}`,
      ...streamModel(stream, input),
    }));
  return { ...input, summary: summarize(streams), streams };
}

function streamModel(
  stream: StreamInput,
  { generatedAt, from, to, region }: ReportHeader,
): Omit<StreamModel, 'anchor'> {
  const { StreamName, StreamARN, ledgerEntry, listed, description } = stream;
  const spans = keyHistory(stream, generatedAt);
  const currentSpan = spans.at(-1) as KeySpan;
  const KeyId = describedKey(description);
  const present = presentKey(stream);
  const { KeyArn } = present;
  const isMoved =
    KeyArn !== null && stream.KeyArn !== undefined && stream.KeyArn !== KeyArn;
  const age = ageSpan(spans);
  const isKnown =
    age !== undefined && age.known !== 'SEEN' && age.known !== 'BEFORE_RECORDS';
  const since = isKnown ? age.from : undefined;
  const lease = activeLease(ledgerEntry, generatedAt);
  return {
    StreamName,
    StreamARN,
    ...judge(stream, present, region),
    KeyId,
    KeyArn,
    ...(isMoved && { movedTo: stream.KeyArn }),
    currentSpan,
    isUnverified: isUnverified(currentSpan),
    since,
    timeliness: KeyId
      ? timeliness(listed, since, age?.seenAt, generatedAt)
      : timelinessWithoutKey(listed?.Schedule, KeyId),
    ...(listed?.Schedule !== undefined && { schedule: listed.Schedule }),
    ...(listed?.Timezone !== undefined && { timezone: listed.Timezone }),
    ring: listed?.KeyIds ?? [],
    ringLength: ringLength(stream),
    keys: keyFacts(stream, spans, since),
    ...(lease && { heldBy: lease.RotationId }),
    quota: usage(ledgerEntry, generatedAt),
    quotaUse: quotaUse(ledgerEntry, stream.history, from, to),
    spans: clipSpans(spans, from, to),
    rows: listRows(stream, from, to),
  };
}

function timelinessWithoutKey(
  schedule: string | undefined,
  keyId: string | null | undefined,
): Timeliness {
  if (schedule === undefined) return { status: 'NO_SCHEDULE' };
  const reason =
    keyId === null
      ? 'the stream is not encrypted'
      : 'Kinesis did not describe the stream';
  return { status: 'UNKNOWN', reason };
}

function judge(
  { description, listed, ring, StreamName }: StreamInput,
  present: CurrentKey,
  region: string,
): Pick<StreamModel, 'condition' | 'reason'> {
  if ('Error' in description) {
    const { Error: name, Cause } = description;
    const reason = `could not be described: ${name}: ${Cause}`;
    return { condition: 'NOT_DESCRIBED', reason };
  }
  const KeyId = describedKey(description) ?? null;
  if (KeyId === null) {
    return { condition: 'NOT_ENCRYPTED', reason: 'is not encrypted' };
  }
  if (listed === undefined) {
    const reason = `is encrypted; ${StreamName} is not listed in rotations.yml`;
    return { condition: 'NO_RING', reason };
  }
  if (ring === undefined) {
    const reason = 'is encrypted; KMS was not asked about its ring';
    return { condition: 'UNDECIDED', reason };
  }
  const drift = detectDrift(ring, present, region);
  const { Drift, Reason: reason } = drift;
  if (Drift === 0) return { condition: 'IN_RING', reason };
  if (Drift === null) return { condition: 'UNDECIDED', reason };
  const isInRing = ring.some(
    ({ Metadata }) => Metadata?.Arn === present.KeyArn,
  );
  return { condition: isInRing ? 'UNUSABLE' : 'OUTSIDE_RING', reason };
}

function clipSpans(spans: KeySpan[], from: number, to: number): KeySpan[] {
  return spans
    .filter((span) => span.from < to && span.to > Math.max(from, span.from))
    .map((span) => ({
      ...span,
      from: Math.max(span.from, from),
      to: Math.min(span.to, to),
    }));
}

function listRows(
  { history, ledgerEntry }: StreamInput,
  from: number,
  to: number,
): ReportRow[] {
  const rotations = history.map(
    (outcome): ReportRow => ({
      kind: 'ROTATION',
      at: Date.parse(outcome.StartedAt),
      result: resultOf(outcome),
      outcome,
    }),
  );
  const external = externalStarts(ledgerEntry).map(
    (start): ReportRow => ({ kind: 'EXTERNAL_START', at: start.At, start }),
  );
  const stops = (ledgerEntry.Stops ?? []).map(
    (stop): ReportRow => ({ kind: 'EXTERNAL_STOP', at: stop.At, stop }),
  );
  return [...rotations, ...external, ...stops]
    .filter(({ at }) => at >= from && at <= to)
    .sort((a, b) => b.at - a.at);
}

function resultOf(outcome: Outcome): Result {
  if (outcome.Status === 'SUCCEEDED') {
    return outcome.Warning ? 'UNCHANGED_WITH_WARNING' : outcome.Outcome;
  }
  if (outcome.Rollback === undefined) return 'FAILED';
  return outcome.Rollback.Status === 'ROLLED_BACK'
    ? 'ROLLED_BACK'
    : 'NOT_ROLLED_BACK';
}

function summarize(streams: readonly StreamModel[]): Summary {
  const rows = streams.flatMap((stream) => stream.rows);
  const rotations = rows.filter((row) => row.kind === 'ROTATION');
  return {
    streams: streams.length,
    conditions: count(streams.map(({ condition }) => condition)),
    rotations: rotations.length,
    results: count(rotations.map(({ result }) => result)),
    externalStarts: countKind(rows, 'EXTERNAL_START'),
    externalStops: countKind(rows, 'EXTERNAL_STOP'),
    timeliness: count(streams.map((stream) => stream.timeliness.status)),
    slotsSpent: rotations.reduce((sum, row) => sum + slotsOf(row.outcome), 0),
  };
}

/** How many rows are of a kind. */
export function countKind(
  rows: readonly ReportRow[],
  kind: ReportRow['kind'],
): number {
  return rows.filter((row) => row.kind === kind).length;
}

function count<Name extends string>(names: readonly Name[]): Counts<Name> {
  const counts: Counts<Name> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
