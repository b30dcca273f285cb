#!/usr/bin/env node
import { keepCompiledCode } from '../local/compile-cache.ts';
import { listenForInterruption } from './interruption.ts';
import { createProgram } from './program.ts';

// For the commands, which are imported when they are called.
keepCompiledCode();

const SUCCEEDED = 0;
const FAILED = 1;
const WRONG_REQUEST = 2;

// A reader that goes away must not keep a rotation from being settled.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const interruption = listenForInterruption();

try {
  await createProgram(interruption).parseAsync();
} catch (error) {
  const { aborted, reason } = interruption.signal;
  if (aborted && error === reason) {
    process.stderr.write(`${reason}: nothing was started\n`);
    process.exitCode = interruption.exitCode();
  } else {
    process.exitCode = await exitCodeOf(error);
  }
}

/** Says what was wrong in one line, and what it means for the exit code. */
async function exitCodeOf(error: unknown): Promise<number> {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  if (code?.startsWith('commander.')) {
    return exitCode === 0 ? SUCCEEDED : WRONG_REQUEST;
  }
  const { explain } = await import('./errors/explain.ts');
  const { line, isWrongInput } = explain(error);
  process.stderr.write(`${line}\n`);
  return isWrongInput ? WRONG_REQUEST : FAILED;
}
