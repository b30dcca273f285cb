import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  hashLine,
  hashPath,
  parseHashLine,
  sha256,
} from '../../../../cli/report/formats/sha256-file.ts';
import { temporaryDirectory } from '../../../support/local/temporary-directory.ts';

const EMPTY =
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('the hash beside a report', () => {
  it('is the SHA-256 of the UTF-8', () => {
    expect(sha256('')).toBe(EMPTY);
    expect(sha256('ä')).toBe(sha256(Buffer.from([0xc3, 0xa4])));
  });

  it.each(['audit.html', 'a b.html', 'back\\slash', 'line\nbreak'])(
    'is in the format of sha256sum for %j',
    async (name) => {
      const folder = await temporaryDirectory();
      const path = join(folder, name);
      await writeFile(path, 'text');
      const line = hashLine(sha256('text'), path);
      const kept = join(folder, 'kept.sha256');
      await writeFile(kept, line);
      const check = promisify(execFile)('sha256sum', ['--check', kept], {
        cwd: folder,
      });
      await expect(check).resolves.toMatchObject({
        stdout: expect.stringContaining('OK'),
      });
      expect(parseHashLine(line)).toBe(sha256('text'));
      expect(hashPath(path)).toBe(`${path}.sha256`);
    },
  );

  it('is read in the binary format of sha256sum, and in capitals', () => {
    expect(parseHashLine(`${EMPTY.toUpperCase()} *a\n`)).toBe(EMPTY);
  });

  it.each([
    '',
    EMPTY,
    `${EMPTY}  `,
    `x${EMPTY}  a`,
    `${EMPTY}  a\n${EMPTY}  b`,
  ])('is not read from %j', (text) =>
    expect(parseHashLine(text)).toBeUndefined(),
  );
});
