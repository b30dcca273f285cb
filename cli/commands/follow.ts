import type { CommandContext } from '../environment/context.ts';
import { type AwsOptions, setAwsVariables } from '../environment/deployment.ts';
import { followExecution } from '../executions/follow.ts';
import { parseExecutionArn } from '../executions/states-arn.ts';
import { stepFunctionsClient } from '../executions/step-functions-client.ts';
import type { OutputOptions } from '../output/render.ts';

export interface FollowOptions
  extends OutputOptions,
    Pick<AwsOptions, 'profile'> {}

/**
 * Shows a rotation or a fleet on AWS from its start to its outcome.
 *
 * @returns the exit code
 * @throws InvalidRequest for an ARN that is that of neither
 */
export async function follow(
  executionArn: string,
  options: FollowOptions,
  context: CommandContext,
): Promise<number> {
  const execution = parseExecutionArn(executionArn);
  setAwsVariables({ region: execution.region, profile: options.profile });
  const client = stepFunctionsClient();
  try {
    return await followExecution(client, execution, options, context);
  } finally {
    client.destroy();
  }
}
