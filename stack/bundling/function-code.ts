import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { PACKAGE_ROOT } from '../../shared/package-root.ts';

/**
 * The bundle of a function, without the boundaries of a deployment. The repository
 * builds it; an installed package brings it.
 *
 * @param source such as `functions/plan-rotation.ts`
 */
export async function functionCode(source: string): Promise<string> {
  if (existsSync(new URL(source, PACKAGE_ROOT))) {
    const { buildFunction } = await import('./function-build.ts');
    return (await buildFunction(source)).code;
  }
  const built = `dist/${source.replace(/\.ts$/, '.mjs')}`;
  return readFile(new URL(built, PACKAGE_ROOT), 'utf8');
}
