import { execFile } from 'node:child_process';
import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const KEY = 'arn:aws:kms:us-east-1:111122223333:alias/orders';

/** Sources the script twice, and asks for the completions of a line. */
const ASK = `
set -eu
script=$(kinesis-key-rotation complete bash)
eval "$script"
eval "$script"
complete -p kinesis-key-rotation
COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
COMP_LINE=$1
COMP_POINT=\${#COMP_LINE}
set +e
_kinesis_key_rotation
printf '%s\\n' "\${COMPREPLY[@]:-}"
`;

let folder: string;

beforeAll(async () => {
  folder = await temporaryDirectory(afterAll);
  const command = join(folder, 'kinesis-key-rotation');
  await writeFile(
    command,
    `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, 'cli/main.ts')}" "$@"\n`,
  );
  await chmod(command, 0o755);
  await writeFile(
    join(folder, 'rotations.yml'),
    `Streams: [{StreamName: orders, KeyIds: ["${KEY}-a", "${KEY}-b"]}]`,
  );
});

/** What bash offers for a line, without any package and any file of the user. */
async function completions(line: string): Promise<string[]> {
  const args = ['--noprofile', '--norc', '-c', ASK, 'bash', line];
  const { stdout, stderr } = await promisify(execFile)('bash', args, {
    cwd: folder,
    env: { PATH: `${folder}:${process.env.PATH}` },
  });
  expect(stderr).toBe('');
  const [registered, ...offered] = stdout.trimEnd().split('\n');
  expect(registered).toBe(
    'complete -F _kinesis_key_rotation kinesis-key-rotation',
  );
  return offered;
}

describe.concurrent('completion in bash', () => {
  it.for([
    ['rotate --mode ', ['ROTATE', 'RESTORE', 'REVERT']],
    ['rotate --mode=RE', ['RESTORE', 'REVERT']],
    ['rotate --on-quota-exhausted W', ['WAIT']],
    ['rotate --on-verification-failed ', ['ROLL_BACK', 'KEEP']],
    ['history --output y', ['yaml']],
    ['history --status RO', ['ROTATED', 'ROLLED_BACK']],
    ['quota --stream-name ', ['orders']],
    // Bash replaces what stands after the last colon.
    [
      'rotate --key-id arn:aws:kms:us',
      [`${KEY.slice(12)}-a`, `${KEY.slice(12)}-b`],
    ],
    ['complete ', ['bash', 'zsh', 'fish', 'powershell']],
    ['hist', ['history']],
  ] as const)('completes %j', async ([line, offered]) => {
    expect(await completions(`kinesis-key-rotation ${line}`)).toEqual(offered);
  });

  it('never evaluates the line', async () => {
    await completions('kinesis-key-rotation rotate $(touch evaluated) --m');
    expect(await readdir(folder)).not.toContain('evaluated');
  });
});
