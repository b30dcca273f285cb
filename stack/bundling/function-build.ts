import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { PACKAGE_ROOT } from '../../shared/package-root.ts';
import { OPEN_PLACES } from './insert-boundaries.ts';
import { SDK_FILES } from './sdk-files.ts';
import { SDK_VERSION } from './sdk-version.ts';

/** The most that a function's bundle may have. */
export const BUNDLE_BYTES = 370_000;

const STAND_INS = './stack/bundling';

/** How esbuild bundles a function with its packages. */
export const BUILD_OPTIONS: BuildOptions = {
  absWorkingDir: fileURLToPath(PACKAGE_ROOT),
  bundle: true,
  minify: true,
  // Faster to start than a module, which loads all parts of each node: package.
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.cjs' },
  define: OPEN_PLACES,
  plugins: [SDK_FILES, SDK_VERSION],
  alias: {
    '@aws-sdk/credential-provider-node': `${STAND_INS}/lambda-credentials.ts`,
    '@aws-sdk/endpoint-cache': `${STAND_INS}/no-endpoint-cache.ts`,
    '@smithy/core/event-streams': `${STAND_INS}/no-event-streams.ts`,
  },
};

export interface BuiltFunction {
  /** Without the boundaries of a deployment. */
  code: string;
  /** The bytes that each source file adds. */
  inputs: Metafile['outputs'][string]['inputs'];
}

/**
 * Bundles functions, and lists what their bundles contain.
 *
 * @returns by their sources
 */
export async function buildFunctions(
  sources: readonly string[],
): Promise<Map<string, BuiltFunction>> {
  const { outputFiles, metafile } = await build({
    ...BUILD_OPTIONS,
    entryPoints: [...sources],
    outdir: 'unwritten',
    write: false,
    metafile: true,
  });
  const outputs = Object.values(metafile.outputs);
  return new Map(
    outputFiles.map(({ text: code }, at) => {
      const { entryPoint = '', inputs = {} } = outputs[at] ?? {};
      return [entryPoint, { code, inputs }];
    }),
  );
}
