import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { shownPath } from '../../shared/config/shown-path.ts';
import { withWatchAlarms } from '../../shared/config/watch-alarms.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { serviceName } from '../../shared/identifiers/service-names.ts';
import { checkRegion } from '../../stack/region.ts';
import {
  changeText,
  type DeploymentChange,
} from '../deployment/change-text.ts';
import {
  type DeployedStage,
  readDeployedStage,
} from '../deployment/deployed-stage.ts';
import { interruptedText } from '../deployment/interrupted.ts';
import { ledgerLeftBehind } from '../deployment/ledger-left-behind.ts';
import { type Move, predictMoves } from '../deployment/moves.ts';
import { deployedText, nextSteps } from '../deployment/next-steps.ts';
import { compareStreams } from '../deployment/stream-changes.ts';
import {
  type ChangeOptions,
  findTarget,
  isAgreed,
  type Target,
  targetText,
} from '../deployment/target.ts';
import {
  compareTemplates,
  isUnchanged,
} from '../deployment/template-changes.ts';
import type { CommandContext } from '../environment/context.ts';
import { describeStack, outputsOf } from '../environment/stack.ts';
import { type Packager, withPackager } from '../packager/packager.ts';
import { withPreviewClients } from '../preview/preview-clients.ts';

const TEMPLATE = 'cloudformation-template-update-stack.json';

/**
 * Deploys a stage with the AWS credentials of the caller: packages it, shows on stderr
 * what changes and what moves, asks, and deploys that package. Prints the outputs of the
 * stack.
 *
 * @returns the exit code: 1 where the answer is no
 * @throws {RotationError} InvalidRequest before anything is changed
 */
export async function deploy(
  options: ChangeOptions,
  context: CommandContext,
): Promise<number> {
  const streams = await context.localRotations();
  return withPackager(options, context, async (packager) => {
    const target = await findTarget('deploy', options, context);
    const { stage } = target;
    checkKeys(streams, target, context.rotationsPath());
    const { signal } = context.interruption;
    const deployed = await readDeployedStage(stage, signal);
    await packager.run('package');
    const change = await changeOf(target, deployed, packager, context);
    process.stderr.write(
      `\n${serviceName(stage)}, ${targetText(target)}\n${changeText(change)}\n`,
    );
    if (changesNothing(change)) {
      process.stderr.write('Nothing changes, so nothing was deployed\n');
      return 0;
    }
    const question = `Deploy ${targetText(target)}?`;
    const refused = 'Nothing was deployed';
    if (!(await isAgreed(question, refused, options, context))) return 1;
    const isDone = await deployPackage(packager, target, deployed, context);
    if (!isDone) return context.interruption.exitCode() ?? 1;
    const outputs = outputsOf(await describeStack(stage, signal));
    process.stdout.write(deployedText(outputs));
    process.stderr.write(nextSteps(outputs, target, options.profile));
    return 0;
  });
}

function changesNothing({ template }: DeploymentChange): boolean {
  return !('unknown' in template) && isUnchanged(template);
}

function checkKeys(
  streams: readonly RotationsStream[],
  { region }: Target,
  rotationsFile: string,
): void {
  try {
    checkRegion(streams, region);
  } catch (error) {
    throw new RotationError(
      'InvalidRequest',
      `${shownPath(rotationsFile)}: ${(error as Error).message}`,
    );
  }
}

async function changeOf(
  target: Target,
  deployed: DeployedStage,
  { directory }: Packager,
  context: CommandContext,
): Promise<DeploymentChange> {
  const { isFirst, template, streams } = deployed;
  const after: unknown = JSON.parse(
    await readFile(join(directory, TEMPLATE), 'utf8'),
  );
  const next = await context.localRotations();
  const isUnknown = template !== undefined && 'unknown' in template;
  const before = isUnknown ? undefined : template?.value;
  return {
    isFirst,
    streams: 'unknown' in streams ? streams : compareStreams(streams, next),
    template: isUnknown ? template : compareTemplates(before, after),
    moves: await movesOf(target, deployed, { before, after }, context),
  };
}

async function movesOf(
  { stage, partition, region, account }: Target,
  { isFirst, ledgerTableName }: DeployedStage,
  templates: { before: unknown; after: unknown },
  context: CommandContext,
): Promise<Move[]> {
  const streams = (await context.localRotations()).map((stream) =>
    withWatchAlarms(stream, stage),
  );
  if (!isFirst && ledgerTableName === undefined) {
    const problem = 'unknown: the stack has no output LedgerTableName';
    return streams.map(({ StreamName }) => ({
      StreamName,
      reasons: [],
      isAlertOnly: false,
      problem,
    }));
  }
  const executions = `arn:${partition}:states:${region}:${account}:execution:${serviceName(stage)}-rotate-stream:`;
  return withPreviewClients(ledgerTableName, (clients) =>
    predictMoves(
      streams,
      templates,
      executions,
      clients,
      context.interruption.signal,
    ),
  );
}

/**
 * Deploys exactly the package that was shown.
 *
 * @returns whether it ended; not after a signal, when CloudFormation may go on by itself
 */
async function deployPackage(
  { run, directory }: Packager,
  target: Target,
  { isFirst }: DeployedStage,
  { interruption: { signal } }: CommandContext,
): Promise<boolean> {
  try {
    // Its own comparison skips a package that an interrupted deployment uploaded.
    await run('deploy', '--package', directory, '--force');
    return true;
  } catch (error) {
    if (signal.aborted) {
      process.stderr.write(await interruptedText(target, signal.reason));
      return false;
    }
    if (isFirst) {
      process.stderr.write(await ledgerLeftBehind(target));
    }
    throw error;
  }
}
