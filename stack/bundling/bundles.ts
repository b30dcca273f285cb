import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { unzipSync } from 'fflate';

export interface Bundle {
  /** The function's name. */
  name: string;
  code: Uint8Array;
}

/** The functions' bundles, out of the archives that the packager wrote. */
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
