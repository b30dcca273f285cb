import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import type { LastApplied } from '../ledger/entry.ts';
import type { PlannedState } from './state.ts';

/**
 * A rotation that is run on after it was settled holds nothing, so another may
 * have moved the stream since Describe saw our key, and the probe proved theirs.
 * Our own key is no other, whatever the clocks say: they may be apart.
 *
 * @param last what the ledger knows of the stream
 * @throws {RotationError} KeyMismatch
 */
export function assertNotSuperseded(
  { Plan, Description, Verification }: PlannedState,
  last: LastApplied | undefined,
): void {
  const { ActiveAt } = Description ?? {};
  const { VerifiedAt } = Verification ?? {};
  if (!ActiveAt || !VerifiedAt || !last) return;
  const { KeyId, KeyArn = Plan.KeyArn, AppliedAt } = last;
  if (KeyId === Plan.KeyId && KeyArn === Plan.KeyArn) return;
  const isBetween =
    AppliedAt > Date.parse(ActiveAt) && AppliedAt <= Date.parse(VerifiedAt);
  if (!isBetween) return;
  throw new RotationError(
    'KeyMismatch',
    `KeyId ${quote(KeyId)} was applied to StreamName ${quote(Plan.StreamName)} at ${new Date(AppliedAt).toISOString()}, after this rotation saw it ACTIVE under ${quote(Plan.KeyId)} and before it wrote the probe; look which one you want`,
  );
}
