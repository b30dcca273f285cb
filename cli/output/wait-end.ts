/** A Wait state of the state machine. */
export interface WaitState {
  Seconds?: number;
  SecondsPath?: string;
  TimestampPath?: string;
}

/**
 * When a Wait state that is entered now will end, in milliseconds since the
 * epoch. Knows the reference paths `$.A.B` that our state machine uses.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
 */
export function waitEnd(
  state: WaitState,
  input: unknown,
  now: number,
): number | undefined {
  if (state.Seconds !== undefined) return now + state.Seconds * 1000;
  const value = valueAt(state.SecondsPath ?? state.TimestampPath, input);
  if (typeof value === 'number') return now + value * 1000;
  return typeof value === 'string' ? Date.parse(value) : undefined;
}

function valueAt(path: string | undefined, input: unknown): unknown {
  const fields = path?.split('.').slice(1) ?? [];
  return fields.reduce<unknown>(
    (value, field) => (value as Record<string, unknown> | undefined)?.[field],
    input,
  );
}
