import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';

export interface Bundle {
  /** The function's name. */
  name: string;
  code: Uint8Array;
}

/** The same code makes the same archive, so that an unchanged function is not deployed. */
const MODIFIED = '1980-01-01T00:00:00';
/** Readable for Lambda, as a Unix file. */
const ATTRIBUTES = { os: 3, attrs: 0o644 << 16 };

/**
 * Writes the archive of a function.
 *
 * @param file the name of the bundle in the archive
 * @returns the path of the archive
 */
export async function writeArchive(
  directory: string,
  { name, code }: Bundle,
  file: string,
): Promise<string> {
  const archive = zipSync(
    { [file]: [code, ATTRIBUTES] },
    { level: 9, mtime: MODIFIED },
  );
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${name}.zip`);
  await writeFile(path, archive);
  return path;
}

/** Reads the functions' bundles out of the archives in a folder. */
export async function bundlesIn(directory: string): Promise<Bundle[]> {
  const archives = (await readdir(directory)).filter((file) =>
    file.endsWith('.zip'),
  );
  return Promise.all(
    archives.sort().map(async (archive) => {
      const files = unzipSync(await readFile(join(directory, archive)));
      const [code, ...others] = Object.values(files);
      if (code === undefined || others.length > 0) {
        throw new Error(
          `${archive} holds ${Object.keys(files)}, not one bundle`,
        );
      }
      return { name: basename(archive, '.zip'), code };
    }),
  );
}
