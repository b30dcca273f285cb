import type {
  Failure,
  Outcome,
  Success,
} from '../../shared/contract/outcome.ts';
import { namedArn } from '../../shared/identifiers/key-id.ts';
import {
  emptyEntry,
  type KeyPeriod,
  type LedgerEntry,
  type PeriodKey,
} from '../../shared/ledger/entry.ts';
import { externalStarts } from '../../shared/ledger/external-starts.ts';
import { openPeriod, recordSight } from '../../shared/ledger/key-periods.ts';
import { CLOCK_MARGIN_MS } from '../../shared/ledger/window.ts';
import {
  LEASE_MS,
  QUOTA_WAIT_MS,
  UPDATE_TIMEOUT_MS,
} from '../../shared/rotation/deadlines.ts';
import type { LedgerRecord, StreamLook } from './stream-facts.ts';

/** A key that a stream was under at a time, or may have been. */
interface KeyEvent {
  at: number;
  key: PeriodKey;
  /** Whether the stream was seen ACTIVE under it, and so under no other key. */
  isSeen: boolean;
}

const SHORTEST_RETENTION_HOURS = 24;

/** The record of a failure has the time of its start alone. */
const LONGEST_ROTATION_MS = QUOTA_WAIT_MS + LEASE_MS;

/**
 * The periods of a stream with the former keys that only its records of rotations know:
 * earlier versions kept no periods. A key counts as left when the stream was next known
 * to be under another one, and as needed for the longest retention that is known.
 *
 * @param look the stream now; undefined where it was not described
 */
export function withHistory(
  { entry, history }: LedgerRecord,
  look: StreamLook | undefined,
  now: number,
): readonly KeyPeriod[] {
  const { KeyPeriods = [], StreamARN } = entry;
  const created = look?.StreamCreationTimestamp?.getTime() ?? 0;
  const hours = Math.max(
    look?.RetentionPeriodHours ?? SHORTEST_RETENTION_HOURS,
    ...KeyPeriods.map(({ RetentionHours = 0 }) => RetentionHours),
    ...history.map(({ RetentionPeriodHours = 0 }) => RetentionPeriodHours),
  );
  const replayed = [...history.flatMap(eventsOf), ...eventsOfEntry(entry)]
    // Those of an earlier stream of the same name.
    .filter(({ at }) => at + CLOCK_MARGIN_MS >= created)
    .filter(({ at, isSeen }) => !isSeen || at <= now)
    .toSorted((a, b) => a.at - b.at)
    .reduce(
      (known, event) => replay(known, event, hours),
      emptyEntry(entry.StreamARN),
    );
  const { KeyPeriods: found = [] } = replayed;
  return [
    ...KeyPeriods,
    ...found.filter(
      (period) =>
        !KeyPeriods.some((known) => isSamePeriod(known, period, StreamARN)),
    ),
  ];
}

/** An alias alone may have been another key at another time. */
function isSamePeriod(
  known: KeyPeriod,
  found: KeyPeriod,
  streamArn: string,
): boolean {
  const arn = (period: KeyPeriod) =>
    period.KeyArn ?? namedArn(period.KeyId, streamArn);
  if (arn(found) !== undefined) return arn(known) === arn(found);
  const { LeftAt = Number.POSITIVE_INFINITY } = found;
  const isAtThatTime =
    known.From <= LeftAt &&
    found.From <= (known.LeftAt ?? Number.POSITIVE_INFINITY);
  return known.KeyId === found.KeyId && isAtThatTime;
}

function replay(
  entry: LedgerEntry,
  { at, key, isSeen }: KeyEvent,
  hours: number,
): LedgerEntry {
  const { KeyPeriods = [] } = entry;
  const Key = { ...key, ...knownArn(key, KeyPeriods) };
  if (!isSeen) {
    return { ...entry, KeyPeriods: openPeriod(KeyPeriods, Key, at) };
  }
  const sight = { Key, RetentionHours: hours, At: at };
  return recordSight(entry, sight).entry ?? entry;
}

