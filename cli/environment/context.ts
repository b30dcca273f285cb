import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DeploymentSettings } from '../../shared/config/deployment-settings.ts';
import {
  parseRotations,
  type RotationsFile,
  readRotationsContent,
} from '../../shared/config/rotations-file.ts';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { givenPath, shownPath } from '../../shared/config/shown-path.ts';
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
   * How a stage is deployed, as rotations.yml says.
   *
   * @throws {RotationsFileError}
   */
  deploymentSettings: () => Promise<DeploymentSettings>;
  /** The absolute path of the file that `rotations` reads. */
  rotationsPath: () => string;
  /** The value of --rotations; undefined without it. */
  givenRotations: () => string | undefined;
  /**
   * The path of rotations.yml for people, and the bytes that were read.
   *
   * @throws {RotationsFileError}
   */
  rotationsFile: () => Promise<{ path: string; content: Buffer }>;
}

/** What the flags say of rotations.yml, known once they are parsed. */
export interface RotationsFlags {
  /** The path that is given; undefined for the default. */
  rotations?: string;
  stage?: string;
}

export function createContext(
  interruption: Interruption,
  flags: () => RotationsFlags,
): CommandContext {
  let content: Promise<Buffer> | undefined;
  let file: Promise<RotationsFile> | undefined;
  const rotationsPath = () => chooseRotationsFile(flags());
  const read = () => {
    content ??= readRotationsContent(rotationsPath());
    return content;
  };
  const parsed = () => {
    file ??= read().then((bytes) =>
      parseRotations(bytes.toString(), shownPath(rotationsPath())),
    );
    return file;
  };
  return {
    interruption,
    rotationsPath,
    givenRotations: () => flags().rotations,
    rotations: async () => (await parsed()).Streams,
    deploymentSettings: async () => (await parsed()).Deployment,
    rotationsFile: async () => ({
      path: shownPath(rotationsPath()),
      content: await read(),
    }),
  };
}

/** The given file, else that of the stage where there is one, else rotations.yml. */
function chooseRotationsFile({ rotations, stage }: RotationsFlags): string {
  if (rotations !== undefined) return givenPath(rotations);
  const ofStage = resolve(`rotations.${stage}.yml`);
  return stage !== undefined && existsSync(ofStage)
    ? ofStage
    : resolve('rotations.yml');
}
