import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { moduleUrl, PACKAGE_ROOT } from '../../shared/package-root.ts';
import { checkStage } from '../../stack/stage.ts';
import type { CommandContext } from '../environment/context.ts';
import { CommandError } from '../errors/command-error.ts';

/** The plugin of serverless.yml, as it stands there. */
const PLUGIN = './stack/plugin.ts';
/** The same plugin, in the folder that the packager works in. */
const LINK = './plugin.mjs';

/** The parameter by which the packager finds rotations.yml. */
const ROTATIONS = 'rotations';

export interface PackagerOptions {
  stage: string;
  region?: string;
  profile?: string;
  /** Parameters of serverless.yml, each `name=value`. */
  param?: string[];
}

export interface Packager {
  /** Where the packager leaves the template and the archives. */
  directory: string;
  /**
   * Runs a command of the packager, whose output goes to stderr.
   *
   * @throws {CommandError} when it fails; it has said why
   */
  run: (command: string, ...args: string[]) => Promise<void>;
}

/**
 * Makes a folder for the packager, which writes beside the serverless.yml that it
 * reads, and removes the folder in the end: an installed package is read only.
 */
export async function withPackager<T>(
  options: PackagerOptions,
  context: CommandContext,
  work: (packager: Packager) => Promise<T>,
): Promise<T> {
  const service = await readFile(
    new URL('serverless.yml', PACKAGE_ROOT),
    'utf8',
  );
  checkOptions(options, service);
  const flags = flagsOf(options, context.rotationsPath());
  const folder = await mkdtemp(join(tmpdir(), 'kinesis-key-rotation-'));
  try {
    await writeService(folder, service);
    return await work({
      directory: join(folder, '.serverless'),
      run: (command, ...args) =>
        run([command, ...flags, ...args], folder, context),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A misspelled parameter would deploy its default. */
function checkOptions(
  { stage, param = [] }: PackagerOptions,
  service: string,
): void {
  try {
    checkStage(stage);
  } catch (error) {
    throw new RotationError('InvalidRequest', (error as Error).message);
  }
  const known = new Set(
    [...service.matchAll(/\$\{param:(\w+)/g)].map(([, name]) => name),
  );
  known.delete(ROTATIONS);
  for (const each of param) {
    const [name, value] = each.split(/=(.*)/s);
    if (value !== undefined && known.has(name)) continue;
    const advice =
      name === ROTATIONS
        ? 'name the file with --rotations'
        : `expected ${[...known].map((one) => `${one}=...`).join(', ')}`;
    throw new RotationError(
      'InvalidRequest',
      `--param ${quote(each)} is not a parameter; ${advice}`,
    );
  }
}

async function writeService(folder: string, service: string): Promise<void> {
  const plugin = JSON.stringify(moduleUrl('stack/plugin.ts').href);
  await writeFile(
    join(folder, 'serverless.yml'),
    service.replace(PLUGIN, LINK),
  );
  await writeFile(join(folder, LINK), `export { default } from ${plugin};\n`);
}

function flagsOf(
  { stage, region, profile, param = [] }: PackagerOptions,
  rotationsFile: string,
): string[] {
  const params = [...param, `${ROTATIONS}=${rotationsFile}`];
  return [
    ...['--stage', stage],
    ...(region === undefined ? [] : ['--region', region]),
    ...(profile === undefined ? [] : ['--aws-profile', profile]),
    ...params.flatMap((each) => ['--param', each]),
  ];
}

async function run(
  args: string[],
  cwd: string,
  { interruption }: CommandContext,
): Promise<void> {
  const main = createRequire(import.meta.url).resolve(
    'serverless/bin/serverless.js',
  );
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    // Results alone go to stdout.
    stdio: ['inherit', 2, 2],
  });
  const forward = () => child.kill('SIGTERM');
  interruption.signal.addEventListener('abort', forward, { once: true });
  const [code] = await once(child, 'exit');
  interruption.signal.removeEventListener('abort', forward);
  interruption.signal.throwIfAborted();
  if (code !== 0) {
    throw new CommandError(`The packager ended with exit code ${code}`);
  }
}
