import { CommandError } from '../errors/command-error.ts';
import type { RotationPreview } from '../preview/rotation-preview.ts';
import { refusalsOf } from './access-report.ts';

/**
 * Refuses a start by `AccessCheck: FAIL`, with the reasons.
 *
 * @throws {CommandError}
 */
export function refuseLoss(previews: readonly RotationPreview[]): void {
  const refused = previews.flatMap(({ StreamName, Access }) => {
    const [first, ...others] = Access ? refusalsOf(Access) : [];
    if (first === undefined) return [];
    const more = others.length > 0 ? `, and ${others.length} more` : '';
    return [`${StreamName} (${first}${more})`];
  });
  if (refused.length === 0) return;
  throw new CommandError(
    `Nothing was started, since AccessCheck is FAIL: ${refused.join('; ')}. Give the rights, or start it with --access-check WARN`,
  );
}
