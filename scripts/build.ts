/**
 * Builds into dist/ what an installed package runs: the command line, the plugin of
 * the packager, and the bundle of each function without the boundaries of a
 * deployment. The packages of package.json's dependencies stay outside.
 */
import { readFile, rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { BUILD_OPTIONS } from '../stack/bundling/function-build.ts';

const DIRECTORY = 'dist';
/** The oldest version that package.json's engines allow. */
const TARGET = 'node22';
/** What CommonJS packages call in a module. */
const REQUIRE = `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);`;

const { dependencies } = JSON.parse(await readFile('package.json', 'utf8'));

await rm(DIRECTORY, { recursive: true, force: true });
await build({
  entryPoints: [
    'cli/main.ts',
    'local/services/kinesis-worker.ts',
    'stack/plugin.ts',
  ],
  outbase: '.',
  outdir: DIRECTORY,
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  minify: true,
  keepNames: true,
  format: 'esm',
  platform: 'node',
  target: TARGET,
  mainFields: ['module', 'main'],
  external: [...Object.keys(dependencies), 'esbuild'],
  banner: { js: REQUIRE },
});
await build({
  ...BUILD_OPTIONS,
  entryPoints: ['functions/**/*.ts'],
  outdir: `${DIRECTORY}/functions`,
});
