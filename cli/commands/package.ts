import { cp } from 'node:fs/promises';
import { givenPath } from '../../shared/config/shown-path.ts';
import { visible } from '../../shared/errors/text.ts';
import type { CommandContext } from '../environment/context.ts';
import { type PackagerOptions, withPackager } from '../packager/packager.ts';

export interface PackageOptions extends PackagerOptions {
  outputDirectory: string;
}

/**
 * Writes the template of a stage and the archives of its functions into a folder,
 * without an account and a network.
 *
 * @returns the exit code
 */
export async function packageStage(
  options: PackageOptions,
  context: CommandContext,
): Promise<number> {
  // Refuses a file that cannot be used before the packager starts.
  await context.localRotations();
  return withPackager(options, context, async ({ run, directory }) => {
    await run('package');
    const target = givenPath(options.outputDirectory);
    await cp(directory, target, { recursive: true });
    process.stdout.write(`${visible(target)}\n`);
    return 0;
  });
}
