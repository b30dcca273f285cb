import { readFile } from 'node:fs/promises';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { parse } from 'yaml';

/** What is of serverless-esbuild, and unknown to esbuild. */
const OF_THE_PLUGIN = ['exclude', 'outputFileExtension'];

/** esbuild as serverless.yml has it, for sources of ours. */
export async function buildOptions(): Promise<BuildOptions> {
  const { custom } = parse(await readFile('serverless.yml', 'utf8'), {
    logLevel: 'error',
  });
  return Object.fromEntries(
    Object.entries(custom.esbuild as BuildOptions).filter(
      ([name]) => !OF_THE_PLUGIN.includes(name),
    ),
  );
}

export interface BuiltFunction {
  code: Uint8Array;
  /** What each file brought into it. */
  inputs: Metafile['outputs'][string]['inputs'];
}

/** The bundle that the packager makes of a source, and what is in it. */
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
    throw new Error(`esbuild made nothing of ${source}`);
  }
  return { code: file.contents, inputs: output.inputs };
}
