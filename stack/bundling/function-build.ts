import { readFile } from 'node:fs/promises';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { parse } from 'yaml';
import { readRotationsFile } from '../../shared/config/rotations-file.ts';
import { boundaryDefine } from './boundary-define.ts';

/** The most that a function's bundle may have. */
export const BUNDLE_BYTES = 330_000;

/** Options of serverless-esbuild that esbuild does not know. */
const OF_THE_PLUGIN = ['exclude', 'outputFileExtension'];

/** The options of esbuild in serverless.yml, with the rings of rotations.yml. */
export async function buildOptions(): Promise<BuildOptions> {
  const { custom } = parse(await readFile('serverless.yml', 'utf8'), {
    logLevel: 'error',
  });
  const options = Object.entries(custom.esbuild as BuildOptions).filter(
    ([name]) => !OF_THE_PLUGIN.includes(name),
  );
  const define = boundaryDefine(await readRotationsFile('rotations.yml'));
  return { ...Object.fromEntries(options), define };
}

export interface BuiltFunction {
  code: Uint8Array;
  /** The bytes that each source file adds. */
  inputs: Metafile['outputs'][string]['inputs'];
}

/** Bundles a function as the packager does, and lists its contents. */
export async function buildFunction(source: string): Promise<BuiltFunction> {
  const { outputFiles = [], metafile } = await build({
    ...(await buildOptions()),
    entryPoints: [source],
    outdir: 'unwritten',
    write: false,
    metafile: true,
  });
  const [output] = Object.values(metafile?.outputs ?? {});
  const [file] = outputFiles;
  if (output === undefined || file === undefined) {
    throw new Error(`esbuild wrote no bundle for ${source}`);
  }
  return { code: file.contents, inputs: output.inputs };
}
