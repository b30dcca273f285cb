import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import type { PlannedState } from '../../../shared/rotation/state.ts';
import type { LocalRotations } from './local-rotations.ts';

export const CONTEXT = { functionName: 'test' } as never;
let rotations = 0;

/** The state of a new rotation after PlanRotation, by the deployed function. */
export async function plannedState(
  { handlers }: LocalRotations,
  { StreamName, KeyIds }: RotationsStream,
  fields: object = {},
): Promise<PlannedState> {
  const event = {
    Request: { StreamName, KeyIds, ...fields },
    RotationId: `arn:aws:states:us-east-1:000000000000:execution:rotate-stream:unit-${++rotations}`,
    StartedAt: new Date().toISOString(),
  };
  const state = await handlers.PlanRotation?.(event as never, CONTEXT);
  return state as PlannedState;
}
