import { runRotation } from '../../local/runner/rotation.ts';
import { readLocalSettings } from '../../local/session/local-aws.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { parseStreamArn } from '../../shared/identifiers/arn.ts';
import type { CheckOptions } from '../access-check/check-previews.ts';
import { guardEmbeddedStart, guardStart } from '../access-check/guard-start.ts';
import { givenAwayFrom } from '../away-from/away-requests.ts';
import { rotateAway } from '../away-from/rotate-away.ts';
import type { CommandContext } from '../environment/context.ts';
import { withProgress } from '../environment/embedded-aws.ts';
import {
  embeddedEnvironment,
  refuseUnusedFlags,
} from '../environment/environment.ts';
import {
  rotationStart,
  type StartOptions,
  startExecution,
  type ToStart,
} from '../executions/start.ts';
import { chooseRequest, chosenRequest } from '../input/request.ts';
import type { RequestFlags } from '../input/request-flags.ts';
import { outcomeText } from '../output/outcome-text.ts';
import { type OutputOptions, render } from '../output/render.ts';
import { confirmStart } from '../preview/confirm-start.ts';
import { plan } from './plan.ts';
import { fleetRequests, fleetStart, rotateFleet } from './rotate-all.ts';

export interface RotateOptions
  extends RequestFlags,
    OutputOptions,
    StartOptions,
    CheckOptions {
  /** Every stream of rotations.yml. */
  all?: boolean;
  /** Only those under this key, to another key of their ring. */
  awayFrom?: string;
  /** Whether to show the plan only. */
  dryRun?: boolean;
}

/**
 * Runs one rotation, on the state machine that the flags name or else on the
 * embedded AWS in this process. Prints its outcome on stdout, and its progress on
 * stderr.
 *
 * @returns the exit code
 * @throws InvalidRequest before anything is started
 */
export async function rotate(
  options: RotateOptions,
  context: CommandContext,
): Promise<number> {
  const { interruption } = context;
  const { stage, stateMachineArn, wait } = options;
  const isDeployed = stage !== undefined || stateMachineArn !== undefined;
  refuseUnusedFlags(options, isDeployed);
  const awayFrom = givenAwayFrom(options);
  if (wait === false && !isDeployed) {
    throw new RotationError(
      'InvalidRequest',
      '--no-wait applies to a deployed state machine; give --stage or --state-machine-arn too',
    );
  }
  if (options.dryRun && stateMachineArn !== undefined) {
    throw new RotationError(
      'InvalidRequest',
      `--dry-run reads the ledger, which --state-machine-arn ${quote(stateMachineArn)} does not name; give --stage instead`,
    );
  }
  if (options.dryRun) return plan(options, context);
  if (awayFrom !== undefined) return rotateAway(awayFrom, options, context);
  if (isDeployed) return rotateDeployed(options, context);
  if (options.all) {
    const requests = await fleetRequests(options, context);
    return rotateFleet(async () => requests, options, context);
  }
  const request = await chosenRequest(options, context);
  checkRegion(request, readLocalSettings(process.env).region);

  return withProgress(context, async (aws, progress) => {
    const environment = embeddedEnvironment(aws);
    await guardEmbeddedStart([request], environment, options, context);
    const outcome = await runRotation({
      request,
      handlers: aws.handlers,
      region: aws.region,
      account: aws.account,
      signal: interruption.signal,
      onEvent: (event) => progress.show(event),
    });
    progress.end();
    const text = render(outcome, options, () =>
      outcomeText(outcome, { rotations: context.givenRotations() }),
    );
    process.stdout.write(text);
    return outcome.Status === 'SUCCEEDED' ? 0 : (interruption.exitCode() ?? 1);
  });
}

/** Streams that no flag names start once a person has seen what would move. */
async function rotateDeployed(
  options: RotateOptions,
  context: CommandContext,
): Promise<number> {
  const { toStart, requests, isNamed } = await deployedStart(options, context);
  // A request that no execution takes is refused before the question.
  toStart(requests);
  const isAsked = !isNamed && !options.yes;
  // The question shows it too, where a plan can be made.
  if (!isAsked || options.stateMachineArn !== undefined) {
    await guardStart(requests, options, context);
  }
  const isConfirmed =
    !isAsked || (await confirmStart(requests, options, context));
  return isConfirmed ? startExecution(toStart, requests, options, context) : 1;
}

interface DeployedStart {
  toStart: ToStart;
  requests: Record<string, unknown>[];
  isNamed: boolean;
}

async function deployedStart(
  options: RotateOptions,
  context: CommandContext,
): Promise<DeployedStart> {
  if (options.all) {
    const requests = await fleetRequests(options, context);
    return { toStart: fleetStart, requests, isNamed: false };
  }
  const { request, isNamed } = await chooseRequest(options, context);
  return { toStart: rotationStart, requests: [request], isNamed };
}

/** Refuses before the start what PlanRotation would refuse. */
function checkRegion(
  { StreamARN }: { StreamARN?: unknown },
  region: string,
): void {
  const arn = typeof StreamARN === 'string' && parseStreamArn(StreamARN);
  if (!arn || arn.region === region) return;
  throw new RotationError(
    'InvalidRequest',
    `StreamARN ${quote(StreamARN)} is in Region ${arn.region}, and AWS_REGION is ${region}; set AWS_REGION to ${arn.region}`,
  );
}
