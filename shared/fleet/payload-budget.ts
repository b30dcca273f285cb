import type { StreamOutcome } from './outcome.ts';

/**
 * What Step Functions hands from state to state, in bytes of JSON.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export const PAYLOAD_BYTES = 262_144;
/** Of them, what a fleet's outcome has besides its streams. */
const SUMMARY_BYTES = 16_384;
/**
 * Streams of a fleet. An execution has 25,000 events at most; each stream takes
 * 17 of them, and more when something is tried again.
 */
export const FLEET_STREAMS = 1_000;
/** Of a stream's outcome, besides its name and its details. */
export const OUTCOME_BYTES = 180;
/** Longest details, where there is room. */
const DETAIL_BYTES = 1_000;
/** Longest name of an error. */
const ERROR_BYTES = 64;

/** Bytes of JSON. */
export const bytesOf = (value: unknown): number =>
  Buffer.byteLength(JSON.stringify(value));

/**
 * Bytes that the details of every stream's outcome may have, so that those of
 * all fit into one payload. Negative when there is no room even without.
 */
export function detailBytes(streamNames: readonly string[]): number {
  const names = streamNames.reduce((sum, name) => sum + name.length, 0);
  const room = PAYLOAD_BYTES - SUMMARY_BYTES - names;
  const each = Math.floor(room / streamNames.length) - OUTCOME_BYTES;
  return Math.min(DETAIL_BYTES, each);
}

/** An outcome cut to its room: the key as a whole or not at all. */
export function fitOutcome(
  outcome: StreamOutcome,
  bytes: number,
): StreamOutcome {
  const fitting = { ...outcome };
  const { KeyId, Error: error, Cause } = outcome;
  if (KeyId !== undefined && bytesOf(KeyId) - 2 > bytes) delete fitting.KeyId;
  if (error !== undefined) fitting.Error = cut(error, ERROR_BYTES);
  if (Cause !== undefined) fitting.Cause = cut(Cause, bytes);
  return fitting;
}

function cut(text: string, bytes: number): string {
  if (bytesOf(text) - 2 <= bytes) return text;
  let start = text.slice(0, Math.max(0, bytes - 3));
  while (bytesOf(start) - 2 > Math.max(0, bytes - 3))
    start = start.slice(0, -1);
  return bytes < 3 ? '' : `${start.toWellFormed()}...`;
}
