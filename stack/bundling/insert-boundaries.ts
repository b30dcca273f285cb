import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { boundariesOf } from '../../shared/config/stream-boundary.ts';
import { sweptStreams } from '../../shared/config/swept-streams.ts';

/** Mark the places of what rotations.yml determines. JSON.parse refuses them. */
const PLACES = {
  STREAM_BOUNDARIES: '<stream boundaries>',
  SWEPT_STREAMS: '<swept streams>',
};

/** For esbuild: keeps the places open. A bundle that needs one fails without it. */
export const OPEN_PLACES = {
  STREAM_BOUNDARIES: JSON.stringify(PLACES.STREAM_BOUNDARIES),
  SWEPT_STREAMS: JSON.stringify(PLACES.SWEPT_STREAMS),
};

/** Puts the boundaries and the swept streams of rotations.yml into a bundle. */
export function insertBoundaries(
  code: string,
  entries: readonly RotationsStream[],
): string {
  const values = new Map<string, unknown>([
    [PLACES.STREAM_BOUNDARIES, boundariesOf(entries)],
    [PLACES.SWEPT_STREAMS, sweptStreams(entries)],
  ]);
  const places = [...values.keys()].join('|');
  return code.replaceAll(
    new RegExp(`(["'\`])(${places})\\1`, 'g'),
    (_, __, place) => JSON.stringify(JSON.stringify(values.get(place))),
  );
}
