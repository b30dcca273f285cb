import { join } from 'node:path';
import { readLocalSettings } from '../../local/session/local-aws.ts';
import { LocalStateError, stateError } from '../../local/state-error.ts';

/**
 * Explains an error that no caller handles, which ends the process. The embedded
 * AWS cannot go on without its folder; any other error is a defect, with its stack.
 */
export function crashText(error: unknown, env = process.env): string {
  const { code } = error as { code?: unknown };
  if (error instanceof LocalStateError)
    return `${error.name}: ${error.message}`;
  if (!String(code).startsWith('LEVEL_'))
    return (error as Error).stack ?? String(error);
  const { directory } = readLocalSettings(env);
  return crashText(stateError(directory, join(directory, 'dynamodb'), error));
}
