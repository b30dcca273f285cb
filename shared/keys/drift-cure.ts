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
 * A ring of one alias has one key to restore. Where a rotation rolled back from that
 * key, whatever started it, the next RESTORE is due after six hours: each one moves the
 * stream to a key that refused the probe.
 *
 * @param history the outcomes of the stream's rotations, newest first
 * @param alarmName that of the drift alarm, by which RESTOREs of sweeps are known
 * @param onlyKeyArn the key ARN to which the alias of a ring of one resolves
 * @param now milliseconds since the epoch
 */
export async function decideDriftCure(
  entry: LedgerEntry,
  history: AsyncIterable<Outcome>,
  alarmName: string,
  onlyKeyArn: string | undefined,
  now: number,
): Promise<DriftCure> {
  const lease = activeLease(entry, now);
  if (lease) return { Waits: `${lease.RotationId} holds the stream` };
  const { NextAvailableAt } = usage(entry, now);
  if (NextAvailableAt !== null) {
    return { Waits: `no slot is free before ${NextAvailableAt}` };
  }
  const { failures, lastAt, isRefused } = await countFailures(
    history,
    alarmName,
    onlyKeyArn,
  );
  if (failures === 0) return { Attempt: 1 };
  const dueAt = lastAt + (isRefused ? LONGEST_WAIT_MS : waitMs(failures));
  if (now >= dueAt) return { Attempt: failures + 1 };
  const why = isRefused
    ? `a rotation rolled back from ${onlyKeyArn}; correct its key policy and start a rotation, or point the alias at another key`
    : `a RESTORE failed ${failures} time${failures === 1 ? '' : 's'}`;
  return {
    Waits: `${why}; the next one is due at ${new Date(dueAt).toISOString()}`,
  };
}

/** The latest failures that count, when the last one started, and whether one rolled back. */
async function countFailures(
  history: AsyncIterable<Outcome>,
  alarmName: string,
  onlyKeyArn: string | undefined,
): Promise<{ failures: number; lastAt: number; isRefused: boolean }> {
  let failures = 0;
  let lastAt = 0;
  for await (const outcome of history) {
    if (outcome.Status !== 'FAILED') break;
    const isRefused =
      onlyKeyArn !== undefined &&
      outcome.Outcome === 'ROLLED_BACK' &&
      outcome.KeyArn === onlyKeyArn;
    if (!isRefused && outcome.Trigger?.AlarmName !== alarmName) break;
    lastAt ||= Date.parse(outcome.StartedAt);
    failures++;
    if (isRefused) return { failures, lastAt, isRefused };
    if (waitMs(failures) === LONGEST_WAIT_MS) break;
  }
  return { failures, lastAt, isRefused: false };
}

function waitMs(failures: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
}
