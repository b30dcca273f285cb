import { findPackageJSON } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

const manifest = findPackageJSON(import.meta.url);
if (manifest === undefined) {
  throw new Error(`No package.json is in a folder above ${import.meta.url}`);
}

/** The folder of package.json: the repository, or the installed package. */
export const PACKAGE_ROOT: URL = pathToFileURL(`${dirname(manifest)}/`);
