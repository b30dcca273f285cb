import { Cron } from 'croner';
import type { RotationsStream } from '../../shared/config/rotations-file.ts';
import { parseSchedule } from '../../shared/config/schedule.ts';
import { LEASE_MS } from '../../shared/rotation/deadlines.ts';

const MINUTE_MS = 60_000;
/** Occurrences that may fall, one after the other, into hours that do not exist. */
const TRIES = 5;

/**
 * When a stream that got its key at `since` is due for the next one, by its
 * schedule: a rate's period later, or at the next time of a cron expression. Null
 * for never; undefined where it cannot be computed.
 *
 * AWS skips a time in an hour that a change of clocks leaves out, and runs a time in
 * a repeated hour once.
 *
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function dueAfter(
  {
    Schedule,
    Timezone = 'UTC',
  }: Pick<RotationsStream, 'Schedule' | 'Timezone'>,
  since: number,
): number | null | undefined {
  try {
    const schedule = parseSchedule(Schedule);
    if ('RateMinutes' in schedule) {
      return since + schedule.RateMinutes * MINUTE_MS;
    }
    const cron = new Cron(`0 ${schedule.Cron}`, {
      timezone: Timezone,
      mode: '7-part',
      // 1 is Sunday, as AWS has it.
      alternativeWeekdays: true,
      // 5/15 is every 15 from 5 on.
      sloppyRanges: true,
      paused: true,
    });
    const next = cron.nextRuns(TRIES, new Date(since));
    const exists = next.find((at) => cron.match(at));
    return exists?.getTime() ?? (next.length === 0 ? null : undefined);
  } catch {
    return undefined;
  }
}

/** Whether a stream got its key in time, as its schedule wants it. */
export type Timeliness =
  | { Status: 'NO_SCHEDULE' }
  /** `DueAt` null: the schedule has no occurrence any more. */
  | { Status: 'IN_TIME'; DueAt: number | null }
  | { Status: 'OVERDUE'; DueAt: number }
  /** Why it is unknown, for people. */
  | { Status: 'UNKNOWN'; Reason: string };

/** How much later than due a rotation may be done without being late. */
export function toleranceMs({
  MaximumWindowInMinutes = 0,
}: Pick<RotationsStream, 'MaximumWindowInMinutes'>): number {
  return MaximumWindowInMinutes * MINUTE_MS + LEASE_MS;
}

/**
 * @param since when the stream got its key; undefined where that is unknown
 * @param seen the earliest time at which it had the key, where `since` is
 *   unknown: what is overdue from then on is overdue all the same
 */
export function timeliness(
  entry: RotationsStream | undefined,
  since: number | undefined,
  seen: number | undefined,
  now: number,
): Timeliness {
  if (entry?.Schedule === undefined) return { Status: 'NO_SCHEDULE' };
  const from = since ?? seen;
  if (from === undefined) {
    return {
      Status: 'UNKNOWN',
      Reason: 'it is unknown since when the stream has its key',
    };
  }
  const DueAt = dueAfter(entry, from);
  if (DueAt === undefined) {
    return {
      Status: 'UNKNOWN',
      Reason: 'the next time of this schedule cannot be computed',
    };
  }
  if (DueAt !== null && now > DueAt + toleranceMs(entry)) {
    return { Status: 'OVERDUE', DueAt };
  }
  return since === undefined
    ? {
        Status: 'UNKNOWN',
        Reason: 'the stream may have its key since before the records begin',
      }
    : { Status: 'IN_TIME', DueAt };
}
