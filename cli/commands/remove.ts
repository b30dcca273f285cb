import type { CommandContext } from '../environment/context.ts';
import { type PackagerOptions, withPackager } from '../packager/packager.ts';

/**
 * Removes the stack of a stage. Its ledger stays.
 *
 * @returns the exit code
 */
export async function remove(
  options: PackagerOptions,
  context: CommandContext,
): Promise<number> {
  return withPackager(options, context, async ({ run }) => {
    await run('remove');
    return 0;
  });
}
