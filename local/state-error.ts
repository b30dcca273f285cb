import { UserError } from '../shared/errors/errors.ts';

/** The embedded AWS cannot use its folder; the message says what to do. */
export class LocalStateError extends UserError {
  override name = 'LocalStateError';
}

/** Errors of the file system that leave the state as it is. */
const REMEDIES: Record<string, string> = {
  ENOSPC: 'Free space on the disk, or set LOCAL_DIR to a folder elsewhere',
  EDQUOT: 'Free space on the disk, or set LOCAL_DIR to a folder elsewhere',
  EACCES: 'Allow this user to write there, or set LOCAL_DIR to another folder',
  EPERM: 'Allow this user to write there, or set LOCAL_DIR to another folder',
  EROFS: 'Set LOCAL_DIR to a folder that can be written',
};

/**
 * Explains why a part of the embedded AWS's state cannot be used.
 *
 * @param folder of the whole state
 * @param path of the file or folder in it that is broken
 */
export function stateError(
  folder: string,
  path: string,
  error: unknown,
): LocalStateError {
  if (error instanceof LocalStateError) return error;
  const root = rootOf(error as Error);
  const remedy =
    REMEDIES[codeOf(root)] ??
    `Remove the folder ${folder} to begin with an empty embedded AWS; its streams, records, keys and ledger are lost with it`;
  return new LocalStateError(
    `The embedded AWS cannot use ${path}: ${root.message}. ${remedy}`,
    { cause: error },
  );
}

/** The folder of the state is not a folder, or cannot be made. */
export function folderError(folder: string, error: Error): LocalStateError {
  const remedy =
    REMEDIES[codeOf(error)] ??
    'Remove what is there, or set LOCAL_DIR to another folder';
  return new LocalStateError(
    `The embedded AWS cannot use the folder ${folder}: ${error.message}. ${remedy}`,
    { cause: error },
  );
}

/** LevelDB gives the error of the system as text alone. */
function codeOf({ code, message }: Error & { code?: string }): string {
  if (message.includes('No space left on device')) return 'ENOSPC';
  if (message.includes('Permission denied')) return 'EACCES';
  return code ?? '';
}

/** The database wraps the reason of its refusal. */
function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}
