import {
  CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { serviceName } from '../../shared/identifiers/service-names.ts';
import { httpHandler, observed } from '../../shared/lambda/clients.ts';

/**
 * Works with CloudFormation in the Region of the AWS variables.
 *
 * @throws what `work` throws, and the reason of `signal` once it is aborted
 */
export async function withCloudFormation<T>(
  signal: AbortSignal | undefined,
  work: (client: CloudFormationClient) => Promise<T>,
): Promise<T> {
  const client = observed(
    new CloudFormationClient({ requestHandler: httpHandler() }),
  );
  try {
    return await work(client);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    client.destroy();
  }
}

/**
 * Describes the stack of a stage; undefined where the Region has no such stack.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
 */
export function describeStack(
  stage: string,
  signal?: AbortSignal,
): Promise<Stack | undefined> {
  return withCloudFormation(signal, async (client) => {
    const command = new DescribeStacksCommand({
      StackName: serviceName(stage),
    });
    const answer = await ifThere(client.send(command, { abortSignal: signal }));
    return answer?.Stacks?.[0];
  });
}

/**
 * Reads the template of a stack as it was deployed; undefined where there is no stack.
 *
 * @param stack its name or ID
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
 */
export function readTemplate(
  stack: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return withCloudFormation(signal, async (client) => {
    const command = new GetTemplateCommand({
      StackName: stack,
      TemplateStage: 'Original',
    });
    const answer = await ifThere(client.send(command, { abortSignal: signal }));
    if (answer === undefined || answer.TemplateBody !== undefined) {
      return answer?.TemplateBody;
    }
    throw new Error(`GetTemplate of ${stack} has no body`);
  });
}

/** The outputs of a stack, by their keys. */
export function outputsOf(stack: Stack | undefined): Map<string, string> {
  const outputs = new Map<string, string>();
  for (const { OutputKey, OutputValue } of stack?.Outputs ?? []) {
    if (OutputKey && OutputValue) outputs.set(OutputKey, OutputValue);
  }
  return outputs;
}

/** CloudFormation has no error of its own for a stack that is not there. */
function ifThere<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  return answer.catch(({ name, message }: Error) => {
    if (name === 'ValidationError' && message.includes('does not exist')) {
      return undefined;
    }
    return answer;
  });
}
