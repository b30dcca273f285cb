import { stripVTControlCharacters } from 'node:util';
import { legible } from '../shared/errors/text.ts';
import { type EndedCall, observeCalls } from '../shared/lambda/clients.ts';

let isOn = false;

/**
 * Prints from now on a line on stderr for each call to AWS, without its input and its
 * answer, and each error with its stack and causes.
 */
export function startDebugging(): void {
  isOn = true;
  observeCalls((call) => print(callText(call)));
}

/** Prints the stack of an error and of its causes, with --debug only. */
export function debugError(error: unknown): void {
  if (!isOn) return;
  for (const [at, each] of causesOf(error).entries()) {
    const [first = '', ...stack] = stackOf(each).split('\n');
    print(at === 0 ? first : `Caused by ${first}`);
    for (const line of stack) print(line);
  }
}

/** Service, operation, how it ended, request id, attempts and time. */
export function callText({
  client,
  command,
  ms,
  metadata,
  error,
}: EndedCall): string {
  const { httpStatusCode, requestId, attempts } = metadata;
  return [
    client?.replace(/Client$/, '') ?? 'unknown client',
    command?.replace(/Command$/, '') ?? 'unknown operation',
    httpStatusCode ?? 'no answer',
    ...(error ? [error.name] : []),
    ...(requestId ? [`request ${requestId}`] : []),
    ...(attempts
      ? [`${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`]
      : []),
    `${Math.round(ms)} ms`,
  ].join(' ');
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let next: unknown = error;
  while (next !== undefined && !causes.includes(next)) {
    causes.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return causes;
}

function stackOf(error: unknown): string {
  return stripVTControlCharacters(
    error instanceof Error ? (error.stack ?? String(error)) : String(error),
  );
}

function print(line: string): void {
  process.stderr.write(`debug: ${legible(line)}\n`);
}
