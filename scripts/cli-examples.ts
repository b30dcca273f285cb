/**
 * Runs the commands of docs/cli.md, in order, on an embedded AWS that `local`
 * keeps up for them, and writes command and output below each mark:
 *
 *     <!-- run: kinesis-key-rotation quota -->
 *
 * `exit N` after the command is its expected exit code, and EXECUTION_ARN the
 * execution that the previous command started.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const RUN =
  /<!-- run: kinesis-key-rotation (?<args>.*?)(?: exit (?<code>\d+))? -->\n\n```\n(?:[\s\S]*?\n)??```\n/g;

export interface Example {
  args: string[];
  exitCode: number;
}

/** The commands that a page shows. */
export function examplesIn(page: string): Example[] {
  return [...page.matchAll(RUN)].map(({ groups }) => ({
    args: String(groups?.args).split(' '),
    exitCode: Number(groups?.code ?? 0),
  }));
}

/** The line that a reader types for a mark. */
export function commandOf(mark = ''): string {
  const [, args = ''] = /<!-- run: (.*?)(?: exit \d+)? -->/.exec(mark) ?? [];
  return `$ npx ${args}`;
}

async function outputOf(
  { args, exitCode }: Example,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const run = promisify(execFile);
  const ended = await run(process.execPath, ['cli/main.ts', ...args], {
    env,
  }).then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    (error) => error as { stdout: string; stderr: string; code: number },
  );
  if (ended.code !== exitCode) {
    throw new Error(
      `${args.join(' ')} exits with ${ended.code}: ${ended.stderr}`,
    );
  }
  const said = `${ended.stderr}${ended.stdout}`.trimEnd();
  return said.replaceAll(String(env.LOCAL_DIR), '.local');
}

/** The endpoint of Step Functions that `local` prints, among other lines. */
async function exportedEndpoint(output: Readable): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [, endpoint] = /AWS_ENDPOINT_URL_SFN=(\S+)/.exec(line) ?? [];
    if (endpoint !== undefined) return endpoint;
  }
  throw new Error('The embedded AWS has ended');
}

if (import.meta.main) {
  const path = 'docs/cli.md';
  const directory = await mkdtemp(join(tmpdir(), 'cli-'));
  const env = {
    PATH: process.env.PATH,
    LOCAL_DIR: directory,
    TZ: 'UTC',
    NO_COLOR: '1',
    COLUMNS: '100',
  };
  const ports = ['kinesis', 'dynamodb', 'kms', 'sfn'].flatMap((service) => [
    `--${service}-port`,
    '0',
  ]);
  const local = spawn(
    process.execPath,
    ['cli/main.ts', 'local', '--rotations', 'examples/rotations.yml', ...ports],
    { env, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  try {
    const sfn = await exportedEndpoint(local.stdout);
    const page = await readFile(path, 'utf8');
    const outputs: string[] = [];
    for (const { args, exitCode } of examplesIn(page)) {
      const [, arn = ''] = /^Started (\S+)$/m.exec(outputs.at(-1) ?? '') ?? [];
      const words = args.map((word) => (word === 'EXECUTION_ARN' ? arn : word));
      const example = { args: words, exitCode };
      outputs.push(
        await outputOf(example, {
          ...env,
          AWS_ENDPOINT_URL_SFN: sfn,
          AWS_ACCESS_KEY_ID: 'local',
          AWS_SECRET_ACCESS_KEY: 'local',
        }),
      );
    }
    await writeFile(
      path,
      page.replaceAll(RUN, (block) => {
        const [mark] = block.split('\n');
        const shown = outputs.shift();
        return `${mark}\n\n\`\`\`\n${commandOf(mark)}\n${shown}\n\`\`\`\n`;
      }),
    );
  } finally {
    local.kill('SIGINT');
    await once(local, 'exit');
    await rm(directory, { recursive: true });
  }
}
