import { onTestFinished, vi } from 'vitest';
import type { Interruption } from '../../../cli/interruption.ts';
import { runCommandLine } from '../../../cli/run.ts';

/**
 * Runs a command in this process, for one that ends before it starts anything: a
 * process of its own takes a second. Not for tests that run at the same time.
 */
export async function runInProcess(
  args: readonly string[],
  env: Record<string, string>,
  interruption: Partial<Interruption> = {},
): Promise<{ exitCode: unknown; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += text;
      return true;
    }),
  );
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { exitCode: before } = process;
  const never = new AbortController().signal;
  try {
    await runCommandLine(args, {
      signal: never,
      forceQuit: never,
      exitCode: () => undefined,
      ...interruption,
    });
    return { exitCode: process.exitCode, ...said };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}
