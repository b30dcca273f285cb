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
import {
  LOCAL_STAGE,
  withWatchAlarms,
} from '../../shared/config/watch-alarms.ts';
import type { Interruption } from '../interruption.ts';
import { sha256 } from '../report/formats/sha256-file.ts';
import type { AwsOptions } from './deployment.ts';

/** Where a rotations.yml came from. */
interface RotationsSource {
  /** For people; absent where the stack of the stage keeps it. */
  path?: string;
  /** Of the file's bytes, in hexadecimal digits. */
  sha256: string;
}

/** What every command works with. */
export interface CommandContext {
  interruption: Interruption;
  /**
   * The streams that the command is about: with `--stage`, those that are deployed,
   * unless `--rotations` names a file. They are read once a run.
   *
   * @throws {RotationsFileError}
   * @throws {CouldNotAskError} where the stage has no stack
   */
  rotations: () => Promise<RotationsStream[]>;
  /** Where `rotations` has them from. It throws the same errors. */
  rotationsSource: () => Promise<RotationsSource>;
  /**
   * The streams of the local rotations.yml, for what deploys it.
   *
   * @throws {RotationsFileError}
   */
  localRotations: () => Promise<RotationsStream[]>;
  /** How the stage is deployed, from where `rotations` has its streams. */
  deploymentSettings: () => Promise<DeploymentSettings>;
  /** The absolute path of the file that `localRotations` reads. */
  rotationsPath: () => string;
  /** The value of --rotations; undefined without it. */
  givenRotations: () => string | undefined;
}

/** What the flags say of rotations.yml, known once they are parsed. */
export interface RotationsFlags extends AwsOptions {
  /** The path that is given; undefined for the default. */
  rotations?: string;
}

interface ReadRotations {
  file: RotationsFile;
  source: RotationsSource;
}

export function createContext(
  interruption: Interruption,
  flags: () => RotationsFlags,
): CommandContext {
  const rotationsPath = () => chooseRotationsFile(flags());
  const local = once(() => readLocal(rotationsPath()));
  const read = once(async (): Promise<ReadRotations> => {
    const { stage, rotations, ...options } = flags();
    if (stage === undefined || rotations !== undefined) return local();
    const { readDeployedRotations } = await import('./deployed-rotations.ts');
    const deployed = await readDeployedRotations(
      { ...options, stage },
      rotationsPath(),
      interruption.signal,
    );
    if (deployed === undefined) return local();
    return { file: deployed, source: { sha256: deployed.RotationsSha256 } };
  });
  const watched = once(async () => {
    const { stage = LOCAL_STAGE } = flags();
    const { Streams } = (await read()).file;
    return Streams.map((entry) => withWatchAlarms(entry, stage));
  });
  return {
    interruption,
    rotations: watched,
    deploymentSettings: async () => (await read()).file.Deployment,
    rotationsSource: async () => (await read()).source,
    localRotations: async () => (await local()).file.Streams,
    rotationsPath,
    givenRotations: () => flags().rotations,
  };
}

async function readLocal(path: string): Promise<ReadRotations> {
  const content = await readRotationsContent(path);
  const name = shownPath(path);
  return {
    file: parseRotations(content.toString(), name),
    source: { path: name, sha256: sha256(content) },
  };
}

/** Reads at the first call, and returns the same to every further one. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= read();
    return result;
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
