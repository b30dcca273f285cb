import { resolve } from 'node:path';
import {
  type RotationsStream,
  readRotationsFile,
} from '../../shared/config/rotations-file.ts';
import type { Interruption } from '../interruption.ts';

/** What every command works with. */
export interface CommandContext {
  interruption: Interruption;
  /**
   * The streams of rotations.yml, which is read once a run.
   *
   * @throws {RotationsFileError}
   */
  rotations: () => Promise<RotationsStream[]>;
}

/** @param rotationsFile the path, known once flags are parsed */
export function createContext(
  interruption: Interruption,
  rotationsFile: () => string,
): CommandContext {
  let streams: Promise<RotationsStream[]> | undefined;
  return {
    interruption,
    rotations: () => {
      streams ??= readRotationsFile(resolve(rotationsFile()));
      return streams;
    },
  };
}
