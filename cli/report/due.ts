import { Cron } from 'croner';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { parseSchedule } from '../../shared/config/schedule.ts';
import { LEASE_MS } from '../../shared/rotation/deadlines.ts';

const MINUTE_MS = 60_000;
/** Consecutive occurrences that may fall into hours that do not exist. */
const TRIES = 5;

/**
 * When a stream that got its key at `since` is due for the next one: a rate's
 * period later, or at the next time of a cron expression. Null for a schedule
 * that has ended; undefined where the time cannot be computed.
 *
 * AWS skips a time in an hour that a change of clocks leaves out, and runs a
 * time in a repeated hour once.
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
      // 1 is Sunday, as in AWS.
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

/** Whether a stream got its key on time, by its schedule. */
export type Timeliness =
  | { status: 'NO_SCHEDULE' }
  /** `dueAt` is null for a schedule that has ended. */
  | { status: 'ON_TIME'; dueAt: number | null }
  | { status: 'OVERDUE'; dueAt: number }
  /** `reason` is for people. */
  | { status: 'UNKNOWN'; reason: string };

/** How long after its due time a rotation still counts as on time. */
export function toleranceMs({
  MaximumWindowInMinutes = 0,
}: Pick<RotationsStream, 'MaximumWindowInMinutes'>): number {
  return MaximumWindowInMinutes * MINUTE_MS + LEASE_MS;
}

/**
 * @param since when the stream got its key; undefined where that is unknown
 * @param seenAt the earliest time at which it had the key, where `since` is
 *   unknown: a key that is overdue since then is overdue in any case
 */
export function timeliness(
  listed: RotationsStream | undefined,
  since: number | undefined,
  seenAt: number | undefined,
  now: number,
): Timeliness {
  if (listed?.Schedule === undefined) return { status: 'NO_SCHEDULE' };
  const from = since ?? seenAt;
  if (from === undefined) {
    return unknown('no record shows when the stream got its key');
  }
  const dueAt = dueAfter(listed, from);
  if (dueAt === undefined) {
    return unknown('the next time of this schedule cannot be computed');
  }
  if (dueAt !== null && now > dueAt + toleranceMs(listed)) {
    return { status: 'OVERDUE', dueAt };
  }
  return since === undefined
    ? unknown('the stream may have its key since before the records begin')
    : { status: 'ON_TIME', dueAt };
}

const unknown = (reason: string): Timeliness => ({ status: 'UNKNOWN', reason });
