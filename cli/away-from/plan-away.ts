import {
  type CheckOptions,
  withAccess,
} from '../access-check/check-previews.ts';
import { fleetRequests } from '../commands/rotate-all.ts';
import type { CommandContext } from '../environment/context.ts';
import type { AwsOptions } from '../environment/deployment.ts';
import {
  type Environment,
  withEnvironment,
} from '../environment/environment.ts';
import type { RequestFlags } from '../input/request-flags.ts';
import { type OutputOptions, render } from '../output/render.ts';
import { previewRequests } from '../preview/preview-requests.ts';
import { previewTable } from '../preview/preview-text.ts';
import { awayRequests, refuseOwnChoice } from './away-requests.ts';
import { awayText } from './away-text.ts';
import { type AwayPlan, isIncomplete, lookAway } from './look.ts';

type Requests = Record<string, unknown>[];

/**
 * Prints what `rotate --all --away-from` would do, and changes nothing.
 *
 * @returns the exit code: 1 where a rotation would fail, or a stream stays or may stay
 *   under the key
 */
export async function planAway(
  keyId: string,
  options: AwsOptions & OutputOptions & RequestFlags & CheckOptions,
  context: CommandContext,
): Promise<number> {
  const fleet = await awayFleet(options, context);
  return withEnvironment(options, context, async (environment) => {
    const { plan, requests } = await lookForMoves(
      keyId,
      fleet,
      environment,
      context,
    );
    const planned = await previewRequests(requests, environment);
    const previews = await withAccess(planned, environment, context, options);
    const text = render({ ...plan, Moves: previews }, options, () =>
      [awayText(plan), ...tableOf(previews)].join('\n'),
    );
    process.stdout.write(text);
    const isFailing = previews.some(({ Expected }) => Expected === 'FAILED');
    return isFailing || isIncomplete(plan) ? 1 : 0;
  });
}

const tableOf = (previews: Parameters<typeof previewTable>[0]) =>
  previews.length === 0 ? ['Nothing was changed.'] : [previewTable(previews)];

/**
 * Builds the requests of every stream, from which those that move are taken.
 *
 * @throws {RotationError} InvalidRequest, before anything is started
 */
export async function awayFleet(
  flags: RequestFlags,
  context: CommandContext,
): Promise<Requests> {
  const fleet = await fleetRequests(flags, context);
  refuseOwnChoice(fleet);
  return fleet;
}

/** Looks at the streams of an environment. Changes nothing. */
export async function lookForMoves(
  keyId: string,
  fleet: Requests,
  environment: Environment,
  { rotations, interruption: { signal } }: CommandContext,
): Promise<{ plan: AwayPlan; requests: Requests }> {
  const streams = await rotations();
  const plan = await lookAway(keyId, streams, environment, signal);
  return { plan, requests: awayRequests(fleet, plan) };
}
