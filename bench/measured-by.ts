import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * What a script of this folder measures in a process of its own, which prints
 * it as JSON: a process has one embedded AWS.
 */
export async function measuredBy<Data>(
  script: string,
  ...args: string[]
): Promise<Data> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path, ...args],
    { maxBuffer: 2 ** 24 },
  );
  return JSON.parse(stdout) as Data;
}
