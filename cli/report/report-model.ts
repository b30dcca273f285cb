import type { Outcome } from '../../shared/contract/outcome.ts';
import { parseStreamArn } from '../../shared/identifiers/arn.ts';
import { currentKey, lastAppliedTo } from '../../shared/keys/current-key.ts';
import { detectDrift } from '../../shared/keys/drift.ts';
import { activeLease } from '../../shared/ledger/entry.ts';
import {
  type CloudTrailStart,
  externalStarts,
} from '../../shared/ledger/external-starts.ts';
import { type Quota, usage } from '../../shared/ledger/usage.ts';
import { type Timeliness, timeliness } from './due.ts';
import { ageSpan, type KeySpan, keyHistory, keyIdNow } from './key-history.ts';
import { type QuotaUse, quotaUse, slotsOf } from './quota-use.ts';
import type { ReportInput, StreamInput } from './report-input.ts';

/**
 * How a stream stands now, one of these for each:
 *
 * - `IN_RING`: under a key of its ring, and that key is usable
 * - `UNUSABLE`: under a key of its ring that cannot be used
 * - `OUTSIDE_RING`: under a key that is not in its ring
 * - `NO_RING`: encrypted, and not listed in rotations.yml
 * - `UNDECIDED`: encrypted, and KMS does not say whether the key is of the ring
 * - `NOT_ENCRYPTED`
 * - `UNSEEN`: Kinesis did not describe it
 */
