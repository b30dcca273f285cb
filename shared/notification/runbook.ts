import { ERRORS } from '../errors/errors.ts';

/** The runbook's page, for people with the repository. `--param runbook` replaces it. */
export const RUNBOOK = 'docs/operations.md';

/** The place in the runbook for the warning of a rotation that changed nothing. */
export const runbookOfWarning = (page: string): string =>
  `${page}#an-alarm-changes-nothing`;

/**
 * The place in the runbook for an `Error`: one of its own for a name of ours, the
 * section of AWS's names for any other.
 *
 * @param page the runbook's page, a path or a URL
 */
export function runbookOfError(error: string, page: string): string {
  const anchor = Object.hasOwn(ERRORS, error)
    ? error.toLowerCase()
    : 'errors-of-aws';
  return `${page}#${anchor}`;
}
