import type { CommandContext } from '../environment/context.ts';
import { type PackagerOptions, withPackager } from '../packager/packager.ts';

/**
 * Deploys a stage with the AWS credentials of the caller.
 *
 * @returns the exit code
 */
export async function deploy(
  options: PackagerOptions,
  context: CommandContext,
): Promise<number> {
  return withPackager(options, context, async ({ run }) => {
    await run('deploy');
    return 0;
  });
}
