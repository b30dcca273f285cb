import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { EventBridgeEvent } from '../../local/events/triggers.ts';
import { givenPath } from '../../shared/config/shown-path.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { isObject } from '../../shared/json.ts';

/** What every event has, and what is needed to match it. */
const TEXT_FIELDS = ['source', 'detail-type', 'account', 'region'] as const;

/**
 * Reads an EventBridge event from a file, or from stdin for `-`.
 *
 * @param signal ends the wait for stdin
 * @throws {RotationError} InvalidRequest naming the file and what is wrong
 */
export async function readEvent(
  file: string,
  signal: AbortSignal,
): Promise<EventBridgeEvent> {
  const where = `--event ${quote(file)}`;
  const json = await readInput(file, signal).catch((error: Error) => {
    signal.throwIfAborted();
    throw invalid(`${where} cannot be read: ${error.message}`);
  });
  let event: unknown;
  try {
    event = JSON.parse(json);
    // Whatever handles it can go as deep as this can.
    JSON.stringify(event);
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw invalid(`${where} is not JSON that can be read: ${line}`);
  }
  if (!isObject(event)) {
    throw invalid(`${where} is not a JSON object with the fields of an event`);
  }
  for (const field of TEXT_FIELDS) {
    const value = event[field];
    if (typeof value === 'string' && value !== '') continue;
    throw invalid(
      value === undefined
        ? `${where} has no ${field}; an event as EventBridge delivers it has one`
        : `${where}: ${field} ${quote(value)} is not a string`,
    );
  }
  return event as unknown as EventBridgeEvent;
}

/** An event as if it had happened now, each time in the spelling it has. */
export function setEventTimes(
  event: EventBridgeEvent,
  now: Date,
): EventBridgeEvent {
  const precise = now.toISOString();
  const seconds = `${precise.slice(0, 19)}Z`;
  const copy = { ...event };
  if ('time' in copy) copy.time = seconds;
  if (!isObject(event.detail)) return copy;
  const detail = { ...event.detail };
  if ('eventTime' in detail) detail.eventTime = seconds;
  if (isObject(detail.state) && 'timestamp' in detail.state) {
    const timestamp = precise.replace('Z', '+0000');
    detail.state = { ...detail.state, timestamp };
  }
  return { ...copy, detail };
}

function readInput(file: string, signal: AbortSignal): Promise<string> {
  return file === '-'
    ? text(addAbortSignal(signal, process.stdin))
    : readFile(givenPath(file), 'utf8');
}

function invalid(message: string): RotationError {
  return new RotationError('InvalidRequest', message);
}
