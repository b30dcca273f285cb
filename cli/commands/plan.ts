import { refusalsOf } from '../access-check/access-report.ts';
import {
  type CheckOptions,
  withAccess,
} from '../access-check/check-previews.ts';
import { givenAwayFrom } from '../away-from/away-requests.ts';
import { planAway } from '../away-from/plan-away.ts';
import type { CommandContext } from '../environment/context.ts';
import type { AwsOptions } from '../environment/deployment.ts';
import { withEnvironment } from '../environment/environment.ts';
import { locateStreams } from '../environment/locate-stream.ts';
import { chosenRequest } from '../input/request.ts';
import type { RequestFlags } from '../input/request-flags.ts';
import type { StreamOptions } from '../input/streams.ts';
import { type OutputOptions, render } from '../output/render.ts';
import { previewRequests } from '../preview/preview-requests.ts';
import { previewTable, previewText } from '../preview/preview-text.ts';
import type { RotationPreview } from '../preview/rotation-preview.ts';
import { standingCost, totalOf, WATCH_USD } from '../preview/standing-cost.ts';
import { fleetRequests } from './rotate-all.ts';

export interface PlanOptions
  extends AwsOptions,
    OutputOptions,
    RequestFlags,
    CheckOptions {
  /** Every stream of rotations.yml. */
  all?: boolean;
  /** Only those under this key, to another key of their ring. */
  awayFrom?: string;
}

/**
 * Prints what a rotation would do, and changes nothing.
 *
 * @returns the exit code: 1 where a rotation would fail, or AccessCheck refuses it
 * @throws InvalidRequest before anything is started
 */
export async function plan(
  options: PlanOptions,
  context: CommandContext,
): Promise<number> {
  const awayFrom = givenAwayFrom(options);
  if (awayFrom !== undefined) return planAway(awayFrom, options, context);
  const requests = options.all
    ? await fleetRequests(options, context)
    : [await chosenRequest(options, context)];
  return withEnvironment(options, context, async (environment) => {
    const [{ StreamName, StreamARN } = {}] = requests;
    if (!options.all) {
      const named = { streamName: StreamName, streamArn: StreamARN };
      await locateStreams(named as StreamOptions, environment, context);
    }
    const planned = await previewRequests(requests, environment);
    const previews = await withStanding(
      await withAccess(planned, environment, context, options),
      context,
    );
    const [first] = previews;
    const text =
      options.all || first === undefined
        ? render(previews, options, () => previewTable(previews))
        : render(first, options, () => previewText(first));
    process.stdout.write(text);
    return previews.some(isRefused) ? 1 : 0;
  });
}

/** Whether the rotation would fail, or `rotate` would not start it. */
const isRefused = ({ Expected, Access }: RotationPreview) =>
  Expected === 'FAILED' ||
  (Access !== undefined && refusalsOf(Access).length > 0);

/** Adds to the streams of rotations.yml what they cost while nothing rotates. */
async function withStanding(
  previews: readonly RotationPreview[],
  { rotations, deploymentSettings }: CommandContext,
): Promise<RotationPreview[]> {
  // A request that names stream and key needs no file.
  const listed = await rotations().catch(() => []);
  if (listed.length === 0) return [...previews];
  const settings = await deploymentSettings();
  const { Stream, Stage } = standingCost(settings);
  const Standing = {
    SweepMinutes: settings.SweepMinutes,
    StageUsd: totalOf(Stage),
  };
  const costs = new Map(
    listed.map(({ StreamName, WatchStream }) => [
      StreamName,
      totalOf(Stream) + (WatchStream ? WATCH_USD : 0),
    ]),
  );
  return previews.map((preview) => {
    const StreamUsd = costs.get(preview.StreamName);
    return StreamUsd === undefined
      ? preview
      : { ...preview, Standing: { ...Standing, StreamUsd } };
  });
}
