import { untilAborted } from '../../local/session/until-aborted.ts';
import { requestedStream } from '../../shared/contract/requested.ts';
import type { CommandContext } from '../environment/context.ts';
import {
  type Environment,
  withEnvironment,
} from '../environment/environment.ts';
import { CouldNotAskError } from '../errors/command-error.ts';
import { explain } from '../errors/explain.ts';
import type { StartOptions } from '../executions/start.ts';
import { printable } from '../output/printable.ts';
import { previewRequests } from '../preview/preview-requests.ts';
import type { RotationPreview } from '../preview/rotation-preview.ts';
import { warningLines } from './access-text.ts';
import {
  type CheckOptions,
  readSettings,
  withAccess,
} from './check-previews.ts';
import { refuseLoss } from './refuse-loss.ts';
import { whyNoIam } from './sources/iam-endpoints.ts';

type Requests = readonly Record<string, unknown>[];

const NO_LEDGER =
  '--state-machine-arn names no ledger, so the plan is unknown; give --stage';

/** For the plan, in milliseconds, and for each further stream. */
const PLAN_TIMEOUT_MS = 15_000;
const STREAM_TIMEOUT_MS = 1_000;

/**
 * Says on stderr who would lose access by a start on AWS that asks no question. With
 * `--state-machine-arn` nothing can be checked, which it says where AccessCheck is given.
 *
 * @throws {CommandError} where `AccessCheck: FAIL` refuses the start
 * @throws {CouldNotAskError} where it is FAIL and nothing can be checked
 */
export async function guardStart(
  requests: Requests,
  options: StartOptions & CheckOptions,
  context: CommandContext,
): Promise<void> {
  const settingsOf = await readSettings(context, options.accessCheck);
  const checks = requests.map(
    (request) => settingsOf(requestedStream(request)).AccessCheck,
  );
  if (checks.every((check) => check === 'OFF')) return;
  const isStrict = checks.includes('FAIL');
  if (options.stateMachineArn !== undefined) {
    const isGiven = checks.some((check) => check !== undefined);
    if (isGiven) cannotCheck(NO_LEDGER, isStrict);
    return;
  }
  // A stage that is not found is refused here as it is at the start.
  await withEnvironment(options, context, async (environment) => {
    const previews = await checkRequests(
      requests,
      environment,
      options,
      context,
    ).catch((error: unknown) => {
      context.interruption.signal.throwIfAborted();
      cannotCheck(explain(error).line, isStrict, error);
      return [];
    });
    warn(previews);
  });
}

/**
 * Says on stderr who would lose access by a start on the embedded AWS. It has no IAM:
 * only where endpoints of an emulator are set, or AccessCheck is given, is there
 * something to say.
 *
 * @throws {CommandError} where `AccessCheck: FAIL` refuses the start
 */
export async function guardEmbeddedStart(
  requests: Requests,
  environment: Environment,
  options: CheckOptions,
  context: CommandContext,
): Promise<void> {
  const settingsOf = await readSettings(context, options.accessCheck);
  const isGiven = requests.some(
    (request) => settingsOf(requestedStream(request)).AccessCheck !== undefined,
  );
  if (!isGiven && whyNoIam(process.env, true) !== undefined) return;
  warn(await checkRequests(requests, environment, options, context));
}

async function checkRequests(
  requests: Requests,
  environment: Environment,
  options: CheckOptions,
  context: CommandContext,
): Promise<RotationPreview[]> {
  const ms = PLAN_TIMEOUT_MS + STREAM_TIMEOUT_MS * requests.length;
  const previews = await untilAborted(
    AbortSignal.timeout(ms),
    previewRequests(requests, environment),
  );
  return withAccess(previews, environment, context, options);
}

function warn(previews: readonly RotationPreview[]): void {
  for (const line of warningLines(previews)) {
    process.stderr.write(printable(`${line}\n`));
  }
  refuseLoss(previews);
}

function cannotCheck(why: string, isStrict: boolean, cause?: unknown): void {
  if (isStrict) {
    throw new CouldNotAskError(
      `Nothing was started, since AccessCheck is FAIL and access is not checked: ${why}. --access-check WARN starts it without a check`,
      { cause },
    );
  }
  process.stderr.write(printable(`Access not checked: ${why}\n`));
}
