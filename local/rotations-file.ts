import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { parse } from 'yaml';
import { quote } from '../shared/errors.ts';
import { parseRequest } from '../shared/request.ts';

const STREAM_FIELDS = ['StreamName', 'KeyIds'] as const;

/** A stream of rotations.yml. */
export interface RotationsEntry {
  StreamName: string;
  KeyIds: string[];
}

/** rotations.yml cannot be used; the message says where and why. */
export class RotationsFileError extends Error {
  override name = 'RotationsFileError';
}

const FILE = v.strictObject({
  Streams: v.pipe(
    v.array(v.record(v.string(), v.unknown())),
    v.minLength(1, 'Streams is empty; name at least one stream'),
  ),
});

/**
 * Reads rotations.yml: the streams, and the ring of keys of each.
 *
 * @throws {RotationsFileError} naming the entry, the field and the value
 */
export async function readRotationsFile(
  path: string,
): Promise<RotationsEntry[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new RotationsFileError(
      `rotations.yml cannot be read: ${(error as Error).message}`,
    );
  });
  return parseRotations(text);
}

export function parseRotations(text: string): RotationsEntry[] {
  const file = v.safeParse(FILE, parseYaml(text));
  if (!file.success) {
    const [issue] = file.issues;
    const path = v.getDotPath(issue);
    throw new RotationsFileError(
      `rotations.yml: ${path ? `${path}: ` : ''}${issue.message}`,
    );
  }
  const entries = file.output.Streams.map(readEntry);
  const names = entries.map((entry) => entry.StreamName);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new RotationsFileError(
      `rotations.yml: Streams[${names.lastIndexOf(twice)}]: StreamName ${quote(twice)} is listed twice`,
    );
  }
  return entries;
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw new RotationsFileError(`rotations.yml is not YAML: ${line}`);
  }
}

function readEntry(entry: Record<string, unknown>, at: number): RotationsEntry {
  const where = `rotations.yml: Streams[${at}]`;
  const known: readonly string[] = STREAM_FIELDS;
  const unknown = Object.keys(entry).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    throw new RotationsFileError(
      `${where}: ${quote(unknown)} is not a field of a stream; known are ${known.join(', ')}`,
    );
  }
  try {
    const { StreamName = '', KeyIds = [] } = parseRequest({
      StreamName: entry.StreamName ?? '',
      KeyIds: entry.KeyIds ?? [],
    });
    return { StreamName, KeyIds };
  } catch (error) {
    throw new RotationsFileError(`${where}: ${(error as Error).message}`);
  }
}
