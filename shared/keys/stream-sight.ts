import type { KeyPeriod, PeriodKey } from '../ledger/entry.ts';
import { openPeriod, type StreamSight } from '../ledger/key-periods.ts';
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

/** The periods with the key that a stream shows while it changes. */
export function withCurrent(
  periods: readonly KeyPeriod[],
  current: CurrentKey,
  at: number,
): readonly KeyPeriod[] {
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
