import type { Success, Verification } from '../contract/outcome.ts';
import { type LastApplied, replacement } from '../ledger/entry.ts';
import type { StreamSight } from '../ledger/key-periods.ts';
import type { Quota } from '../ledger/usage.ts';
import { rolledBackKey } from './reservation.ts';
import type {
  Description,
  KeyPlan,
  PlannedState,
  RotationState,
} from './state.ts';

/** The key that Describe showed as applied, for a Start without an answer. */
export function appliedKey(
  plan: KeyPlan,
  description: Description | undefined,
): LastApplied | undefined {
  return description?.ActiveAt === undefined
    ? undefined
    : { ...plannedKey(plan), AppliedAt: Date.parse(description.ActiveAt) };
}

/** The key of a plan for the ledger, with the key that it replaces. */
export function plannedKey(plan: KeyPlan): Omit<LastApplied, 'AppliedAt'> {
  return replacement({ ...plan, ...rolledBackKey(plan) });
}

/** The stream under the key of the plan, where Describe showed that. */
export function streamSight({
  Plan,
  Description,
}: RotationState): StreamSight | undefined {
  const { ActiveAt, RetentionPeriodHours } = Description ?? {};
  if (ActiveAt === undefined || RetentionPeriodHours === undefined) return;
  if (!('KeyArn' in Plan)) return undefined;
  return {
    Key: { KeyId: Plan.KeyId, KeyArn: Plan.KeyArn },
    RetentionHours: RetentionPeriodHours,
    At: Date.parse(ActiveAt),
  };
}

/** When the probe was written, and its proof; undefined without a probe. */
export function verifiedProbe({
  Verification: result,
}: RotationState):
  | { VerifiedAt: string; Verification: Verification }
  | undefined {
  if (result === undefined) return undefined;
  const { VerifiedAt, ...Verification } = result;
  return { VerifiedAt, Verification };
}

/** The outcome of a rotation that succeeded. */
export function successOutcome(state: PlannedState, Quota: Quota): Success {
  const { Plan, Description } = state;
  const retention = retentionHours(state);
  return {
    Status: 'SUCCEEDED',
    ...result(state),
    RotationId: Plan.RotationId,
    StreamName: Plan.StreamName,
    StreamARN: Plan.StreamARN,
    EncryptionType: 'KMS',
    KeyId: Plan.KeyId,
    KeyArn: Plan.KeyArn,
    PreviousKeyId: Plan.PreviousKeyId,
    ...(Plan.RepointedFrom && { RepointedFrom: Plan.RepointedFrom }),
    StartedAt: Plan.StartedAt,
    ActiveAt: Description?.ActiveAt ?? null,
    ...(verifiedProbe(state) ?? { VerifiedAt: null, Verification: null }),
    ...(retention !== undefined && { RetentionPeriodHours: retention }),
    ...(state.Bake?.BakedUntil && { BakedUntil: state.Bake.BakedUntil }),
    ...(Plan.Warning && { Warning: Plan.Warning }),
    Quota,
    ...(Plan.Trigger && { Trigger: Plan.Trigger }),
  };
}

/** How long the stream keeps records, as it was last described. */
export function retentionHours({
  Plan,
  Description,
}: RotationState): number | undefined {
  return Description?.RetentionPeriodHours ?? Plan.RetentionPeriodHours;
}

function result({
  Plan,
  Reservation,
}: PlannedState): Pick<Success, 'Outcome' | 'InProgressRotationId'> {
  if (Reservation?.Status === 'ALREADY_IN_PROGRESS') {
    const { InProgressRotationId } = Reservation;
    return { Outcome: 'ALREADY_IN_PROGRESS', InProgressRotationId };
  }
  return { Outcome: Plan.Decision === 'UNCHANGED' ? 'UNCHANGED' : 'ROTATED' };
}
