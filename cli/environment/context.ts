import { resolve } from 'node:path';
import {
  type RotationsStream,
  readRotationsFile,
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
  rotationsFile?: () => string | undefined;
}

/** @param rotationsFile the path, known once flags are parsed */
export function createContext(
  interruption: Interruption,
  rotationsFile: () => string,
): CommandContext {
  let streams: Promise<RotationsStream[]> | undefined;
  return {
    interruption,
    rotationsFile: () => {
      const file = rotationsFile();
      return file === ROTATIONS_FILE ? undefined : file;
    },
    rotations: () => {
      streams ??= readRotationsFile(resolve(rotationsFile()));
      return streams;
    },
  };
}
