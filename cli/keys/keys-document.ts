import type { JudgedKey, KeysAnswer } from './judge-keys.ts';
import type { LastUsage } from './key-state.ts';
import type { KeyUse } from './key-uses.ts';

/**
 * A key as JSON, in the fields that docs/keys.md lists. Times are ISO 8601 in UTC; null
 * is unknown, or not over.
 */
export function keyDocument(key: JudgedKey) {
  const { KeyArn = null, verdict, neededUntil, unknown, state } = key;
  const { metadata, refusal, lastUsage } = state;
  return {
    KeyArn,
    KeyIds: key.keyIds,
    Verdict: verdict,
    NeededUntil: iso(neededUntil),
    SafeToRetireFrom: unknown.length === 0 ? iso(neededUntil) : null,
    Unknown: unknown,
    KeyState: metadata?.KeyState ?? null,
    KeyManager: metadata?.KeyManager ?? null,
    Origin: metadata?.Origin ?? null,
    DeletionDate: iso(metadata?.DeletionDate?.getTime()),
    ValidTo: iso(metadata?.ValidTo?.getTime()),
    ...(refusal !== undefined && { Refusal: refusal }),
    LastUsage: usageDocument(lastUsage),
    NamedBy: key.namedBy,
    Streams: key.uses.map(useDocument),
  };
}

function useDocument(use: KeyUse) {
  return {
    StreamName: use.StreamName,
    StreamARN: use.StreamARN,
    KeyId: use.KeyId,
    IsKeyArnKnown: use.KeyArn !== undefined && !use.IsPresumed,
    From: iso(use.From),
    IsSeen: use.IsSeen === true,
    LeftAt: iso(use.LeftAt),
    RetentionPeriodHours: use.RetentionHours ?? null,
    NeededUntil: iso(use.until),
  };
}

function usageDocument(usage: LastUsage) {
  const { status: Status } = usage;
  if (usage.status === 'NOT_KNOWN') return { Status, Reason: usage.reason };
  if (usage.status === 'NOT_SINCE') {
    return {
      Status,
      TrackingStartDate: iso(usage.since),
      IsWholeLife: usage.isWholeLife,
    };
  }
  return {
    Status,
    Timestamp: iso(usage.at),
    Operation: usage.operation,
    CloudTrailEventId: usage.eventId ?? null,
  };
}

/** What an answer covers, as JSON. */
export function coverageDocument({
  streams,
  notManaged,
  unknownRings,
}: KeysAnswer) {
  return {
    Streams: streams,
    NotManaged: notManaged,
    UnknownRings: unknownRings,
    NotCovered: NOT_COVERED,
  };
}

/** What no answer about keys covers, in sentences for people. */
export const NOT_COVERED = [
  'Other services and programs that use a key, and copies of the records: in S3, by Firehose, or in backups.',
  'Streams of other accounts and Regions, and principals with a KMS grant.',
  'What a stream was under before the ledger knew it, if rotations.yml does not name the key.',
  'To which keys an alias pointed before: a stream that the ledger does not know counts as under the present one.',
] as const;

/** Undefined for a time that is unknown or has no bound. */
function iso(at: number | undefined): string | null {
  return at !== undefined && Number.isFinite(at)
    ? new Date(at).toISOString()
    : null;
}
