import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * Runs a script of bench/processes in a child process, since a process has one
 * embedded AWS, and reads the JSON that it prints.
 */
export async function measureInProcess<Data>(
  script: string,
  ...args: (string | number)[]
): Promise<Data> {
  const url = new URL(`../processes/${script}.ts`, import.meta.url);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(url), ...args.map(String)],
    { maxBuffer: 2 ** 24 },
  );
  return JSON.parse(stdout) as Data;
}
