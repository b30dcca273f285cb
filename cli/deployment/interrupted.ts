import { serviceName } from '../../shared/identifiers/service-names.ts';
import { describeStack } from '../environment/stack.ts';
import { commandLine } from '../executions/command-lines.ts';
import type { Target } from './target.ts';

/** How long the state of the stack may take after a signal. */
const TIMEOUT_MS = 2_000;

/**
 * Says after a signal what became of a change that had begun: CloudFormation goes on
 * without this process.
 *
 * @param reason the signal's name
 * @returns lines for people
 */
export async function interruptedText(
  { stage, region }: Target,
  reason: unknown,
): Promise<string> {
  const StackName = serviceName(stage);
  const status = await describeStack(stage, AbortSignal.timeout(TIMEOUT_MS))
    .then((stack) => stack?.StackStatus ?? 'not there')
    .catch(() => 'in an unknown state');
  const look = commandLine(['aws', 'cloudformation', 'describe-stacks'], {
    'stack-name': StackName,
    region,
  });
  return `${reason}: the stack ${StackName} is ${status}. CloudFormation completes or rolls back by itself what it has begun. Look at it: ${look}\n`;
}
