import { isDeepStrictEqual } from 'node:util';
import type { Rule, Scope } from '../../../local/instruments/fault-proxy.ts';
import type { Outcome } from '../../../shared/contract/outcome.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import type { Laboratory } from './laboratory.ts';

/** What a rotation that met a fault came to. */
export interface Observed {
  /** The outcome; or the Error of a failure, and what became of a rollback. */
  Ends: string;
  /** Calls of StartStreamEncryption that Kinesis applied. */
  Starts: number;
  /** Slots that the ledger counts afterwards. */
  Slots: number;
  /** The key that the stream is left under. */
  Key: string;
  /** Whose lease is left. */
  Lease: string;
  /** What the record of the rotation is. */
  History: string;
  /** What the event bus was told last. */
  Event: string;
}

interface Experiment {
  /** The first is the fault; the others are what has to happen for it. */
  rules: readonly Rule[];
  /** Whether its rotation watches an alarm. */
  bakes?: boolean;
  /** Whether the execution is stopped once a function was killed. */
  isAbandoned?: boolean;
}

/** Rotates a stream of its own from one key to another. */
export async function runCell(
  laboratory: Laboratory,
  { rules, bakes, isAbandoned }: Experiment,
): Promise<Observed> {
  const specimen = await laboratory.newSpecimen();
  const { scope, time } = specimen;
  scope.rules.push(...rules);
  const { StreamName, KeyId } = specimen;
  const BakeAlarms = [`${StreamName}-errors`];
  const outcome = await specimen.rotate({
    ...(bakes && {
      request: { StreamName, KeyId, BakeMinutes: 2, BakeAlarms },
    }),
    ...(isAbandoned && { isAbandoned }),
  });
  if (outcome.Status === 'FAILED') {
    // What the rule on the execution's status change does, also after a
    // rotation that has settled itself.
    await specimen.settle(outcome, isAbandoned ? 'ABORTED' : 'FAILED');
  }
  scope.close();
  const [fault] = rules;
  if (fault && scope.met(fault) === 0) throw new Error('Nothing met it');
  const entry = await specimen.entry();
  const { Used, UsedByOthers = 0 } = usage(entry, Date.now() + time.ahead);
  const names = {
    [specimen.KeyId]: 'new',
    [specimen.PreviousKeyId]: 'previous',
    [specimen.PreviousKeyArn]: 'previous, by its ARN',
  };
  const key = await specimen.key();
  refuseDoubles(scope);
  return {
    Ends: endOf(outcome),
    Starts: scope.applied('StartStreamEncryption'),
    Slots: Used - UsedByOthers,
    Key: names[key] ?? key,
    Lease: entry.Lease?.RotationId ?? 'none',
    History: historyOf(await specimen.history(), outcome),
    Event: eventOf(scope, outcome),
  };
}

/** The outcome that was told last, and whether it is this one. */
function eventOf({ calls }: Scope, outcome: Outcome): string {
  const told = calls.findLast(
    ({ operation, status }) => operation === 'PutEvents' && status === 200,
  );
  if (told === undefined) return 'none';
  const [{ Detail = '' } = {}] = told.body.Entries as { Detail?: string }[];
  return compared(JSON.parse(Detail), outcome);
}

function compared(said: Record<string, unknown>, outcome: Outcome): string {
  return isDeepStrictEqual(said, JSON.parse(JSON.stringify(outcome)))
    ? 'as the outcome'
    : `${said.Error ?? said.Outcome}`;
}

/** A key that was applied is never applied again. */
function refuseDoubles({ calls }: Scope): void {
  const applied = calls
    .filter(({ operation }) => operation === 'StartStreamEncryption')
    .filter(({ status }) => status === 200)
    .map(({ body }) => body.KeyId);
  if (new Set(applied).size < applied.length) {
    throw new Error(`Applied twice: ${applied}`);
  }
}

function endOf(outcome: Outcome): string {
  if (outcome.Status === 'SUCCEEDED') return outcome.Outcome;
  const rollback = outcome.Rollback ? `, ${outcome.Rollback.Status}` : '';
  return `${outcome.Error}${rollback}`;
}

/** What the record says, and whether it is the outcome to the letter. */
function historyOf(
  records: readonly Record<string, unknown>[],
  outcome: Outcome,
): string {
  const [first, ...others] = records;
  if (first === undefined) return 'none';
  if (others.length > 0) return 'too many';
  const { Record: _, ExpiresAt: __, WriteId: ___, ...record } = first;
  return compared(record, outcome);
}
