import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readRotationsFile } from '../../../shared/config/rotations-file.ts';
import { it } from '../../support/cli/command-line.ts';

it('writes a rotations.yml that can be used, and keeps one that exists', async ({
  cli,
}) => {
  const path = join(cli.home, 'rotations.yml');
  const where = { cwd: cli.home };
  expect(await cli.run(['init'], where)).toEqual({
    exitCode: 0,
    stdout: `${path}\n`,
    stderr: '',
  });
  const { Streams } = await readRotationsFile(path);
  expect(Streams).toEqual([
    {
      StreamName: 'samplestream',
      KeyIds: ['alias/samplestream-a', 'alias/samplestream-b'],
    },
  ]);
  await writeFile(path, 'mine');
  expect(await cli.run(['init'], where)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `${path} exists. Edit it, or name another file with --rotations\n`,
  });
  expect(await readFile(path, 'utf8')).toBe('mine');
});

it('leads to the file of the stage, where there is one', async ({ cli }) => {
  await writeFile(join(cli.home, 'rotations.yml'), 'Streams: [usual]');
  await writeFile(join(cli.home, 'rotations.prod.yml'), 'Streams: [of-prod]');
  await writeFile(join(cli.home, 'other.yml'), 'Streams: [other]');
  const read = async (...args: string[]) => {
    const { stderr } = await cli.run(['package', ...args], { cwd: cli.home });
    return stderr.match(/^RotationsFileError: (\S+):/)?.[1];
  };
  expect(await read('--stage', 'prod')).toBe('rotations.prod.yml');
  expect(await read('--stage', 'dev')).toBe('rotations.yml');
  expect(await read('--stage', 'prod', '--rotations', 'other.yml')).toBe(
    'other.yml',
  );
});
