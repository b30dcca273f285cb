import { isDeepStrictEqual } from 'node:util';
import {
  type RotationsStream,
  STREAM_FIELDS,
} from '../../shared/config/rotations-stream.ts';

export interface FieldChange {
  field: (typeof STREAM_FIELDS)[number];
  /** Undefined where the field is absent. */
  from: unknown;
  to: unknown;
}

/** How the streams of rotations.yml differ from the deployed ones. */
export interface StreamChanges {
  added: RotationsStream[];
  changed: { StreamName: string; fields: FieldChange[] }[];
  /** Their names. */
  removed: string[];
  /** How many stay as they are. */
  unchanged: number;
}

/**
 * Compares the streams of rotations.yml with the deployed ones, in the order of the file.
 *
 * @param before none for a first deployment
 */
export function compareStreams(
  before: readonly RotationsStream[],
  after: readonly RotationsStream[],
): StreamChanges {
  const deployed = new Map(before.map((each) => [each.StreamName, each]));
  const names = new Set(after.map(({ StreamName }) => StreamName));
  const added = after.filter(({ StreamName }) => !deployed.has(StreamName));
  const changed = after.flatMap((stream) => {
    const { StreamName } = stream;
    const old = deployed.get(StreamName);
    const fields = old === undefined ? [] : compareFields(old, stream);
    return fields.length === 0 ? [] : [{ StreamName, fields }];
  });
  return {
    added,
    changed,
    removed: [...deployed.keys()].filter((name) => !names.has(name)),
    unchanged: after.length - added.length - changed.length,
  };
}

function compareFields(
  before: RotationsStream,
  after: RotationsStream,
): FieldChange[] {
  return STREAM_FIELDS.map((field) => ({
    field,
    from: before[field],
    to: after[field],
  })).filter(({ from, to }) => !isDeepStrictEqual(from, to));
}
