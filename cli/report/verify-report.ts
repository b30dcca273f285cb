import { readFile } from 'node:fs/promises';
import { givenPath } from '../../shared/config/shown-path.ts';
import { visible } from '../../shared/errors/text.ts';
import { hashPath, parseHashLine, sha256 } from './formats/sha256-file.ts';

/**
 * Compares a report with the hash beside it, and prints the result.
 *
 * @returns the exit code: 0 for the same, 1 for another content, 2 where the file or
 *   its hash cannot be read
 */
export async function verifyReport(file: string): Promise<number> {
  const path = givenPath(file);
  const hashFile = hashPath(path);
  const content = await readable(path);
  const line = await readable(hashFile);
  if (content === undefined || line === undefined) return 2;
  const expected = parseHashLine(line.toString('utf8'));
  if (expected === undefined) {
    process.stderr.write(
      `${visible(hashFile)} is not a line of sha256sum: 64 hexadecimal digits, two spaces and a name\n`,
    );
    return 2;
  }
  const actual = sha256(content);
  if (actual === expected) {
    process.stdout.write(`VERIFIED ${visible(path)}\nSHA-256 ${actual}\n`);
    return 0;
  }
  process.stdout.write(
    `DIFFERS ${visible(path)}\nSHA-256 ${actual}\n${visible(hashFile)} has ${expected}. The report or this hash has changed since they were written\n`,
  );
  return 1;
}

async function readable(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    process.stderr.write(
      `${visible(path)} cannot be read: ${(error as Error).message}\n`,
    );
    return undefined;
  }
}
