import { parse } from '@lukeed/ms';
import { InvalidArgumentError } from 'commander';

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
  const ago = /^\d/.test(text) ? parse(text) : undefined;
  if (ago !== undefined && !ISO.test(text)) return now - ago;
  // Date.parse takes a date alone as UTC.
  const time = ISO.test(text)
    ? Date.parse(text.length === 10 ? `${text}T00:00` : text)
    : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError(
    'Not a valid time. Expected ISO 8601 (2026-11-25, 2026-11-25T13:00Z) or a duration ago (90m, 24h, 7d).',
  );
}
