import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashLine, sha256 } from '../../../cli/report/formats/sha256-file.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

/** A report with its hash, as the command report leaves them. */
async function writtenReport() {
  const path = join(await temporaryDirectory(), 'audit.html');
  await writeFile(path, 'a report');
  await writeFile(`${path}.sha256`, hashLine(sha256('a report'), path));
  return path;
}

const verify = (path: string) => runInProcess(['report', 'verify', path], {});

describe('report verify', () => {
  it('says VERIFIED for a report as it was written', async () => {
    const path = await writtenReport();
    expect(await verify(path)).toEqual({
      exitCode: 0,
      stdout: `VERIFIED ${path}\nSHA-256 ${sha256('a report')}\n`,
      stderr: '',
    });
  });

  it('shows both hashes of a report that has changed', async () => {
    const path = await writtenReport();
    await writeFile(path, 'a report, changed');
    const { exitCode, stdout } = await verify(path);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^DIFFERS /);
    expect(stdout).toContain(`SHA-256 ${sha256('a report, changed')}`);
    expect(stdout).toContain(`has ${sha256('a report')}`);
  });

  it('cannot verify without the report or without its hash', async () => {
    const path = await writtenReport();
    await rm(`${path}.sha256`);
    expect(await verify(path)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/audit\.html\.sha256.* cannot be read/),
    });
    await rm(path);
    expect(await verify(path)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/audit\.html .*cannot be read: ENOENT/),
    });
  });

  it('cannot verify with a hash file that is not one', async () => {
    const path = await writtenReport();
    await writeFile(`${path}.sha256`, 'deadbeef\n');
    expect(await verify(path)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('is not a line of sha256sum'),
    });
  });
});