const CONDITIONS = [
  'IN_RING',
  'UNUSABLE',
  'OUTSIDE_RING',
  'NO_RING',
  'UNDECIDED',
  'NOT_ENCRYPTED',
  'UNSEEN',
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** How a rotation ended, one of these for each record. */
const RESULTS = [
  'ROTATED',
  'UNCHANGED',
  'ALREADY_IN_PROGRESS',
  'ROLLED_BACK',
  'NOT_ROLLED_BACK',
  'FAILED',
] as const;
export type Result = (typeof RESULTS)[number];

/** What happened to a stream: a rotation, or an external start. */
export type Entry =
  | { Kind: 'ROTATION'; At: number; Result: Result; Outcome: Outcome }
  | { Kind: 'START_BY_OTHERS'; At: number; Start: CloudTrailStart };

export interface StreamModel {
  /** The id of its section in the page. */
  Anchor: string;
  StreamName: string;
  StreamARN: string;
  Condition: Condition;
  /** For people: why, as the end of a sentence that begins with the stream. */
  Reason: string;
  /** As Kinesis says it; null: not encrypted; undefined: not described. */
  KeyId: string | null | undefined;
  KeyArn: string | null;
  /** What the key's alias resolves to now, where that is another key. */
  MovedTo?: string;
  /** The span of the present, with how it is known since when. */
  Now: KeySpan;
  /** Since when the age of its key counts, where that is known. */
  Since: number | undefined;
  Timeliness: Timeliness;
  Schedule?: string;
  Timezone?: string;
  Ring: readonly string[];
  /** The rotation that holds the stream at this moment. */
  HeldBy?: string;
  Quota: Quota;
  Use: QuotaUse;
  /** Over the period, without gaps and without overlaps. */
  Spans: KeySpan[];
  /** In the period, newest first. */
  Entries: Entry[];
}

interface Summary {
  Streams: number;
  Conditions: Record<Condition, number>;
  Rotations: number;
  Results: Record<Result, number>;
  StartsByOthers: number;
  Timeliness: Record<Timeliness['Status'], number>;
  SlotsSpent: number;
}

export interface ReportModel
  extends Pick<
    ReportInput,
    | 'GeneratedAt'
    | 'From'
    | 'To'
    | 'Region'
    | 'Account'
    | 'Stage'
    | 'TableName'
    | 'Version'
  > {
  Summary: Summary;
  /** By name. */
  Streams: StreamModel[];
}

/** What a report says, as values. */
export function reportModel(input: ReportInput): ReportModel {
  const { Streams: _, ...header } = input;
  const Streams = input.Streams.toSorted((a, b) =>
    a.StreamName < b.StreamName ? -1 : 1,
  ).map((stream, at) => ({
    Anchor: `stream-${at + 1}`,
    ...streamModel(stream, input),
  }));
  return { ...header, Summary: summary(Streams), Streams };
}

function streamModel(
  stream: StreamInput,
  input: ReportInput,
): Omit<StreamModel, 'Anchor'> {
  const { StreamName, StreamARN, Entry, Listed, Now } = stream;
  const { GeneratedAt, From, To } = input;
  const spans = keyHistory(stream, GeneratedAt);
  const last = spans.at(-1) as KeySpan;
  const KeyId = keyIdNow(Now);
  const lastApplied = lastAppliedTo('Error' in Now ? {} : Now, Entry);
  const { KeyArn } = currentKey(KeyId ?? undefined, lastApplied, stream.KeyArn);
  const isMoved =
    KeyArn !== null && stream.KeyArn !== undefined && stream.KeyArn !== KeyArn;
  const age = ageSpan(spans);
  const isKnown =
    age !== undefined && age.Known !== 'SEEN' && age.Known !== 'BEFORE_RECORDS';
  const Since = isKnown ? age.From : undefined;
  const lease = activeLease(Entry, GeneratedAt);
  return {
    StreamName,
    StreamARN,
    ...condition(stream, KeyArn),
    KeyId,
    KeyArn,
    ...(isMoved && { MovedTo: stream.KeyArn }),
    Now: last,
    Since,
    Timeliness: KeyId
      ? timeliness(Listed, Since, age?.SeenAt, GeneratedAt)
      : ofNoKey(Listed?.Schedule, KeyId),
    ...(Listed?.Schedule !== undefined && { Schedule: Listed.Schedule }),
    ...(Listed?.Timezone !== undefined && { Timezone: Listed.Timezone }),
    Ring: Listed?.KeyIds ?? [],
    ...(lease && { HeldBy: lease.RotationId }),
    Quota: usage(Entry, GeneratedAt),
    Use: quotaUse(Entry, stream.History, From, To),
    Spans: clipSpans(spans, From, To),
    Entries: entries(stream, From, To),
  };
}

function ofNoKey(
  schedule: string | undefined,
  keyId: string | null | undefined,
): Timeliness {
  if (schedule === undefined) return { Status: 'NO_SCHEDULE' };
  const Reason =
    keyId === null
      ? 'the stream is not encrypted'
      : 'Kinesis did not say which key the stream has';
  return { Status: 'UNKNOWN', Reason };
}

function condition(
  { Now, Listed, Ring, StreamARN, StreamName }: StreamInput,
  keyArn: string | null,
): Pick<StreamModel, 'Condition' | 'Reason'> {
  if ('Error' in Now) {
    return {
      Condition: 'UNSEEN',
      Reason: `could not be looked at: ${Now.Error}: ${Now.Cause}`,
    };
  }
  const KeyId = keyIdNow(Now) ?? null;
  if (KeyId === null) {
    return { Condition: 'NOT_ENCRYPTED', Reason: 'is not encrypted' };
  }
  if (Listed === undefined) {
    return {
      Condition: 'NO_RING',
      Reason: `is encrypted; ${StreamName} is not listed in rotations.yml`,
    };
  }
  if (Ring === undefined) {
    return {
      Condition: 'UNDECIDED',
      Reason: 'is encrypted; KMS was not asked about its ring',
    };
  }
  const { region = '' } = parseStreamArn(StreamARN) ?? {};
  const { Drift, Reason } = detectDrift(
    Ring,
    { KeyId, KeyArn: keyArn },
    region,
  );
  if (Drift === 0) return { Condition: 'IN_RING', Reason };
  if (Drift === null) return { Condition: 'UNDECIDED', Reason };
  const isOfRing = Ring.some(({ Metadata }) => Metadata?.Arn === keyArn);
  return { Condition: isOfRing ? 'UNUSABLE' : 'OUTSIDE_RING', Reason };
}

function clipSpans(spans: KeySpan[], from: number, to: number): KeySpan[] {
  return spans
    .filter((span) => span.From < to && span.To > from)
    .map((span) => ({
      ...span,
      From: Math.max(span.From, from),
      To: Math.min(span.To, to),
    }));
}

function entries(
  { History, Entry }: StreamInput,
  from: number,
  to: number,
): Entry[] {
  const rotations = History.map(
    (outcome): Entry => ({
      Kind: 'ROTATION',
      At: Date.parse(outcome.StartedAt),
      Result: resultOf(outcome),
      Outcome: outcome,
    }),
  );
  const others = externalStarts(Entry).map(
    (start): Entry => ({
      Kind: 'START_BY_OTHERS',
      At: start.At,
      Start: start,
    }),
  );
  return [...rotations, ...others]
    .filter(({ At }) => At >= from && At <= to)
    .sort((a, b) => b.At - a.At);
}

function resultOf(outcome: Outcome): Result {
  if (outcome.Status === 'SUCCEEDED') return outcome.Outcome;
  if (outcome.Rollback === undefined) return 'FAILED';
  return outcome.Rollback.Status === 'ROLLED_BACK'
    ? 'ROLLED_BACK'
    : 'NOT_ROLLED_BACK';
}

function summary(streams: readonly StreamModel[]): Summary {
  const all = streams.flatMap(({ Entries }) => Entries);
  const rotations = all.filter((entry) => entry.Kind === 'ROTATION');
  return {
    Streams: streams.length,
    Conditions: counts(
      CONDITIONS,
      streams.map((stream) => stream.Condition),
    ),
    Rotations: rotations.length,
    Results: counts(
      RESULTS,
      rotations.map(({ Result }) => Result),
    ),
    StartsByOthers: all.length - rotations.length,
    Timeliness: counts(
      ['IN_TIME', 'OVERDUE', 'UNKNOWN', 'NO_SCHEDULE'],
      streams.map((stream) => stream.Timeliness.Status),
    ),
    SlotsSpent: rotations.reduce(
      (sum, { Outcome }) => sum + slotsOf(Outcome),
      0,
    ),
  };
}

function counts<Name extends string>(
  names: readonly Name[],
  found: readonly Name[],
): Record<Name, number> {
  return Object.fromEntries(
    names.map((name) => [name, found.filter((one) => one === name).length]),
  ) as Record<Name, number>;
}
