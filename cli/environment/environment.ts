import type { LocalAws } from '../../local/session/local-aws.ts';
import { untilAborted } from '../../local/session/until-aborted.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { readArn } from '../../shared/identifiers/arn.ts';
import type { CommandContext } from './context.ts';
import {
  type AwsOptions,
  type Deployment,
  findDeployment,
  setAwsVariables,
} from './deployment.ts';
import { withEmbeddedAws } from './embedded-aws.ts';

/** Where a command finds streams, keys and the ledger: a stage or the embedded AWS. */
export interface Environment {
  /** For people. */
  name: string;
  region: string;
  /** Of 12 digits. */
  account: string;
  /** `aws`, `aws-cn` and the like. */
  partition: string;
  /** Absent on the embedded AWS. */
  deployment?: Deployment;
}

/**
 * Reads from the environment that the flags name: the stack of a stage, or else the
 * embedded AWS. A signal ends it with its reason, whatever call is under way. Sets the
 * variables by which the clients of shared/lambda/clients.ts find it.
 */
export async function withEnvironment<T>(
  options: AwsOptions,
  context: CommandContext,
  work: (environment: Environment) => Promise<T>,
): Promise<T> {
  const { stage } = options;
  const { signal } = context.interruption;
  refuseUnusedFlags(options, stage !== undefined);
  const read = (environment: Environment) =>
    untilAborted(signal, work(environment));
  if (stage === undefined) return onEmbeddedAws(context, read);
  setAwsVariables(options);
  const deployment = await findDeployment(stage, signal);
  process.env.LEDGER_TABLE_NAME = deployment.LedgerTableName;
  const { partition, region, account } = readArn(deployment.StateMachineArn);
  process.env.AWS_REGION = region;
  // Functions log to stdout, which carries the result here.
  process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
  const name = `stage ${stage} of account ${account} in ${region}`;
  return read({ name, region, account, partition, deployment });
}

/**
 * Refuses the flags that say how to reach AWS where no command reaches it.
 *
 * @throws {RotationError} InvalidRequest
 */
export function refuseUnusedFlags(
  { region, profile }: AwsOptions,
  isDeployed: boolean,
): void {
  const [unused] = Object.entries({ region, profile }).filter(
    ([, value]) => value !== undefined,
  );
  if (unused === undefined || isDeployed) return;
  throw new RotationError(
    'InvalidRequest',
    `--${unused[0]} ${quote(unused[1])} applies to a deployed stage; give --stage too`,
  );
}

function onEmbeddedAws<T>(
  context: CommandContext,
  work: (environment: Environment) => Promise<T>,
): Promise<T> {
  const say = (message: string) => void process.stderr.write(`${message}\n`);
  return withEmbeddedAws(context, say, (aws) => work(embeddedEnvironment(aws)));
}

export function embeddedEnvironment({
  region,
  account,
}: Pick<LocalAws, 'region' | 'account'>): Environment {
  return { name: 'the embedded AWS', region, account, partition: 'aws' };
}
