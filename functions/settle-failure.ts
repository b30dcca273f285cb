import type { Failure, Outcome } from '../shared/contract/outcome.ts';
import { parseRequest } from '../shared/contract/request.ts';
import {
  isExecutionEnded,
  parseExecutionEnded,
} from '../shared/events/execution-ended.ts';
import { isoTime } from '../shared/events/iso-time.ts';
import { streamOfExecution } from '../shared/identifiers/arn.ts';
import { quotaLedger } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import { measureOutcome } from '../shared/lambda/metrics.ts';
import { type Notifier, notifier } from '../shared/lambda/notifier.ts';
import type { QuotaLedger } from '../shared/ledger/quota-ledger.ts';
import { isUncaught, readFailure } from '../shared/rotation/failure.ts';
import { rollbackOutcome } from '../shared/rotation/rollback.ts';
import type { CaughtFailure, RotationState } from '../shared/rotation/state.ts';

interface Dependencies {
  ledger: QuotaLedger;
  notifier: Notifier;
}

/** What the state machine says when a rotation failed. */
export interface SettleFailureEvent {
  RotationId: string;
  /** ISO 8601. */
  StartedAt: string;
  /** The execution's input, whatever it is. */
  Request: unknown;
  /**
   * The state so far. PlanRotation's Catch leaves the bare failure, since there
   * is no state yet.
   */
  Progress: RotationState | CaughtFailure;
}

/**
 * Gives back what a failed rotation held: its lease, and a slot that AWS did
 * not count. Says what is left, keeps a record, and tells others. May be called
 * any number of times, also for a rotation that held nothing.
 *
 * Called by the state machine, and from outside it with Step Functions' event
 * of an execution that ended without success: one that was aborted or timed out
 * ran no Catch. What has been recorded by then is left as it is and is the
 * answer; as nobody knows whether an execution that was stopped had come to
 * tell it, it is told then, maybe for the second time.
 *
 * @throws LedgerContended, InvalidRequest for another event
 */
export function createSettleFailure({ ledger, notifier }: Dependencies) {
  return taskHandler(
    async (event: SettleFailureEvent | object): Promise<Outcome> => {
      const ended = readEvent(event);
      const { RotationId, StartedAt, Request, state, failure } = ended;
      logger.appendKeys({ RotationId });
      const plan = state?.Plan;
      const StreamARN =
        plan?.StreamARN ?? streamOfExecution(Request, RotationId);
      const outcome: Failure = {
        Status: 'FAILED',
        ...failure,
        RotationId,
        StartedAt,
        ...triggerOf(Request),
      };
      if (StreamARN === undefined) {
        // From outside it is told a second time: it can have held nothing. But
        // not where no Catch ran, and the event left its large input out.
        const isNewer = ended.isInside || isUncaught(failure);
        if (isNewer) await announce(outcome, notifier);
        return outcome;
      }

      // Describe has proved it: this one may be used again.
      const unused =
        state?.Failure?.Error === 'StartNotApplied' && state.Start?.SlotId;
      if (unused) await ledger.release(StreamARN, RotationId, unused, 'SEEN');
      const { Lease, SlotsSpent, Quota } = await ledger.settle(
        StreamARN,
        RotationId,
        state && appliedBy(state),
      );
      const planned = plan && 'KeyId' in plan ? plan : undefined;
      const key = planned?.Rollback ?? planned ?? Lease;
      const rollback = state && rollbackOutcome(state);
      Object.assign(outcome, {
        StreamName: StreamARN.split('/').at(-1),
        StreamARN,
        EncryptionType: 'KMS',
        ...(key && {
          KeyId: key.KeyId,
          KeyArn: key.KeyArn,
          PreviousKeyId: key.PreviousKeyId,
        }),
        ...(rollback && { Rollback: rollback }),
        ...(rollback?.Status === 'ROLLED_BACK' && { Outcome: 'ROLLED_BACK' }),
        SlotsSpent,
        Quota,
      });
      const recorded = await ledger
        .record(StreamARN, outcome, state ? 'IF_FAILED' : 'IF_NEW')
        .catch((error) => {
          // Why the rotation failed matters more than that its record did.
          logger.error('The outcome could not be recorded', { error });
          return outcome;
        });
      if (ended.isInside || recorded === outcome) {
        await announce(outcome, notifier);
        return outcome;
      }
      if (ended.wasStopped) await notifier.publish(recorded);
      return recorded;
    },
  );
}

interface Ended {
  RotationId: string;
  StartedAt: string;
  Request: unknown;
  failure: CaughtFailure;
  state?: RotationState;
  /** Whether the state machine itself says it. */
  isInside: boolean;
  /** Whether it was cut short, whatever it was doing. */
  wasStopped: boolean;
}

function readEvent(event: SettleFailureEvent | object): Ended {
  if (isExecutionEnded(event)) {
    const { Failure, WasStopped, ...ended } = parseExecutionEnded(event);
    return {
      ...ended,
      failure: readFailure(Failure),
      isInside: false,
      wasStopped: WasStopped,
    };
  }
  const { Progress, ...ended } = event as SettleFailureEvent;
  const state = 'Plan' in Progress ? Progress : undefined;
  const failure = readFailure(
    state ? failureOf(state) : (Progress as CaughtFailure),
  );
  return {
    ...ended,
    StartedAt: isoTime(ended.StartedAt),
    failure,
    ...(state && { state }),
    isInside: true,
    wasStopped: false,
  };
}

/** Why the rotation failed, which a rollback after it does not change. */
function failureOf({
  Plan,
  ProbeFailure,
  Failure,
}: RotationState): CaughtFailure | undefined {
  const refused = 'Rollback' in Plan ? Plan.Rollback?.Failure : undefined;
  return refused ?? ProbeFailure ?? Failure;
}

/** A key that a rollback brought back, though its Start was never answered. */
function appliedBy({ Plan, Description }: RotationState) {
  return 'Rollback' in Plan && Description?.ActiveAt !== undefined
    ? {
        KeyId: Plan.KeyId,
        KeyArn: Plan.KeyArn,
        AppliedAt: Date.parse(Description.ActiveAt),
      }
    : undefined;
}

function triggerOf(request: unknown): Pick<Failure, 'Trigger'> {
  try {
    const { Trigger } = parseRequest(request);
    return Trigger ? { Trigger } : {};
  } catch {
    return {};
  }
}

async function announce(outcome: Failure, notifier: Notifier): Promise<void> {
  logger.error('Rotation failed', {
    ErrorName: outcome.Error,
    Cause: outcome.Cause,
    Quota: outcome.Quota,
    Trigger: outcome.Trigger,
  });
  measureOutcome(outcome);
  await notifier.publish(outcome);
}

export const handler = createSettleFailure({
  ledger: quotaLedger(),
  notifier: notifier(),
});
