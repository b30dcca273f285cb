import { execFile } from 'node:child_process';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Template } from '../../../stack/template.ts';

const SOURCES = [
  'functions',
  'package.json',
  'rotations.yml',
  'serverless.yml',
  'shared',
  'stack',
  'statemachines',
];
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
 * Runs the packager as `npm run package` does, without credentials, on a copy of
 * the sources: two runs in one folder would share what they write.
 *
 * @param rotations text of rotations.yml; the one that is shipped without it
 */
export async function packaged(
  rotations?: string,
  args: readonly string[] = [],
): Promise<Packaged> {
  const home = await mkdtemp(join(tmpdir(), 'packaged-'));
  await Promise.all([
    ...SOURCES.map((name) => cp(name, join(home, name), { recursive: true })),
    symlink(resolve('node_modules'), join(home, 'node_modules')),
  ]);
  if (rotations !== undefined) {
    await writeFile(join(home, 'rotations.yml'), rotations);
  }
  const directory = join(home, '.serverless');
  const temporary = join(home, 'tmp');
  await mkdir(temporary);
  const ended = await promisify(execFile)(
    process.execPath,
    [
      join('node_modules', 'serverless', 'bin', 'serverless.js'),
      'package',
      ...args,
    ],
    {
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home, TMPDIR: temporary },
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
      JSON.parse(
        await readFile(
          join(directory, 'cloudformation-template-update-stack.json'),
          'utf8',
        ),
      ),
    leftOver: () => readdir(temporary),
    remove: () => rm(home, { recursive: true }),
  };
}