/** Records name the previous key as it was submitted: that of its open period. */
function knownArn(
  { KeyId, KeyArn }: PeriodKey,
  periods: readonly KeyPeriod[],
): Pick<PeriodKey, 'KeyArn'> {
  if (KeyArn !== undefined) return { KeyArn };
  const open = periods.findLast(
    (period) => period.KeyId === KeyId && period.LeftAt === undefined,
  );
  return open?.KeyArn === undefined ? {} : { KeyArn: open.KeyArn };
}

const use = (key: PeriodKey, at: number): KeyEvent => ({
  at,
  key,
  isSeen: false,
});

const seen = (key: PeriodKey, time: string | null | undefined): KeyEvent[] =>
  time ? [{ at: Date.parse(time), key, isSeen: true }] : [];

const toKey = (KeyId: string, KeyArn: string | undefined): PeriodKey => ({
  KeyId,
  ...(KeyArn !== undefined && { KeyArn }),
});

/** What a record of a rotation shows. */
function eventsOf(outcome: Outcome): KeyEvent[] {
  const { KeyId, KeyArn, PreviousKeyId, RepointedFrom } = outcome;
  if (KeyId === undefined) return [];
  const key = toKey(KeyId, KeyArn);
  const previous = PreviousKeyId
    ? toKey(PreviousKeyId, PreviousKeyId === KeyId ? RepointedFrom : undefined)
    : undefined;
  return outcome.Status === 'SUCCEEDED'
    ? eventsOfSuccess(outcome, key, previous)
    : eventsOfFailure(outcome, key, previous);
}

function eventsOfSuccess(
  { Outcome, StartedAt, ActiveAt, VerifiedAt }: Success,
  key: PeriodKey,
  previous: PeriodKey | undefined,
): KeyEvent[] {
  if (Outcome === 'ALREADY_IN_PROGRESS') return [];
  if (Outcome === 'UNCHANGED') return seen(key, VerifiedAt);
  const started = Date.parse(StartedAt);
  // A rotation that waited found the previous key there in the end.
  const ended = ActiveAt === null ? started : Date.parse(ActiveAt);
  const before = previous ? [use(previous, started), use(previous, ended)] : [];
  return [...before, use(key, started), ...seen(key, ActiveAt)];
}

function eventsOfFailure(
  { StartedAt, SlotsSpent, Rollback }: Failure,
  key: PeriodKey,
  previous: PeriodKey | undefined,
): KeyEvent[] {
  const started = Date.parse(StartedAt);
  const before = previous ? [use(previous, started)] : [];
  if (!SlotsSpent) return before;
  const { Status, KeyId, KeyArn, ActiveAt } = Rollback ?? {};
  const applied = [...before, use(key, started)];
  return Status === 'ROLLED_BACK' && KeyId !== undefined && ActiveAt
    ? [...applied, ...seen(toKey(KeyId, KeyArn), ActiveAt)]
    : [...applied, use(key, started + LONGEST_ROTATION_MS)];
}

/** When the ledger knew the stream to be under a key of its periods. */
function eventsOfEntry(entry: LedgerEntry): KeyEvent[] {
  const { KeyPeriods, LastApplied } = entry;
  if (KeyPeriods !== undefined) {
    return KeyPeriods.map(({ From, IsSeen, KeyId, KeyArn }) => ({
      // The stream is under the key before while the update takes place.
      at: IsSeen ? From : From + UPDATE_TIMEOUT_MS,
      key: toKey(KeyId, KeyArn),
      isSeen: true,
    }));
  }
  const external = externalStarts(entry).map(({ KeyId, At }) =>
    use({ KeyId }, At),
  );
  if (LastApplied === undefined) return external;
  const { KeyId, KeyArn, AppliedAt } = LastApplied;
  return [...external, use(toKey(KeyId, KeyArn), AppliedAt)];
}
