import { quotaLedger } from '../shared/clients.ts';
import { readFailure } from '../shared/failure.ts';
import { logger } from '../shared/logger.ts';
import { taskHandler } from '../shared/middleware.ts';
import type { Failure } from '../shared/outcome.ts';
import type { QuotaLedger } from '../shared/quota-ledger.ts';
import { parseRequest } from '../shared/request.ts';
import type { CaughtFailure, RotationState } from '../shared/rotation-state.ts';
import { streamOfExecution } from '../shared/stream-identity.ts';

interface Dependencies {
  ledger: QuotaLedger;
}

export interface SettleFailureEvent {
  RotationId: string;
  /** ISO 8601. */
  StartedAt: string;
  /** The execution's input, whatever it is. */
  Request: unknown;
  /**
   * From inside the state machine: the state so far. PlanRotation's Catch
   * leaves the bare failure, since there is no state yet.
   */
  Progress?: RotationState | CaughtFailure;
  /** From outside, for an execution that ran no Catch. */
  Failure?: CaughtFailure;
}

/**
 * Gives back what a failed rotation held: its lease, and a slot that AWS did
 * not count. Says what is left, and keeps a record. May be called any number
 * of times, also for a rotation that held nothing.
 *
 * @throws LedgerContended
 */
export function createSettleFailure({ ledger }: Dependencies) {
  return taskHandler(async (event: SettleFailureEvent): Promise<Failure> => {
    const { RotationId, StartedAt, Progress } = event;
    logger.appendKeys({ RotationId });
    const state = Progress && 'Plan' in Progress ? Progress : undefined;
    const plan = state?.Plan;
    const failure = readFailure(
      event.Failure ?? state?.Failure ?? (Progress as CaughtFailure),
    );
    const StreamARN =
      plan?.StreamARN ?? streamOfExecution(event.Request, RotationId);
    const outcome: Failure = {
      Status: 'FAILED',
      ...failure,
      RotationId,
      StartedAt,
      ...triggerOf(event.Request),
    };
    if (StreamARN === undefined) return logged(outcome);

    // Describe has proved it: this one may be used again.
    const unused = failure.Error === 'StartNotApplied' && state?.Start?.SlotId;
    if (unused) await ledger.release(StreamARN, RotationId, unused);
    const { Lease, SlotsSpent, Quota } = await ledger.settle(
      StreamARN,
      RotationId,
    );
    const key = plan && 'KeyId' in plan ? plan : Lease;
    Object.assign(outcome, {
      StreamName: StreamARN.split('/').at(-1),
      StreamARN,
      EncryptionType: 'KMS',
      ...(key && {
        KeyId: key.KeyId,
        KeyArn: key.KeyArn,
        PreviousKeyId: key.PreviousKeyId,
      }),
      SlotsSpent,
      Quota,
    });
    const replacing = state ? 'IF_FAILED' : 'IF_NEW';
    await ledger.record(StreamARN, outcome, replacing).catch((error) => {
      // Why the rotation failed matters more than that its record did.
      logger.error('The outcome could not be recorded', { error });
    });
    return logged(outcome);
  });
}

function triggerOf(request: unknown): Pick<Failure, 'Trigger'> {
  try {
    const { Trigger } = parseRequest(request);
    return Trigger ? { Trigger } : {};
  } catch {
    return {};
  }
}

function logged(outcome: Failure): Failure {
  logger.error('Rotation failed', {
    ErrorName: outcome.Error,
    Cause: outcome.Cause,
    Quota: outcome.Quota,
    Trigger: outcome.Trigger,
  });
  return outcome;
}

export const handler = createSettleFailure({ ledger: quotaLedger() });
