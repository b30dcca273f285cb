/**
 * Packs the project, installs it into an empty folder, and runs it there as the README
 * shows. Holds the size of the package and of what it installs to its limits.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MEGABYTE = 1024 ** 2;
const LIMITS = { tarballMB: 5, installedMB: 150, packages: 250 };

const directory = await mkdtemp(join(tmpdir(), 'installed-package-'));
const app = join(directory, 'app');

/** Without the settings of this clone. npm trusts the machine's certificates. */
const command = (name: string, args: readonly string[], cwd = app) =>
  run(name, args, {
    cwd,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_USE_SYSTEM_CA: '1',
      LOCAL_UPDATE_SECONDS: '0.2',
    },
  });

const rotations = (...args: string[]) =>
  command('npx', ['kinesis-key-rotation', ...args]);

/** The bytes on disk of all files below a folder. */
async function bytesIn(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((file) => file.isFile())
    .map(async ({ parentPath, name }) => {
      const { blocks } = await stat(join(parentPath, name));
      return blocks * 512;
    });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function check(what: string, value: number, limit: number): void {
  process.stdout.write(`${what}: ${value.toFixed(1)}, at most ${limit}\n`);
  if (value > limit) throw new Error(`${what} is above its limit`);
}

try {
  await mkdir(app);
  await command(
    'npm',
    ['pack', '--silent', '--pack-destination', directory],
    process.cwd(),
  );
  const [tarball] = (await readdir(directory)).filter((file) =>
    file.endsWith('.tgz'),
  );
  if (tarball === undefined) throw new Error('npm packed nothing');
  const path = join(directory, tarball);
  check('Tarball, MB', (await stat(path)).size / MEGABYTE, LIMITS.tarballMB);

  await command('npm', ['init', '--yes']);
  await command('npm', ['install', '--save-dev', '--no-audit', path]);
  const modules = join(app, 'node_modules');
  check(
    'Installed, MB',
    (await bytesIn(modules)) / MEGABYTE,
    LIMITS.installedMB,
  );
  const { stdout: list } = await command('npm', ['ls', '--all', '--parseable']);
  check('Packages', new Set(list.trim().split('\n')).size - 1, LIMITS.packages);

  await rotations('init');
  const { stdout } = await rotations('rotate', '--output', 'json');
  const { Outcome } = JSON.parse(stdout);
  if (Outcome !== 'ROTATED') throw new Error(`rotate ended as ${Outcome}`);
  await rotations('report');
  await rotations('package', '--region', 'eu-west-1');
  const start = performance.now();
  await command(process.execPath, [
    join(modules, '.bin', 'kinesis-key-rotation'),
    '--help',
  ]);
  const helpMs = performance.now() - start;
  process.stdout.write(
    `init, rotate, report and package ran on Node.js ${process.version}; --help took ${helpMs.toFixed(0)} ms\n`,
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
