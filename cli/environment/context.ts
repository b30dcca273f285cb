import { resolve } from 'node:path';
import {
  parseRotations,
  type RotationsStream,
  readRotationsContent,
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
    rotations: () => {
      streams ??= read().then((bytes) => parseRotations(bytes.toString()));
      return streams;
    },
    rotationsFile: async () => ({
      path: rotationsFile(),
      content: await read(),
    }),
  };
}
