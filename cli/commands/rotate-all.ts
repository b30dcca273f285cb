import { runFleet } from '../../local/runner/fleet.ts';
import type { LocalAws } from '../../local/session/local-aws.ts';
import { requestFor } from '../../shared/config/rotations-stream.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { planFleet } from '../../shared/fleet/plan.ts';
import type { CheckOptions } from '../access-check/check-previews.ts';
import { guardEmbeddedStart } from '../access-check/guard-start.ts';
import type { CommandContext } from '../environment/context.ts';
import { withProgress } from '../environment/embedded-aws.ts';
import { embeddedEnvironment } from '../environment/environment.ts';
import type { ToStart } from '../executions/start.ts';
import {
  NAMING_FIELDS,
  type RequestFlags,
  requestFromFlags,
} from '../input/request-flags.ts';
import { FleetProgress } from '../output/fleet-progress.ts';
import { fleetText } from '../output/fleet-text.ts';
import { type OutputOptions, render } from '../output/render.ts';

/**
 * Builds a request for every stream of rotations.yml, with the flags applied to
 * each.
 *
 * @throws {RotationError} InvalidRequest, before anything is started
 */
export async function fleetRequests(
  flags: RequestFlags,
  { rotations }: Pick<CommandContext, 'rotations'>,
): Promise<Record<string, unknown>[]> {
  const given = await requestFromFlags(flags);
  const named = NAMING_FIELDS.find((field) => field in given);
  if (named !== undefined) {
    throw new RotationError(
      'InvalidRequest',
      `--all takes every stream of rotations.yml with its ring, and ${named} ${quote(given[named])} names another; leave out one of the two`,
    );
  }
  const requests = (await rotations()).map((entry) => ({
    ...requestFor(entry),
    Trigger: { Source: 'manual' },
    ...given,
  }));
  planFleet({ Streams: requests });
  return requests;
}

/** The start of a fleet. */
export const fleetStart: ToStart = (requests) => {
  const input = { Streams: requests };
  planFleet(input);
  return { machine: 'rotate-fleet', name: 'fleet', input };
};

/**
 * Runs a fleet on the embedded AWS, in this process: its outcome on stdout, its
 * progress on stderr.
 *
 * @param requestsOn chooses the requests there; without any, nothing is started
 * @returns the exit code
 */
export async function rotateFleet(
  requestsOn: (aws: LocalAws) => Promise<readonly Record<string, unknown>[]>,
  options: OutputOptions & CheckOptions,
  context: CommandContext,
): Promise<number> {
  const { interruption } = context;
  return withProgress(context, async (aws, starting) => {
    starting.end();
    const requests = await requestsOn(aws);
    if (requests.length === 0) return 0;
    const environment = embeddedEnvironment(aws);
    await guardEmbeddedStart(requests, environment, options, context);
    const progress = new FleetProgress(process.stderr);
    progress.begin(requests.length, Date.now());
    const outcome = await runFleet({
      input: { Streams: requests },
      handlers: aws.handlers,
      region: aws.region,
      account: aws.account,
      signal: interruption.signal,
      onStream: (event) => {
        if (event.Type === 'STARTED') progress.started(Date.now());
        else progress.ended(event, Date.now());
      },
    }).finally(() => progress.end());
    const text = render(outcome, options, () =>
      fleetText(outcome, { rotations: context.givenRotations() }),
    );
    process.stdout.write(text);
    return outcome.Status === 'SUCCEEDED' ? 0 : (interruption.exitCode() ?? 1);
  });
}
