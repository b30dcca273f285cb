import { serviceName } from '../../shared/identifiers/service-names.ts';
import { interruptedText } from '../deployment/interrupted.ts';
import { type Removal, removalOf, removalText } from '../deployment/removal.ts';
import {
  type ChangeOptions,
  findTarget,
  isAgreed,
  targetText,
} from '../deployment/target.ts';
import type { CommandContext } from '../environment/context.ts';
import { describeStack } from '../environment/stack.ts';
import { CommandError, CouldNotAskError } from '../errors/command-error.ts';
import { printable } from '../output/printable.ts';
import { withPackager } from '../packager/packager.ts';

/**
 * Removes the stack of a stage: shows on stderr what goes and what stays, and asks. The
 * ledger stays. A rotation that runs could not settle without its functions, so it is
 * refused.
 *
 * @returns the exit code: 1 where the answer is no
 * @throws {CommandError} while rotations run
 * @throws {CouldNotAskError} where there is no stack
 */
export function remove(
  options: ChangeOptions,
  context: CommandContext,
): Promise<number> {
  return withPackager(options, context, async ({ run }) => {
    const target = await findTarget('remove', options, context);
    const { stage } = target;
    const { signal } = context.interruption;
    const stack = await describeStack(stage, signal);
    if (stack === undefined) {
      throw new CouldNotAskError(
        `There is no stack ${serviceName(stage)} in Region ${target.region}, so there is nothing to remove; give another --stage or --region`,
      );
    }
    const removal = await removalOf(target, stack, options.profile, signal);
    const text = removalText(removal);
    process.stderr.write(
      printable(`${serviceName(stage)}, ${targetText(target)}\n${text}\n`),
    );
    refuseRunning(removal);
    const question = `Remove ${targetText(target)}?`;
    const refused = 'Nothing was removed';
    if (!(await isAgreed(question, refused, options, context))) return 1;
    try {
      await run('remove');
      return 0;
    } catch (error) {
      if (!signal.aborted) throw error;
      process.stderr.write(await interruptedText(target, signal.reason));
      return context.interruption.exitCode() ?? 1;
    }
  });
}

/** The question is not asked, and `--yes` does not answer it. */
function refuseRunning({ running, stop }: Removal): void {
  if ('unknown' in running || running.length === 0) return;
  throw new CommandError(
    `A rotation that runs cannot settle without its functions, so nothing was removed. Wait until it has ended, or stop it: ${stop}`,
  );
}
