import { createRequire } from 'node:module';
import { Cron } from 'croner';
import { quote } from '../errors/text.ts';
import { QUOTA_LIMIT } from '../ledger/window.ts';

const RATE = /^rate\((?<value>\d+) (?<unit>minute|hour|day)(?<plural>s?)\)$/;
const CRON = /^cron\((?<expression>[^()]*)\)$/;
const MINUTES = { minute: 1, hour: 60, day: 1440 };
const CENTURY_MINUTES = 100 * 366 * MINUTES.day;

/**
 * CommonJS, whose default export every loader finds elsewhere. Loading it takes
 * longer than the rest of rotations.yml, which seldom needs it.
 */
const cronValidate = () =>
  createRequire(import.meta.url)(
    'cron-validate',
  ) as typeof import('cron-validate');

/** What a schedule expression says. */
export type Schedule =
  | { RateMinutes: number }
  /** Minutes, hours, day of month, month, day of week and year. */
  | { Cron: string };

/**
 * Reads a schedule expression: `rate(90 days)` or `cron(0 3 1 * ? *)`.
 *
 * @throws {Error} naming the field and the value, and what would be right
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function parseSchedule(schedule: unknown): Schedule {
  if (typeof schedule !== 'string') {
    throw new Error(
      `Schedule ${quote(schedule)} is not text; expected rate(90 days) or cron(0 3 1 * ? *)`,
    );
  }
  const rate = RATE.exec(schedule)?.groups;
  if (rate) {
    const value = Number(rate.value);
    const unit = rate.unit as keyof typeof MINUTES;
    const reason = badRate(value, unit, rate.plural !== '');
    if (reason) throw new Error(`Schedule ${quote(schedule)} ${reason}`);
    return { RateMinutes: value * MINUTES[unit] };
  }
  const cron = CRON.exec(schedule)?.groups;
  if (schedule.startsWith('at(')) {
    throw new Error(
      `Schedule ${quote(schedule)} is one time, and a rotation repeats; give cron(minutes hours day month ? year) for one time of one year, or rotate by hand then`,
    );
  }
  if (cron === undefined) {
    throw new Error(
      `Schedule ${quote(schedule)} is neither rate(90 days) nor cron(0 3 1 * ? *)`,
    );
  }
  const { expression = '' } = cron;
  const [, , dayOfMonth, , dayOfWeek] = expression.split(' ');
  if (dayOfWeek !== undefined && (dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw new Error(
      `Schedule ${quote(schedule)} must give either a day of the month or a day of the week, and ? for the other`,
    );
  }
  const result = cronValidate().default(expression, {
    preset: 'aws-cloud-watch',
  });
  if (result.isError()) {
    const [reason = ''] = result.getError();
    throw new Error(
      `Schedule ${quote(schedule)} is not a cron expression of minutes, hours, day of month, month, day of week and year: ${reason.replace(/ \(Input cron: .*\)$/, '')}`,
    );
  }
  const [minutes = '', hours = ''] = expression.split(' ');
  const reason = tooOften(countOf(minutes, 60) * countOf(hours, 24));
  if (reason) throw new Error(`Schedule ${quote(schedule)} ${reason}`);
  if (!hasTimeAfter(expression, new Date(0))) {
    throw new Error(
      `Schedule ${quote(schedule)} never fires: no year has such a day`,
    );
  }
  return { Cron: expression };
}

/** True also for an expression whose times cannot be computed. */
function hasTimeAfter(expression: string, from: Date): boolean {
  try {
    const cron = new Cron(`0 ${expression}`, {
      mode: '7-part',
      // 1 is Sunday, as in AWS.
      alternativeWeekdays: true,
      // 5/15 is every 15 from 5 on.
      sloppyRanges: true,
      paused: true,
      timezone: 'UTC',
    });
    return cron.nextRun(from) !== null;
  } catch {
    return true;
  }
}

function badRate(
  value: number,
  unit: keyof typeof MINUTES,
  isPlural: boolean,
): string | undefined {
  if (value < 1) return 'is not positive';
  if (value * MINUTES[unit] > CENTURY_MINUTES) {
    return 'is longer than a century';
  }
  if ((value === 1) === isPlural) {
    return `is not how Scheduler spells it; write rate(${value} ${unit}${value === 1 ? '' : 's'})`;
  }
  return tooOften(MINUTES.day / (value * MINUTES[unit]));
}

function tooOften(perDay: number): string | undefined {
  return perDay > QUOTA_LIMIT
    ? `would apply ${Math.floor(perDay)} keys in 24 hours; AWS allows ${QUOTA_LIMIT}`
    : undefined;
}

/** How many of 0 to `size` - 1 a field of minutes or hours names. */
function countOf(field: string, size: number): number {
  const named = field.split(',').flatMap((part) => {
    const [range = '', step] = part.split('/');
    const [from = '', to] =
      range === '*' ? ['0', `${size - 1}`] : range.split('-');
    const last = Number(to ?? (step === undefined ? from : size - 1));
    return Array.from(
      { length: Math.ceil((last - Number(from) + 1) / Number(step ?? 1)) },
      (_, at) => Number(from) + at * Number(step ?? 1),
    );
  });
  return new Set(named).size;
}
