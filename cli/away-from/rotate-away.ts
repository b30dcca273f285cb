import type { CheckOptions } from '../access-check/check-previews.ts';
import { guardStart } from '../access-check/guard-start.ts';
import { fleetStart, rotateFleet } from '../commands/rotate-all.ts';
import type { CommandContext } from '../environment/context.ts';
import {
  embeddedEnvironment,
  withEnvironment,
} from '../environment/environment.ts';
import { type StartOptions, startExecution } from '../executions/start.ts';
import type { RequestFlags } from '../input/request-flags.ts';
import { printable } from '../output/printable.ts';
import type { OutputOptions } from '../output/render.ts';
import { confirmStart } from '../preview/confirm-start.ts';
import { awayText } from './away-text.ts';
import { type AwayPlan, isIncomplete } from './look.ts';
import { awayFleet, lookForMoves } from './plan-away.ts';

export interface RotateAwayOptions
  extends RequestFlags,
    OutputOptions,
    StartOptions,
    CheckOptions {}

/**
 * Moves every managed stream that is under a key to another key of its ring: on a
 * stage after a question, or on the embedded AWS. Says on stderr which streams stay.
 *
 * @returns the exit code: 1 where a rotation failed, or a stream stays or may stay
 *   under the key
 * @throws {RotationError} InvalidRequest, before anything is started
 */
export async function rotateAway(
  keyId: string,
  options: RotateAwayOptions,
  context: CommandContext,
): Promise<number> {
  const fleet = await awayFleet(options, context);
  let found: AwayPlan | undefined;
  const look: typeof lookForMoves = async (...given) => {
    const moves = await lookForMoves(...given);
    found = moves.plan;
    say(awayText(moves.plan));
    if (moves.requests.length === 0) say('Nothing was started');
    return moves;
  };
  const exitCode =
    options.stage === undefined
      ? await rotateFleet(
          async (aws) => {
            const environment = embeddedEnvironment(aws);
            return (await look(keyId, fleet, environment, context)).requests;
          },
          options,
          context,
        )
      : await rotateStage(options, context, () =>
          withEnvironment(options, context, (environment) =>
            look(keyId, fleet, environment, context),
          ),
        );
  return exitCode === 0 && (found === undefined || isIncomplete(found))
    ? 1
    : exitCode;
}

async function rotateStage(
  options: RotateAwayOptions,
  context: CommandContext,
  look: () => ReturnType<typeof lookForMoves>,
): Promise<number> {
  const { requests } = await look();
  if (requests.length === 0) return 0;
  if (options.yes) await guardStart(requests, options, context);
  const isConfirmed =
    options.yes || (await confirmStart(requests, options, context));
  return isConfirmed
    ? startExecution(fleetStart, requests, options, context)
    : 1;
}

function say(text: string): void {
  process.stderr.write(printable(`${text}\n`));
}
