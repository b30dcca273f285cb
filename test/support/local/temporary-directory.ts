import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Where a test says what is to be undone at its end, latest first. */
export type AtEnd = (undo: () => void | Promise<void>) => void;

/**
 * A new folder that lives as long as the test.
 *
 * @param atEnd of the test's context; needed only by concurrent tests
 */
export async function temporaryDirectory(
  atEnd: AtEnd = onTestFinished,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kinesis-key-rotation-'));
  atEnd(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}
