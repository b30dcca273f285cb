import { existsSync, readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

const manifest = findPackageJSON(import.meta.url);
if (manifest === undefined) {
  throw new Error(`No package.json is in a folder above ${import.meta.url}`);
}

/** The folder of package.json: the repository, or the installed package. */
export const PACKAGE_ROOT: URL = pathToFileURL(`${dirname(manifest)}/`);

/**
 * Finds a module that is loaded by its address: its source in the repository, and
 * its build in an installed package, which has no sources.
 *
 * @param source its path in the repository, such as `local/services/kinesis-worker.ts`
 */
export function moduleUrl(source: string): URL {
  const url = new URL(source, PACKAGE_ROOT);
  if (existsSync(url)) return url;
  return new URL(`dist/${source.replace(/\.ts$/, '.js')}`, PACKAGE_ROOT);
}

/** The version in package.json. */
export function packageVersion(): string {
  const path = new URL('package.json', PACKAGE_ROOT);
  return JSON.parse(readFileSync(path, 'utf8')).version;
}
