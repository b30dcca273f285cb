import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BUDGETS } from '../budgets.ts';
import { type Section, verdict } from '../section.ts';
import { median } from '../support/statistics.ts';

const ROUNDS = 5;
/** A part of the first state's line on stderr. */
const FIRST_STATE = 'PlanRotation';

const COMMANDS = [
  { name: 'npm start', program: 'npm', args: ['start'] },
  {
    name: 'node cli/main.ts rotate',
    program: process.execPath,
    args: ['cli/main.ts', 'rotate'],
  },
];
type Command = (typeof COMMANDS)[number];

interface Start {
  command: string;
  /** Whether the embedded AWS already had its streams and keys. */
  isUsed: boolean;
  /** To the first state. */
  seconds: number;
  /** The peak memory of the process until then, in MiB; only on Linux. */
  memoryMiB?: number;
}

interface Startup {
  starts: Start[];
}

/** The peak memory of a process, in MiB. */
async function peakMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kilobytes] = status.match(/^VmHWM:\s+(\d+) kB$/m) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}

async function start(
  { name, program, args }: Command,
  directory: string,
  isUsed: boolean,
): Promise<Start> {
  const begin = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, LOCAL_DIR: directory },
    stdio: ['ignore', 'ignore', 'pipe'],
    // So that the interrupt reaches npm and its children, as Ctrl-C does.
    detached: true,
  });
  const ended = once(child, 'exit');
  let output = '';
  for await (const chunk of child.stderr) {
    output += chunk;
    if (output.includes(FIRST_STATE)) break;
  }
  const seconds = (performance.now() - begin) / 1000;
  const { pid } = child;
  if (pid === undefined || !output.includes(FIRST_STATE)) {
    throw new Error(`${name}: ${output}`);
  }
  const memoryMiB = program === 'npm' ? undefined : await peakMemory(pid);
  process.kill(-pid, 'SIGINT');
  await ended;
  // npm ends before the process that it started.
  while (isAlive(-pid)) await delay(20);
  return { command: name, isUsed, seconds, memoryMiB };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function measure(): Promise<Startup> {
  const starts: Start[] = [];
  for (const command of COMMANDS) {
    for (let round = 0; round < ROUNDS; round++) {
      const directory = await mkdtemp(join(tmpdir(), 'bench-'));
      starts.push(await start(command, directory, false));
      starts.push(await start(command, directory, true));
      await rm(directory, { recursive: true });
    }
  }
  return { starts };
}

const summarize = ({ starts }: Startup) =>
  COMMANDS.flatMap(({ name }) =>
    [false, true].map((isUsed) => {
      const some = starts.filter(
        (one) => one.command === name && one.isUsed === isUsed,
      );
      const memory = some.map((one) => one.memoryMiB);
      return {
        command: name,
        folder: isUsed ? 'used' : 'fresh',
        seconds: median(some.map(({ seconds }) => seconds)),
        memory: median(memory.filter((mib) => mib !== undefined)),
      };
    }),
  );

export const STARTUP: Section<Startup> = {
  name: 'startup',
  title: 'The embedded AWS',
  measure,
  tables: (data) => [
    {
      title: `Time to the first state (medians of ${ROUNDS})`,
      head: [
        'command',
        'LOCAL_DIR',
        'seconds',
        `at most ${BUDGETS.startSeconds}`,
        'memory, MiB',
      ],
      rows: summarize(data).map(({ command, folder, seconds, memory }) => [
        command,
        folder,
        seconds.toFixed(2),
        verdict(seconds <= BUDGETS.startSeconds),
        Number.isNaN(memory) ? '' : memory.toFixed(0),
      ]),
    },
  ],
  plot: (data) => {
    const medians = summarize(data);
    return {
      title: 'Time to the first state',
      kind: 'bars',
      x: medians.map(({ command, folder }) => `${command}, ${folder}`),
      xLabel: '',
      yLabel: 's',
      series: [
        { name: 'seconds', values: medians.map(({ seconds }) => seconds) },
      ],
      mark: { value: BUDGETS.startSeconds, name: 'target' },
    };
  },
};
