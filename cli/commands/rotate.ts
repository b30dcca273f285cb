import { runRotation } from '../../local/runner/rotation.ts';
import { readLocalSettings } from '../../local/session/local-aws.ts';
import type { RotationsStream } from '../../shared/config/rotations-file.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { parseStreamArn } from '../../shared/identifiers/arn.ts';
import { refuseAimless } from '../environment/environment.ts';
import { onLocalAws } from '../environment/on-local-aws.ts';
import {
  rotationStart,
  type StartOptions,
  startExecution,
} from '../executions/start.ts';
import { chosenRequest } from '../input/request.ts';
import type { RequestFlags } from '../input/request-flags.ts';
import type { Interruption } from '../interruption.ts';
import { outcomeText } from '../output/outcome-text.ts';
import { type OutputOptions, render } from '../output/render.ts';
import { plan } from './plan.ts';
import { fleetRequests, fleetStart, rotateFleet } from './rotate-all.ts';

export interface RotateOptions
  extends RequestFlags,
    OutputOptions,
    StartOptions {
  /** Every stream of rotations.yml. */
  all?: boolean;
  /** Only to say what would be done. */
  dryRun?: boolean;
}

/**
 * Runs one rotation and prints its outcome on stdout, its progress on stderr:
 * on the state machine that the flags name, or else on the embedded AWS in this
 * process.
 *
 * @returns the exit code
 * @throws InvalidRequest before anything is started
 */
export async function rotate(
  options: RotateOptions,
  rotations: () => Promise<RotationsStream[]>,
  interruption: Interruption,
): Promise<number> {
  const { stage, stateMachineArn, wait } = options;
  const isElsewhere = stage !== undefined || stateMachineArn !== undefined;
  refuseAimless(options, isElsewhere);
  if (wait === false && !isElsewhere) {
    throw new RotationError(
      'InvalidRequest',
      '--no-wait is for what is deployed; give --stage or --state-machine-arn too',
    );
  }
  if (options.dryRun && stateMachineArn !== undefined) {
    throw new RotationError(
      'InvalidRequest',
      `--dry-run has to know the ledger as well as --state-machine-arn ${quote(stateMachineArn)}; give --stage instead`,
    );
  }
  if (options.dryRun) return plan(options, rotations, interruption);
  if (options.all) {
    const requests = await fleetRequests(options, rotations);
    return isElsewhere
      ? startExecution(fleetStart(requests), options, interruption)
      : rotateFleet(requests, options, rotations, interruption);
  }
  const request = await chosenRequest(options, rotations);
  if (isElsewhere) {
    return startExecution(rotationStart(request), options, interruption);
  }
  checkRegion(request, readLocalSettings(process.env).region);

  return onLocalAws(rotations, interruption, async (aws, progress) => {
    const outcome = await runRotation({
      request,
      handlers: aws.handlers,
      region: aws.region,
      signal: interruption.signal,
      onEvent: (event) => progress.show(event),
    });
    progress.end();
    const text = render(outcome, options, () => outcomeText(outcome));
    process.stdout.write(`${text}\n`);
    return outcome.Status === 'SUCCEEDED' ? 0 : (interruption.exitCode() ?? 1);
  });
}

/** What PlanRotation would refuse, seen before anything is started. */
function checkRegion(
  { StreamARN }: { StreamARN?: unknown },
  region: string,
): void {
  const arn = typeof StreamARN === 'string' && parseStreamArn(StreamARN);
  if (!arn || arn.Region === region) return;
  throw new RotationError(
    'InvalidRequest',
    `StreamARN ${quote(StreamARN)} is in Region ${arn.Region}, and AWS_REGION is ${region}; set AWS_REGION to ${arn.Region}`,
  );
}
