import type { AddCommand } from '../input/add-command.ts';
import {
  environmentFlags,
  outputFlags,
  streamFlags,
  withFlags,
} from '../input/flags.ts';
import type { KeysOptions } from './keys.ts';

/** The command `keys`. */
export const addKeys: AddCommand = (program, context) => {
  withFlags(
    program
      .command('keys')
      .description(
        'show every key that streams are or were under, and until when their records need it',
      )
      .option(
        '--safe-to-retire',
        'only the keys that no record needs any more, with the commands that retire them the safe way',
      ),
    streamFlags(),
    environmentFlags(),
    outputFlags(),
  ).action(async (options: KeysOptions) => {
    const { keys } = await import('./keys.ts');
    process.exitCode = await keys(options, context);
  });
};
