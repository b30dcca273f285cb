import { randomUUID } from 'node:crypto';
import { chmod, lstat, rename, rm, writeFile } from 'node:fs/promises';

/**
 * Writes a file. A regular one is replaced in one step, so that it is never half
 * written, and keeps its mode. A link, a pipe or a device is written through.
 *
 * @throws what the file system refuses; then the file is as before
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const known = await lstat(path).catch(() => undefined);
  if (known !== undefined && !known.isFile()) {
    await writeFile(path, text);
    return;
  }
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, text, known && { mode: known.mode });
    // The umask narrows the mode of a file that is made.
    if (known !== undefined) await chmod(draft, known.mode);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
