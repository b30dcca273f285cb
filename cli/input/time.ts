import { parse } from '@lukeed/ms';
import { InvalidArgumentError } from 'commander';
import { RotationError } from '../../shared/errors/errors.ts';

const AGO = /^\d+(\.\d+)?[mhdw]$/;
const ISO =
  /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Parses a time: ISO 8601, a date in the local time zone, or a duration ago
 * (`90m`, `24h`, `7d`, `4w`).
 *
 * @returns milliseconds since the epoch
 * @throws {InvalidArgumentError} for anything else
 */
export function parseTime(text: string, now = Date.now()): number {
  const ago = AGO.test(text) ? parse(text) : undefined;
  if (ago !== undefined) return now - ago;
  // Date.parse takes a date alone as UTC.
  const time =
    ISO.test(text) && isDate(text.slice(0, 10))
      ? Date.parse(text.length === 10 ? `${text}T00:00` : text)
      : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError(
    'Not a valid time. Expected ISO 8601 (2026-11-25, 2026-11-25T13:00Z) or a duration ago (90m, 24h, 7d, 4w).',
  );
}

/** Date.parse reads February 30 as March 2. */
function isDate(day: string): boolean {
  const time = Date.parse(`${day}T00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

/**
 * Refuses a period that ends before it begins, or that has not begun.
 *
 * @param now milliseconds since the epoch, like the others
 * @throws {RotationError} InvalidRequest
 */
export function checkPeriod(
  { since, until }: { since?: number; until?: number },
  now: number,
): void {
  const iso = (time: number) => new Date(time).toISOString();
  if (since !== undefined && since > now) {
    throw new RotationError(
      'InvalidRequest',
      `--since ${iso(since)} is in the future; give a time before ${iso(now)}`,
    );
  }
  if (since !== undefined && until !== undefined && since >= until) {
    throw new RotationError(
      'InvalidRequest',
      `--since ${iso(since)} is not before --until ${iso(until)}; exchange them`,
    );
  }
}
