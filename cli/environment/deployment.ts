import type { Stack } from '@aws-sdk/client-cloudformation';
import { externalEndpoints } from '../../local/session/endpoints.ts';
import { serviceName } from '../../shared/identifiers/service-names.ts';
import { CouldNotAskError } from '../errors/command-error.ts';
import { describeStack, outputsOf } from './stack.ts';

/** Where AWS is looked for, besides its own variables and files. */
export interface AwsOptions {
  stage?: string;
  region?: string;
  profile?: string;
}

/** What a deployed stack says of itself. */
export interface Deployment {
  Stage: string;
  StackId: string;
  /** When it was deployed last, ISO 8601. */
  UpdatedAt: string;
  StateMachineArn: string;
  /** Absent from stacks that were deployed before there was one. */
  FleetStateMachineArn?: string;
  LedgerTableName: string;
}

/**
 * Puts flags where the SDK looks for them. The AWS CLI's AWS_DEFAULT_REGION is
 * one that the SDK does not know.
 *
 * @throws {InputError} for a variable that is no endpoint
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
 */
export function setAwsVariables({ region, profile }: AwsOptions): void {
  const { env } = process;
  // Refuses those that are no endpoints, before the SDK meets them.
  externalEndpoints(env);
  if (profile !== undefined) {
    env.AWS_PROFILE = profile;
    // Else keys in the variables would outvote the profile that was asked for.
    delete env.AWS_ACCESS_KEY_ID;
    delete env.AWS_SECRET_ACCESS_KEY;
    delete env.AWS_SESSION_TOKEN;
  }
  const chosen = region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION);
  if (chosen) env.AWS_REGION = chosen;
}

/**
 * Reads the outputs of a stage's stack.
 *
 * @param abortSignal ends the wait for CloudFormation, with its reason
 * @throws {CouldNotAskError} when there is no such stack in the Region
 */
export async function findDeployment(
  stage: string,
  abortSignal?: AbortSignal,
): Promise<Deployment> {
  const stack = await describeStack(stage, abortSignal);
  if (stack === undefined) throw noStack(stage);
  return deploymentOf(stage, stack);
}

/** There is no stack of a stage in the Region of the AWS variables. */
export function noStack(stage: string): CouldNotAskError {
  const region = process.env.AWS_REGION ?? 'that the profile names';
  return new CouldNotAskError(
    `There is no stack ${serviceName(stage)} in Region ${region}. Deploy it (npx kinesis-key-rotation deploy --stage ${stage} --region ${region}), or give another --stage or --region`,
  );
}

function deploymentOf(Stage: string, stack: Stack): Deployment {
  const StackName = serviceName(Stage);
  const outputs = outputsOf(stack);
  const [StateMachineArn, LedgerTableName] = [
    'StateMachineArn',
    'LedgerTableName',
  ].map((name) => {
    const value = outputs.get(name);
    if (value !== undefined) return value;
    throw new CouldNotAskError(
      `The stack ${StackName} has no output ${name}, it is ${stack.StackStatus}. Look at it in CloudFormation, and deploy it again`,
    );
  }) as [string, string];
  const FleetStateMachineArn = outputs.get('FleetStateMachineArn');
  const { StackId, LastUpdatedTime, CreationTime } = stack;
  const updated = LastUpdatedTime ?? CreationTime;
  if (StackId === undefined || updated === undefined) {
    throw new Error(`DescribeStacks of ${StackName} has no StackId or time`);
  }
  return {
    Stage,
    StackId,
    UpdatedAt: updated.toISOString(),
    StateMachineArn,
    LedgerTableName,
    ...(FleetStateMachineArn && { FleetStateMachineArn }),
  };
}
