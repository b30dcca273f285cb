import type { KeyPeriod, LedgerEntry, PeriodKey } from '../ledger/entry.ts';
import {
  openPeriod,
  possiblePeriods,
  recordSight,
  type StreamSight,
} from '../ledger/key-periods.ts';
import type { DescribedStream } from '../lookup/describe-stream.ts';
import type { CurrentKey } from './key-ring.ts';

/**
 * What a look at a stream shows of its keys; undefined while its key changes.
 *
 * @param at when Describe had answered, in milliseconds since the epoch
 */
export function toSight(
  {
    StreamStatus,
    RetentionPeriodHours,
    StreamCreationTimestamp,
  }: Pick<
    DescribedStream,
    'StreamStatus' | 'RetentionPeriodHours' | 'StreamCreationTimestamp'
  >,
  current: CurrentKey,
  at: number,
): StreamSight | undefined {
  if (StreamStatus !== 'ACTIVE' || RetentionPeriodHours === undefined) return;
  const key = periodKey(current);
  return {
    ...(key && { Key: key }),
    RetentionHours: RetentionPeriodHours,
    At: at,
    ...(StreamCreationTimestamp && {
      CreatedAt: StreamCreationTimestamp.getTime(),
    }),
  };
}

/** The periods of a ledger entry with what a look at its stream adds. */
export function periodsAtLook(
  entry: LedgerEntry,
  stream: Parameters<typeof toSight>[0],
  current: CurrentKey,
  at: number,
): readonly KeyPeriod[] {
  const sight = toSight(stream, current, at);
  if (sight === undefined) return periodsOfChange(entry, current, at);
  const { KeyPeriods = [] } = recordSight(entry, sight).entry ?? entry;
  return KeyPeriods;
}

/** The same for a stream that is changing: the key that it shows may be either. */
export function periodsOfChange(
  { KeyPeriods = [], Slots }: LedgerEntry,
  current: CurrentKey,
  at: number,
): readonly KeyPeriod[] {
  const periods = possiblePeriods(KeyPeriods, Slots);
  const key = periodKey(current);
  return key ? openPeriod(periods, key, at, true) : periods;
}

function periodKey({
  KeyId,
  KeyArn,
  IsPresumed,
}: CurrentKey): PeriodKey | undefined {
  if (KeyId === null) return undefined;
  return {
    KeyId,
    ...(KeyArn !== null && { KeyArn }),
    ...(IsPresumed && { IsPresumed }),
  };
}
