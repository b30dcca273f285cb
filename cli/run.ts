import type { Interruption } from './interruption.ts';
import { createProgram } from './program.ts';

const SUCCEEDED = 0;
const FAILED = 1;
const WRONG_REQUEST = 2;

/**
 * Runs one command, and sets `process.exitCode`.
 *
 * @param args the arguments after the program's name
 */
export async function runCommandLine(
  args: readonly string[],
  interruption: Interruption,
): Promise<void> {
  try {
    await createProgram(interruption).parseAsync(args, { from: 'user' });
  } catch (error) {
    const { aborted, reason } = interruption.signal;
    if (aborted && error === reason) {
      process.stderr.write(`${reason}: nothing was started\n`);
      process.exitCode = interruption.exitCode();
    } else {
      process.exitCode = await exitCodeOf(error);
    }
  }
}

/** Explains the error in one line, and returns its exit code. */
async function exitCodeOf(error: unknown): Promise<number> {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  if (code?.startsWith('commander.')) {
    return exitCode === 0 ? SUCCEEDED : WRONG_REQUEST;
  }
  const { debugError } = await import('./debug.ts');
  debugError(error);
  const { explain } = await import('./errors/explain.ts');
  const { line, isWrongInput } = explain(error);
  process.stderr.write(`${line}\n`);
  return isWrongInput ? WRONG_REQUEST : FAILED;
}
