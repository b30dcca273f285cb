import { RotationError } from '../../shared/errors/errors.ts';
import { parseArn } from '../../shared/identifiers/arn.ts';
import { chosenRegion } from '../../stack/region.ts';
import { callerArn } from '../environment/caller.ts';
import type { CommandContext } from '../environment/context.ts';
import { setAwsVariables } from '../environment/deployment.ts';
import { CouldNotAskError } from '../errors/command-error.ts';
import { explain } from '../errors/explain.ts';
import { canAsk, confirm } from '../input/confirm.ts';
import type { PackagerOptions } from '../packager/packager.ts';

export interface ChangeOptions extends PackagerOptions {
  /** Whether to start without the question. */
  yes?: boolean;
}

/** Where a stage is deployed to, or removed from. */
export interface Target {
  stage: string;
  region: string;
  /** Of 12 digits. */
  account: string;
  partition: string;
}

/**
 * Finds the Region and the account before anything else happens, and sets the AWS
 * variables for both.
 *
 * @param verb the command, for messages
 * @throws {RotationError} InvalidRequest where no person can answer the question
 * @throws {CouldNotAskError} where the Region or the account is unknown
 */
export async function findTarget(
  verb: 'deploy' | 'remove',
  options: ChangeOptions,
  context: CommandContext,
): Promise<Target> {
  const { stage, region: given, profile, yes } = options;
  if (!yes && !canAsk()) {
    throw new RotationError(
      'InvalidRequest',
      `${verb} asks before it changes anything, and there is no terminal; give --yes`,
    );
  }
  const region = await chosenRegion({
    ...(given !== undefined && { region: given }),
    ...(profile !== undefined && { 'aws-profile': profile }),
  });
  if (region === undefined) {
    throw new CouldNotAskError(
      `No Region is given for ${verb}; give --region, AWS_REGION, or a profile with a region`,
    );
  }
  setAwsVariables({ ...options, region });
  // Functions log to stdout, which carries the result here.
  process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
  const { signal } = context.interruption;
  const arn = await callerArn(signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unknownAccount(verb, explain(error).line, error);
  });
  const { partition, account } = parseArn(arn ?? '') ?? {};
  if (!partition || !account) {
    throw unknownAccount(verb, `STS names the caller ${arn}`);
  }
  return { stage, region, account, partition };
}

/** For people. */
export function targetText({ stage, account, region }: Target): string {
  return `stage ${stage} of account ${account} in ${region}`;
}

/**
 * Asks a question, unless `--yes` answers it.
 *
 * @param refused a line for people who answer no
 */
export async function isAgreed(
  question: string,
  refused: string,
  { yes }: ChangeOptions,
  { interruption: { signal } }: CommandContext,
): Promise<boolean> {
  signal.throwIfAborted();
  if (yes || (await confirm(question, signal))) return true;
  process.stderr.write(`${refused}\n`);
  return false;
}

function unknownAccount(
  verb: string,
  reason: string,
  cause?: unknown,
): CouldNotAskError {
  return new CouldNotAskError(
    `The account is unknown, so ${verb} changes nothing: ${reason}`,
    { cause },
  );
}
