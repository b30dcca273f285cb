import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { boundariesOf } from '../../shared/config/stream-boundary.ts';

/** Marks the place of a deployment's boundaries in a bundle. JSON.parse refuses it. */
const PLACE = '<stream boundaries>';

/** For esbuild: keeps the place open. A bundle without boundaries fails at its load. */
export const OPEN_PLACE = { STREAM_BOUNDARIES: JSON.stringify(PLACE) };

/** Puts the boundaries of rotations.yml into a bundle that checks them. */
export function insertBoundaries(
  code: string,
  entries: readonly RotationsStream[],
): string {
  const json = JSON.stringify(boundariesOf(entries));
  return code.replaceAll(new RegExp(`(["'\`])${PLACE}\\1`, 'g'), () =>
    JSON.stringify(json),
  );
}
