import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../shared/package-root.ts';

const FOLDER = new URL('node_modules/.cache/node-compile-cache', PACKAGE_ROOT);

/**
 * Has Node.js keep the compiled code of what is imported from now on, beside
 * the packages that it is of rather than among temporary files.
 */
export function keepCompiledCode(): void {
  enableCompileCache(fileURLToPath(FOLDER));
}
