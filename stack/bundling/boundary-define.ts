import type { RotationsStream } from '../../shared/config/rotations-file.ts';
import { boundariesOf } from '../../shared/config/stream-boundary.ts';

/** What esbuild puts into the functions: the boundaries, as the text of their JSON. */
export function boundaryDefine(
  entries: readonly RotationsStream[],
): Record<'STREAM_BOUNDARIES', string> {
  const json = JSON.stringify(boundariesOf(entries));
  return { STREAM_BOUNDARIES: JSON.stringify(json) };
}
