import type { StreamSight } from '../ledger/key-periods.ts';
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
  { KeyId, KeyArn, IsPresumed }: CurrentKey,
  at: number,
): StreamSight | undefined {
  if (StreamStatus !== 'ACTIVE' || RetentionPeriodHours === undefined) return;
  return {
    ...(KeyId !== null && {
      Key: {
        KeyId,
        ...(KeyArn !== null && { KeyArn }),
        ...(IsPresumed && { IsPresumed }),
      },
    }),
    RetentionHours: RetentionPeriodHours,
    At: at,
    ...(StreamCreationTimestamp && {
      CreatedAt: StreamCreationTimestamp.getTime(),
    }),
  };
}
