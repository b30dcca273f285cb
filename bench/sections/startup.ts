import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUDGETS } from '../budgets.ts';
import type { Section } from '../section.ts';
import { median, verdict } from '../support/statistics.ts';

const ROUNDS = 5;
/** What the first state's line on stderr has. */
const FIRST_STATE = 'PlanRotation';

const COMMANDS: Record<string, string[]> = {
  'npm start': ['npm', 'start'],
  'node cli/main.ts rotate': [process.execPath, 'cli/main.ts', 'rotate'],
};

interface Start {
  Command: string;
  /** Whether the embedded AWS had its streams and keys already. */
  IsUsed: boolean;
  /** To the first state. */
  Seconds: number;
  /** The most memory of the process until then, in MiB; where Linux tells. */
  MemoryMiB?: number;
}

interface Startup {
  Starts: Start[];
}

/** The most memory that a process has had, in MiB. */
async function peakMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kilobytes] = status.match(/^VmHWM:\s+(\d+) kB$/m) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}

async function start(
  command: string,
  directory: string,
  IsUsed: boolean,
): Promise<Start> {
  const [program = '', ...args] = COMMANDS[command] ?? [];
  const begin = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, LOCAL_DIR: directory },
    stdio: ['ignore', 'ignore', 'pipe'],
    // So that the interrupt reaches npm and what it started, as Ctrl-C does.
    detached: true,
  });
  const ended = once(child, 'exit');
  let said = '';
  for await (const chunk of child.stderr) {
    said += chunk;
    if (said.includes(FIRST_STATE)) break;
  }
  const Seconds = (performance.now() - begin) / 1000;
  if (!said.includes(FIRST_STATE)) throw new Error(`${command}: ${said}`);
  const { pid = 0 } = child;
  const MemoryMiB = program === 'npm' ? undefined : await peakMemory(pid);
  process.kill(-pid, 'SIGINT');
  await ended;
  return { Command: command, IsUsed, Seconds, MemoryMiB };
}

async function measure(): Promise<Startup> {
  const Starts: Start[] = [];
  for (const command of Object.keys(COMMANDS)) {
    for (let round = 0; round < ROUNDS; round++) {
      const directory = await mkdtemp(join(tmpdir(), 'bench-'));
      Starts.push(await start(command, directory, false));
      Starts.push(await start(command, directory, true));
      await rm(directory, { recursive: true });
    }
  }
  return { Starts };
}

function rows({ Starts }: Startup) {
  return Object.keys(COMMANDS).flatMap((command) =>
    [false, true].map((isUsed) => {
      const starts = Starts.filter(
        ({ Command, IsUsed }) => Command === command && IsUsed === isUsed,
      );
      return {
        command,
        folder: isUsed ? 'used' : 'fresh',
        seconds: median(starts.map(({ Seconds }) => Seconds)),
        memory: median(
          starts.flatMap(({ MemoryMiB }) =>
            MemoryMiB === undefined ? [] : [MemoryMiB],
          ),
        ),
      };
    }),
  );
}

export const STARTUP: Section<Startup> = {
  Name: 'startup',
  Title: 'The embedded AWS',
  measure,
  tables: (data) => [
    {
      Title: `To the first state (medians of ${ROUNDS})`,
      Head: [
        'command',
        'LOCAL_DIR',
        'seconds',
        `at most ${BUDGETS.StartSeconds}`,
        'memory, MiB',
      ],
      Rows: rows(data).map(({ command, folder, seconds, memory }) => [
        command,
        folder,
        seconds.toFixed(2),
        verdict(seconds <= BUDGETS.StartSeconds),
        Number.isNaN(memory) ? '' : memory.toFixed(0),
      ]),
    },
  ],
  plot: (data) => ({
    Title: 'Time to the first state',
    Kind: 'bars',
    X: rows(data).map(({ command, folder }) => `${command}, ${folder}`),
    XLabel: '',
    YLabel: 's',
    Series: [
      { Name: 'seconds', Values: rows(data).map(({ seconds }) => seconds) },
    ],
    Mark: { Value: BUDGETS.StartSeconds, Name: 'target' },
  }),
};
