import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { parseDocument } from 'yaml';
import { InputError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import {
  type DeploymentSettings,
  readDeploymentSettings,
} from './deployment-settings.ts';
import { type RotationsStream, readStream } from './rotations-stream.ts';
import { shownPath } from './shown-path.ts';

/** What rotations.yml says, checked. */
export interface RotationsFile {
  Deployment: DeploymentSettings;
  Streams: RotationsStream[];
}

/** rotations.yml cannot be used; the message says where and why. */
export class RotationsFileError extends InputError {
  override name = 'RotationsFileError';
}

const FILE = v.strictObject(
  {
    Defaults: v.optional(v.record(v.string(), v.unknown()), {}),
    Deployment: v.optional(v.record(v.string(), v.unknown()), {}),
    Streams: v.pipe(
      v.array(
        v.record(v.string(), v.unknown()),
        ({ received }) => `received ${received}; expected a list of streams`,
      ),
      v.minLength(1, 'Streams is empty; name at least one stream'),
    ),
  },
  ({ received }) =>
    `received ${received}; expected a map of Streams, a list, and optionally Defaults and Deployment`,
);

/**
 * Reads rotations.yml: the streams, the ring of keys of each, what starts its
 * rotations, and how they are deployed.
 *
 * @throws {RotationsFileError} naming the entry, the field and the value
 */
export async function readRotationsFile(path: string): Promise<RotationsFile> {
  const content = await readRotationsContent(path);
  return parseRotations(content.toString(), shownPath(path));
}

/**
 * Reads the bytes of rotations.yml, for a hash of them.
 *
 * @throws {RotationsFileError}
 */
export function readRotationsContent(path: string): Promise<Buffer> {
  return readFile(path).catch((error: unknown) => {
    throw new RotationsFileError(
      `${shownPath(path)} cannot be read: ${(error as Error).message}`,
    );
  });
}

/** @param name of the file, for messages */
export function parseRotations(
  text: string,
  name = 'rotations.yml',
): RotationsFile {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof RotationsFileError)) throw error;
    throw new RotationsFileError(`${name}${error.message}`);
  }
}

/** Messages begin after the name of the file. */
function parse(text: string): RotationsFile {
  const file = v.safeParse(FILE, parseYaml(text));
  if (!file.success) {
    const [issue] = file.issues;
    const path = v.getDotPath(issue);
    throw new RotationsFileError(
      `: ${path ? `${path}: ` : ''}${issue.message}`,
    );
  }
  const { Defaults, Deployment, Streams } = file.output;
  if ('StreamName' in Defaults) {
    throw new RotationsFileError(
      `: Defaults: StreamName ${quote(Defaults.StreamName)} cannot be the same for every stream; give it in Streams`,
    );
  }
  const entries = Streams.map((entry, at) =>
    located(`Streams[${at}]`, () => readStream({ ...Defaults, ...entry })),
  );
  const names = entries.map((entry) => entry.StreamName);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new RotationsFileError(
      `: Streams[${names.lastIndexOf(twice)}]: StreamName ${quote(twice)} is listed twice`,
    );
  }
  const settings = located('Deployment', () =>
    readDeploymentSettings(Deployment),
  );
  return { Deployment: settings, Streams: entries };
}

function located<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new RotationsFileError(`: ${where}: ${(error as Error).message}`);
  }
}

function parseYaml(text: string): unknown {
  // Its warnings would go to the terminal as they are.
  const document = parseDocument(text, { logLevel: 'error', merge: true });
  const [error] = document.errors;
  if (error) throw notUsable('is not YAML', error);
  // Of a tag that is not YAML's own, as !Ref, only the text would be left.
  const [warning] = document.warnings;
  if (warning) throw notUsable('cannot be used', warning);
  try {
    return document.toJS();
  } catch (reason) {
    throw notUsable('is not YAML', reason as Error);
  }
}

function notUsable(what: string, { message }: Error): RotationsFileError {
  const [line] = message.split('\n');
  return new RotationsFileError(` ${what}: ${line}`);
}
