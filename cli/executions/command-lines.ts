import { visible } from '../../shared/errors/text.ts';
import type { StatesArn } from './states-arn.ts';

/** Flags of a command line, in order; `true` for one without a value. */
export type GivenFlags = Record<string, string | true | undefined>;

/** A command of this program, to copy into a shell. */
export function ownCommand(
  words: readonly string[],
  flags: GivenFlags = {},
): string {
  return commandLine(['npx', 'kinesis-key-rotation', ...words], flags);
}

/** A command to copy into a shell. */
export function commandLine(
  words: readonly string[],
  flags: GivenFlags = {},
): string {
  const given = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [`--${name}`, ...(value === true ? [] : [value])],
  );
  return [...words, ...given].map(shellWord).join(' ');
}

export function followCommand(executionArn: string, profile?: string): string {
  return ownCommand(['follow', executionArn], { profile });
}

export function stopCommand(
  { arn, region }: StatesArn,
  profile?: string,
): string {
  return commandLine(['aws', 'stepfunctions', 'stop-execution'], {
    'execution-arn': arn,
    region,
    profile,
  });
}

/** A word as a POSIX shell reads it. Control characters are escaped for the terminal. */
function shellWord(given: string): string {
  const word = visible(given);
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
