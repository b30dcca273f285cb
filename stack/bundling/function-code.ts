import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { PACKAGE_ROOT } from '../../shared/package-root.ts';

/**
 * The bundles of functions, without the boundaries of a deployment. The repository
 * builds them; an installed package brings them.
 *
 * @param sources such as `functions/plan-rotation.ts`
 * @returns the code of each by its source
 */
export async function functionCode(
  sources: readonly string[],
): Promise<Map<string, string>> {
  if (sources.every((source) => existsSync(new URL(source, PACKAGE_ROOT)))) {
    const { buildFunctions } = await import('./function-build.ts');
    const built = await buildFunctions(sources);
    return new Map([...built].map(([source, { code }]) => [source, code]));
  }
  const read = sources.map(async (source): Promise<[string, string]> => {
    const built = `dist/${source.replace(/\.ts$/, '.cjs')}`;
    return [source, await readFile(new URL(built, PACKAGE_ROOT), 'utf8')];
  });
  return new Map(await Promise.all(read));
}
