import type { Outcome } from '../contract/outcome.ts';
import { activeLease, type LedgerEntry } from '../ledger/entry.ts';
import { usage } from '../ledger/usage.ts';

const MINUTE_MS = 60_000;
/** After the first RESTORE that failed; twice as long after each further one. */
const FIRST_WAIT_MS = 10 * MINUTE_MS;
const LONGEST_WAIT_MS = 6 * 60 * MINUTE_MS;

/** A RESTORE to start, or why none is started now. */
export type DriftCure = { Attempt: number } | { Waits: string };

/**
 * Decides whether a sweep starts a RESTORE of a stream that it found drifted. A sweep
 * comes every few minutes, so a RESTORE that keeps failing is started less and less
 * often, at least every six hours.
 *
 * @param history the outcomes of the stream's rotations, newest first
 * @param alarmName that of the drift alarm, by which RESTOREs of sweeps are known
 * @param now milliseconds since the epoch
 */
export async function decideDriftCure(
  entry: LedgerEntry,
  history: AsyncIterable<Outcome>,
  alarmName: string,
  now: number,
): Promise<DriftCure> {
  const lease = activeLease(entry, now);
  if (lease) return { Waits: `${lease.RotationId} holds the stream` };
  const { NextAvailableAt } = usage(entry, now);
  if (NextAvailableAt !== null) {
    return { Waits: `no slot is free before ${NextAvailableAt}` };
  }
  let failures = 0;
  let lastAt = 0;
  for await (const { Status, Trigger, StartedAt } of history) {
    if (Status !== 'FAILED' || Trigger?.AlarmName !== alarmName) break;
    lastAt ||= Date.parse(StartedAt);
    failures++;
    if (waitMs(failures) === LONGEST_WAIT_MS) break;
  }
  const dueAt = failures === 0 ? now : lastAt + waitMs(failures);
  return now >= dueAt
    ? { Attempt: failures + 1 }
    : {
        Waits: `a RESTORE failed ${failures} time${failures === 1 ? '' : 's'}; the next one is due at ${new Date(dueAt).toISOString()}`,
      };
}

function waitMs(failures: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
}
