/**
 * What a function costs at a cold start: the size of its bundle and the time to
 * import it, beside the time to import its sources with the SDK in
 * node_modules. Each import is that of a new process.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundlesIn } from '../stack/bundles.ts';
import { sourceFile } from '../stack/names.ts';

const ROUNDS = 7;

const IMPORT = `
const start = performance.now();
await import(process.argv[1]);
process.stdout.write(String(performance.now() - start));
`;

function importMs(path: string): number {
  const times = Array.from({ length: ROUNDS }, () =>
    Number(
      execFileSync(
        process.execPath,
        ['--input-type=module', '--eval', IMPORT, path],
        { env: { ...process.env, AWS_REGION: 'us-east-1' } },
      ),
    ),
  );
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

const { status } = spawnSync('serverless', ['package'], { stdio: 'ignore' });
if (status !== 0) throw new Error('npm run package fails; see what it says');
const directory = await mkdtemp(join(tmpdir(), 'bundles-'));
for (const { name, code } of await bundlesIn('.serverless')) {
  const path = join(directory, `${name}.mjs`);
  await writeFile(path, code);
  const ms = importMs(path);
  const ratio = ms / importMs(resolve(sourceFile(name)));
  process.stdout.write(
    `${name.padEnd(16)} ${(code.length / 1000).toFixed(0).padStart(4)} KB, imported in ${ms.toFixed(0)} ms (median of ${ROUNDS}), ${ratio.toFixed(2)} x its sources\n`,
  );
}
await rm(directory, { recursive: true });
