import { createInterface } from 'node:readline';

/** Whether a question can be asked, and answered by a person. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks a question on stderr, and reads the answer from stdin.
 *
 * @param signal ends the wait for the answer, with its reason
 * @returns whether the answer is `y` or `yes`
 */
export async function confirm(
  question: string,
  signal: AbortSignal,
): Promise<boolean> {
  process.stderr.write(`${question} (y/N) `);
  // Without an output it leaves the terminal as it is, so Ctrl-C is a signal.
  const lines = createInterface({ input: process.stdin, signal });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  lines.once('line', resolve).once('close', () => resolve(undefined));
  const answer = await promise;
  lines.close();
  if (answer === undefined) process.stderr.write('\n');
  signal.throwIfAborted();
  return answer !== undefined && /^\s*y(es)?\s*$/i.test(answer);
}
