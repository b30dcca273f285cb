import { execFile } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { writeWhole } from '../../../cli/output/write-whole.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

describe('writeWhole', () => {
  it('makes a file, and leaves no draft', async () => {
    const folder = await temporaryDirectory();
    await writeWhole(join(folder, 'a'), 'text');
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('text');
    expect(await readdir(folder)).toEqual(['a']);
  });

  it.each([0o600, 0o666])(
    'replaces a file, and keeps mode %i',
    async (mode) => {
      const path = join(await temporaryDirectory(), 'a');
      await writeFile(path, 'before');
      await chmod(path, mode);
      const { ino } = await stat(path);
      await writeWhole(path, 'after');
      const after = await stat(path);
      expect(await readFile(path, 'utf8')).toBe('after');
      expect(after.mode & 0o777).toBe(mode);
      expect(after.ino).not.toBe(ino);
    },
  );

  it('writes through a link', async () => {
    const folder = await temporaryDirectory();
    await writeFile(join(folder, 'target'), 'before');
    await symlink('target', join(folder, 'link'));
    await writeWhole(join(folder, 'link'), 'after');
    expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, 'target'), 'utf8')).toBe('after');
  });

  it('writes into a pipe', async () => {
    const path = join(await temporaryDirectory(), 'pipe');
    await promisify(execFile)('mkfifo', [path]);
    const reading = open(path).then((file) => text(file.createReadStream()));
    await writeWhole(path, 'text');
    expect(await reading).toBe('text');
    expect((await lstat(path)).isFIFO()).toBe(true);
  });

  it('leaves nothing where it cannot write', async () => {
    const folder = await temporaryDirectory();
    await mkdir(join(folder, 'a'));
    await expect(writeWhole(join(folder, 'a'), 'x')).rejects.toThrow('EISDIR');
    await expect(writeWhole(join(folder, 'b', 'c'), 'x')).rejects.toThrow(
      'ENOENT',
    );
    expect(await readdir(folder)).toEqual(['a']);
  });
});
