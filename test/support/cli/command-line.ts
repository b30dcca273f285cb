import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'vitest';
import type { AtEnd } from '../local/temporary-directory.ts';
import { CHILD_NODE, ROOT } from './child-node.ts';

const MAIN = join(ROOT, 'cli', 'main.ts');

interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

interface Running {
  kill: (signal: NodeJS.Signals) => void;
  ended: Promise<Ended>;
  /** Resolves with all that one output has said when it says these words. */
  said: (words: string) => Promise<string>;
}

interface How {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** The command line, with an embedded AWS of its own in a folder of its own. */
class CommandLine {
  readonly home: string;
  /** What `LOCAL_DIR` says; the command line has to create it. */
  readonly directory: string;
  readonly #children: ChildProcess[] = [];

  constructor(home: string) {
    this.home = home;
    this.directory = join(home, 'local');
  }

  /** The line with which a command names its embedded AWS. */
  get announcement(): string {
    return `Using the embedded AWS of ${this.directory}/\n`;
  }

  run(args: readonly string[], how?: How): Promise<Ended> {
    return this.start(args, how).ended;
  }

  start(args: readonly string[], { env, cwd = ROOT }: How = {}): Running {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      // Nothing else, so that no credentials or endpoints get in.
      env: {
        PATH: process.env.PATH,
        HOME: this.home,
        LOCAL_DIR: this.directory,
        LOCAL_UPDATE_SECONDS: '0.1',
        ...CHILD_NODE,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.push(child);
    const ended = Promise.all([
      once(child, 'exit'),
      text(child.stdout),
      text(child.stderr),
    ]).then(([[exitCode], stdout, stderr]) => ({ exitCode, stdout, stderr }));
    const said = async (words: string) => {
      const heard = Promise.withResolvers<string>();
      for (const output of [child.stdout, child.stderr]) {
        let all = '';
        output.on('data', (chunk) => {
          all += chunk;
          if (all.includes(words)) heard.resolve(all);
        });
      }
      ended.then((all) => {
        heard.reject(new Error(`No "${words}" in ${JSON.stringify(all)}`));
      });
      return heard.promise;
    };
    return { kill: (signal) => child.kill(signal), ended, said };
  }

  async close(): Promise<void> {
    const running = this.#children.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(running.map((child) => once(child, 'exit')));
    await rm(this.home, { recursive: true, force: true });
  }
}

/** A command line that is taken away at the end. */
export async function commandLine(atEnd: AtEnd): Promise<CommandLine> {
  const cli = new CommandLine(
    await mkdtemp(join(tmpdir(), 'kinesis-key-rotation-')),
  );
  atEnd(() => cli.close());
  return cli;
}

/** A test with a command line. */
export const it = test.extend('cli', ({ task: _ }, { onCleanup }) =>
  commandLine(onCleanup),
);

/** The variables that the command `local` exports. */
export function exportedVariables(stdout: string): Record<string, string> {
  return Object.fromEntries(
    [...stdout.matchAll(/^export (\w+)=(\S+)$/gm)].map((match) =>
      match.slice(1),
    ),
  );
}

/** Flags of the command `local`, by which it takes free ports. */
export const ANY_PORTS = [
  '--kinesis-port',
  '--dynamodb-port',
  '--kms-port',
  '--cloudwatch-port',
  '--sfn-port',
].flatMap((flag) => [flag, '0']);

/** An hour: Ctrl-C always comes during the update, and ends the wait for it. */
export const ENDLESS_UPDATE = { LOCAL_UPDATE_SECONDS: '3600' };

/** Processes that have the folder in their variables; none without /proc. */
export async function processesOf(directory: string): Promise<string[]> {
  const entries = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => /^\d+$/.test(entry))
      .map(async (pid) => {
        const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(
          () => '',
        );
        return environ.includes(directory) ? [pid] : [];
      }),
  );
  return found.flat();
}
