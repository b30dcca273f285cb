import type { ErrorKind } from './errors/explain.ts';
import type { Interruption } from './interruption.ts';
import { createProgram } from './program.ts';

const SUCCEEDED = 0;
const EXIT_CODES: Record<ErrorKind, number> = {
  FAILED: 1,
  WRONG_INPUT: 2,
  COULD_NOT_ASK: 3,
};

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
      const exitCode = await exitCodeOf(error);
      process.exitCode = interruption.exitCode() ?? exitCode;
    }
  }
}

/** Explains the error in one line, and returns its exit code. */
async function exitCodeOf(error: unknown): Promise<number> {
  const { code, exitCode } = error as { code?: string; exitCode?: number };
  if (code?.startsWith('commander.')) {
    return exitCode === 0 ? SUCCEEDED : EXIT_CODES.WRONG_INPUT;
  }
  const { debugError } = await import('./debug.ts');
  debugError(error);
  const { explain } = await import('./errors/explain.ts');
  const { line, kind } = explain(error);
  process.stderr.write(`${line}\n`);
  return EXIT_CODES[kind];
}
