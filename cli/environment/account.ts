import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import { untilAborted } from '../../local/session/until-aborted.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { kinesisClient, kmsClient } from '../../shared/lambda/clients.ts';
import type { CommandContext } from './context.ts';
import { type AwsOptions, setAwsVariables } from './deployment.ts';

/** Where to look: the account of the credentials, or a stage, or the embedded AWS. */
export interface AccountOptions extends AwsOptions {
  fromAccount?: boolean;
}

/** The clients of an account, in one Region. */
export interface AccountClients {
  kinesis: KinesisClient;
  kms: KMSClient;
  region: string;
}

/**
 * Reads from the account of the caller's credentials, which needs no deployed stage.
 * A signal ends it with its reason, whatever call is under way.
 *
 * @throws what the SDK says of missing credentials, and of a missing Region
 */
export async function withAccount<T>(
  options: AwsOptions,
  { interruption: { signal } }: Pick<CommandContext, 'interruption'>,
  work: (clients: AccountClients) => Promise<T>,
): Promise<T> {
  setAwsVariables(options);
  return untilAborted(signal, withAccountClients(work));
}

/** Gives the clients of the environment that the variables name, and closes them. */
export async function withAccountClients<T>(
  work: (clients: AccountClients) => Promise<T>,
): Promise<T> {
  const kinesis = kinesisClient();
  const kms = kmsClient();
  try {
    return await work({ kinesis, kms, region: await kinesis.config.region() });
  } finally {
    kinesis.destroy();
    kms.destroy();
  }
}

/**
 * Refuses the flags that say how to reach AWS where no flag leads there.
 *
 * @param leading the flags that lead to AWS, for the message
 * @throws {RotationError} InvalidRequest
 */
export function refuseFlagsWithoutAccount(
  { fromAccount, stage, region, profile }: AccountOptions,
  leading: string,
): void {
  if (fromAccount || stage !== undefined) return;
  const [unused] = Object.entries({ region, profile }).filter(
    ([, value]) => value !== undefined,
  );
  if (unused === undefined) return;
  throw new RotationError(
    'InvalidRequest',
    `--${unused[0]} ${quote(unused[1])} applies to an AWS account; give ${leading} too`,
  );
}
