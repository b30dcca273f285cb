import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { givenPath } from '../../shared/config/shown-path.ts';
import { visible } from '../../shared/errors/text.ts';
import { plainTemplate, TEMPLATE_FILE } from '../../stack/plain-template.ts';
import type { CommandContext } from '../environment/context.ts';
import { type PackagerOptions, withPackager } from '../packager/packager.ts';

export interface PackageOptions extends PackagerOptions {
  outputDirectory: string;
}

/** As the packager calls the template that it would deploy. */
const PACKAGED = 'cloudformation-template-update-stack.json';

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
    await mkdir(target, { recursive: true });
    const files = await readdir(directory);
    const archives = files.filter((file) => file.endsWith('.zip'));
    await Promise.all(
      archives.map((file) => cp(join(directory, file), join(target, file))),
    );
    const packaged = await readFile(join(directory, PACKAGED), 'utf8');
    const template = plainTemplate(JSON.parse(packaged));
    const text = `${JSON.stringify(template, null, 2)}\n`;
    const path = join(target, TEMPLATE_FILE);
    await writeFile(path, text);
    process.stdout.write(`${visible(path)}\n`);
    return 0;
  });
}
