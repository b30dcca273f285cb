import { LOCAL_ACCOUNT } from '../../local/session/embedded-aws.ts';
import { openLocalAws } from '../../local/session/local-aws.ts';
import type { RotationsStream } from '../../shared/config/rotations-file.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { readArn } from '../../shared/identifiers/arn.ts';
import type { Interruption } from '../interruption.ts';
import {
  type AwsOptions,
  type Deployment,
  findDeployment,
  setAwsVariables,
} from './deployment.ts';
import { neededEntries } from './needed-streams.ts';
import { waitingForClients } from './waiting-for-clients.ts';

/** Where a command finds streams, keys and the ledger. */
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
 * Does some work where the flags say: on the stack of a stage, or else on the
 * embedded AWS. The variables are set then so that the SDK's clients and the
 * ledger of shared/lambda/clients.ts find it.
 */
export async function withEnvironment<T>(
  options: AwsOptions,
  rotations: () => Promise<RotationsStream[]>,
  interruption: Interruption,
  work: (environment: Environment) => Promise<T>,
): Promise<T> {
  const { stage } = options;
  refuseAimless(options, stage !== undefined);
  if (stage === undefined) return onEmbeddedAws(rotations, interruption, work);
  setAwsVariables(options);
  const deployment = await findDeployment(stage, interruption.signal);
  process.env.LEDGER_TABLE_NAME = deployment.LedgerTableName;
  const { partition, region, account } = readArn(deployment.StateMachineArn);
  process.env.AWS_REGION = region;
  // Functions' logs go to stdout, which belongs to the result here.
  process.env.POWERTOOLS_LOG_LEVEL = 'SILENT';
  const name = `stage ${stage} of account ${account} in ${region}`;
  return work({ name, region, account, partition, deployment });
}

/**
 * Flags that say how to reach AWS mean nothing where it is not asked.
 *
 * @throws {RotationError} InvalidRequest
 */
export function refuseAimless(
  { region, profile }: AwsOptions,
  isElsewhere: boolean,
): void {
  const [aimless] = Object.entries({ region, profile }).filter(
    ([, value]) => value !== undefined,
  );
  if (aimless === undefined || isElsewhere) return;
  throw new RotationError(
    'InvalidRequest',
    `--${aimless[0]} ${quote(aimless[1])} is for what is deployed; give --stage too`,
  );
}

async function onEmbeddedAws<T>(
  rotations: () => Promise<RotationsStream[]>,
  { signal, forceQuit }: Interruption,
  work: (environment: Environment) => Promise<T>,
): Promise<T> {
  const aws = await openLocalAws(await neededEntries(rotations), { signal });
  try {
    return await work({
      name: 'the embedded AWS',
      region: aws.region,
      account: LOCAL_ACCOUNT,
      partition: 'aws',
    });
  } finally {
    await aws.close({
      now: forceQuit,
      onClients: (count) => {
        process.stderr.write(`${waitingForClients(count)}\n`);
      },
    });
  }
}
