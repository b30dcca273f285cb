import { execFile } from 'node:child_process';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Template } from '../../../stack/template.ts';
import { CHILD_NODE } from '../cli/child-node.ts';

const TIMEOUT_MS = 100_000;

export interface Packaged {
  /** What the packager wrote: the template and the bundles. */
  directory: string;
  exitCode: number;
  /** All that it said. */
  output: string;
  template: () => Promise<Template>;
  /** What it left in the folder for temporary files. */
  leftOver: () => Promise<string[]>;
  remove: () => Promise<void>;
}

/**
 * Runs the packager as `npm run package` does, without credentials, and writes into
 * a folder of its own.
 *
 * @param rotations text of rotations.yml; the one that is shipped without it
 */
export async function packaged(
  rotations?: string,
  args: readonly string[] = [],
): Promise<Packaged> {
  const home = await mkdtemp(join(tmpdir(), 'packaged-'));
  const file =
    rotations === undefined
      ? resolve('rotations.yml')
      : join(home, 'rotations.yml');
  if (rotations !== undefined) await writeFile(file, rotations);
  const directory = join(home, 'out');
  const temporary = join(home, 'tmp');
  await mkdir(temporary);
  const ended = await promisify(execFile)(
    process.execPath,
    [
      'cli/main.ts',
      'package',
      ...['--rotations', file],
      ...['--output-directory', directory],
      ...args,
    ],
    {
      env: {
        PATH: process.env.PATH,
        HOME: home,
        TMPDIR: temporary,
        ...CHILD_NODE,
      },
      timeout: TIMEOUT_MS,
    },
  ).then(
    ({ stdout, stderr }) => ({ exitCode: 0, output: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ exitCode: code, output: stdout + stderr }),
  );
  return {
    ...ended,
    directory,
    template: async () =>
      JSON.parse(await readFile(join(directory, 'template.json'), 'utf8')),
    leftOver: () => readdir(temporary),
    remove: () => rm(home, { recursive: true }),
  };
}
