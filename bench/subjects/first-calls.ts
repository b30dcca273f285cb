import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { BUDGETS } from '../budgets.ts';
import { type Table, targetTable } from '../section.ts';
import {
  BARE,
  type FirstCall,
  firstCall,
  IDLE,
} from '../support/first-call.ts';
import { median } from '../support/statistics.ts';
import { ROTATION_EVENTS } from './rotation-events.ts';

/** Each function starts so often, in turn with all others. */
const ROUNDS = 9;
/** With this a function has all of a processor, says AWS. */
const PROCESSOR_MB = 1769;
/** Sizes to compare with that of the deployed functions. */
const COMPARED_MB = [512, 1024];

/** Medians of the starts of one function. */
interface Starts extends FirstCall {
  name: string;
}

/** What the functions of a rotation need until their first calls. */
export interface FirstCalls {
  /** Of the deployed functions. */
  memoryMb: number;
  starts: Starts[];
  /** Each of the same functions with V8's cache of an earlier process here. */
  cached: Starts[];
  idle: Starts;
  bare: Starts;
}

/** The share of a processor that a function gets, of which it can use one. */
export const processorShare = (memoryMb: number): number =>
  Math.min(1, memoryMb / PROCESSOR_MB);

async function deployedMemoryMb(): Promise<number> {
  const text = await readFile('serverless.yml', 'utf8');
  const { provider } = parse(text, { logLevel: 'silent' });
  return provider.memorySize;
}

/** @param directory where the bundles are, each under its function's name */
export async function measureFirstCalls(
  directory: string,
): Promise<FirstCalls> {
  const compileCache = join(directory, 'cache');
  const idle = join(directory, 'idle.cjs');
  const bare = join(directory, 'bare.cjs');
  await Promise.all([writeFile(idle, IDLE), writeFile(bare, BARE)]);
  const rounds = new Map<string, FirstCall[]>();
  const start = async (kind: string, ...call: Parameters<typeof firstCall>) => {
    const calls = rounds.get(kind) ?? [];
    calls.push(await firstCall(...call));
    rounds.set(kind, calls);
  };
  for (let round = 0; round < ROUNDS; round++) {
    await start('idle', idle, {}, { isIdle: true });
    await start('bare', bare, {});
    for (const [name, event] of Object.entries(ROTATION_EVENTS)) {
      const path = join(directory, `${name}.cjs`);
      await start(name, path, event);
      await start(`${name} cached`, path, event, { compileCache });
    }
  }
  const middle = (name: string, kind = name): Starts => {
    const of = (field: keyof FirstCall) =>
      median((rounds.get(kind) ?? []).map((call) => call[field]));
    const [loadedCpuMs, cpuMs] = [of('loadedCpuMs'), of('cpuMs')];
    return { name, loadedCpuMs, cpuMs, wallMs: of('wallMs') };
  };
  const names = Object.keys(ROTATION_EVENTS);
  return {
    memoryMb: await deployedMemoryMb(),
    starts: names.map((name) => middle(name)),
    cached: names.map((name) => middle(name, `${name} cached`)),
    idle: middle('idle'),
    bare: middle('bare'),
  };
}

function sumOf(name: string, starts: readonly Starts[]): Starts {
  const sum = (field: keyof FirstCall) =>
    starts.reduce((total, start) => total + start[field], 0);
  const [loadedCpuMs, cpuMs] = [sum('loadedCpuMs'), sum('cpuMs')];
  return { name, loadedCpuMs, cpuMs, wallMs: sum('wallMs') };
}

export function firstCallTables(data: FirstCalls): Table[] {
  const sizes = [...COMPARED_MB, data.memoryMb];
  const times = (start: Starts) => data.starts.map(() => start);
  const sum = sumOf('sum', data.starts);
  const bare = sumOf('sum of as many calls without the SDK', times(data.bare));
  const row = (start: Starts) => [
    start.name,
    start.loadedCpuMs.toFixed(0),
    start.cpuMs.toFixed(0),
    (start.cpuMs / sum.cpuMs).toFixed(2),
    start.wallMs.toFixed(0),
    ...sizes.map((mb) => (start.cpuMs / processorShare(mb)).toFixed(0)),
  ];
  return [
    {
      title: `From the start of a process to the first call to AWS (medians of ${ROUNDS})`,
      head: [
        'function',
        'CPU until loaded, ms',
        'CPU until the call, ms',
        'x sum',
        'time here, ms',
        ...sizes.map((mb) => `at ${mb} MB, ms`),
      ],
      rows: [
        ...data.starts,
        sum,
        sumOf('sum with a compile cache of this machine', data.cached),
        bare,
        sumOf('sum of as many functions that do nothing', times(data.idle)),
      ].map(row),
    },
    targetTable([
      [
        'CPU until the calls, x that without the SDK',
        sum.cpuMs / bare.cpuMs,
        BUDGETS.firstCallRatio,
      ],
    ]),
  ];
}
