import { readFileSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import { type Command, Option } from 'commander';
import { parseRotations } from '../../shared/config/rotations-file.ts';
import { REQUEST_FIELD_TEXTS } from '../../shared/contract/request-fields.ts';
import { PACKAGE_ROOT } from '../../shared/package-root.ts';

const BASH_SCRIPT = new URL('cli/input/completion.bash', PACKAGE_ROOT);

type Completion = ReturnType<typeof tab>;
/** Calls back with each value that a flag can have, and its description. */
type Values = (add: (value: string, description: string) => void) => void;

/**
 * Adds the command `complete`, which prints a shell's completion script and
 * answers it: commands, flags, the values that flags choose from, and the
 * streams and keys of rotations.yml.
 *
 * @param rotationsFile its path, once flags are known
 */
export function addCompletion(
  program: Command,
  rotationsFile: () => string,
): void {
  const completion = tab(program);
  useOwnBashScript(completion);
  const entries = () => {
    try {
      return parseRotations(readFileSync(rotationsFile(), 'utf8')).Streams;
    } catch {
      // What cannot be read completes nothing.
      return [];
    }
  };
  const keys: Values = (add) => {
    for (const { StreamName, KeyIds } of entries()) {
      for (const keyId of KeyIds) add(keyId, StreamName);
    }
  };
  complete(completion, {
    ...requestChoices(),
    'stream-name': (add) => {
      for (const { StreamName } of entries()) add(StreamName, '');
    },
    'key-id': keys,
    'key-ids': keys,
    'away-from': keys,
  });
}

/**
 * The library's script needs the package bash-completion, cannot be sourced twice, and
 * evaluates the line.
 */
function useOwnBashScript(completion: Completion): void {
  const printScript = completion.setup.bind(completion);
  completion.setup = (name, executable, shell) => {
    if (shell !== 'bash') printScript(name, executable, shell);
    else process.stdout.write(readFileSync(BASH_SCRIPT, 'utf8'));
  };
}

/** The fields of a request that choose from a list, by the name of their flag. */
function requestChoices(): Record<string, Values> {
  const choices = Object.values(REQUEST_FIELD_TEXTS).flatMap(({ flag }) => {
    if (flag?.values === undefined) return [];
    const { flags, values } = flag;
    const add: Values = (addValue) => {
      for (const value of values) addValue(value, '');
    };
    return [[new Option(flags).name(), add] as const];
  });
  return Object.fromEntries(choices);
}

function complete(
  { commands }: Completion,
  valuesOf: Record<string, Values>,
): void {
  for (const { options } of commands.values()) {
    for (const [name, values] of Object.entries(valuesOf)) {
      const option = options.get(name);
      if (option) option.handler = values;
    }
  }
  const shell = commands.get('complete')?.arguments.get('shell');
  if (!shell) return;
  shell.handler = (add) => {
    for (const name of ['bash', 'zsh', 'fish', 'powershell']) add(name, '');
  };
}
