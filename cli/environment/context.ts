import { resolve } from 'node:path';
import {
  parseRotations,
  type RotationsStream,
  readRotationsContent,
  shownPath,
} from '../../shared/config/rotations-file.ts';
import type { Interruption } from '../interruption.ts';

/** Where rotations.yml is, unless a flag says otherwise. */
export const ROTATIONS_FILE = 'rotations.yml';

/** What every command works with. */
export interface CommandContext {
  interruption: Interruption;
  /**
   * The streams of rotations.yml, which is read once a run.
   *
   * @throws {RotationsFileError}
   */
  rotations: () => Promise<RotationsStream[]>;
  /** The path of rotations.yml; undefined for the usual one. */
  givenRotations: () => string | undefined;
  /**
   * The path of rotations.yml as it was given, and the bytes that were read.
   *
   * @throws {RotationsFileError}
   */
  rotationsFile: () => Promise<{ path: string; content: Buffer }>;
}

/** @param rotationsFile the path, known once flags are parsed */
export function createContext(
  interruption: Interruption,
  rotationsFile: () => string,
): CommandContext {
  let content: Promise<Buffer> | undefined;
  let streams: Promise<RotationsStream[]> | undefined;
  const read = () => {
    content ??= readRotationsContent(resolve(rotationsFile()));
    return content;
  };
  return {
    interruption,
    givenRotations: () => {
      const file = rotationsFile();
      return file === ROTATIONS_FILE ? undefined : file;
    },
    rotations: () => {
      streams ??= read().then((bytes) =>
        parseRotations(bytes.toString(), shownPath(resolve(rotationsFile()))),
      );
      return streams;
    },
    rotationsFile: async () => ({
      path: rotationsFile(),
      content: await read(),
    }),
  };
}
