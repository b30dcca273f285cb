import { DescribeExecutionCommand, type SFNClient } from '@aws-sdk/client-sfn';
import { nameError } from '../errors/aws-errors.ts';
import { logger } from '../lambda/logger.ts';

/**
 * When an execution ended, in milliseconds since the epoch; undefined while it runs,
 * and where Step Functions does not say. The answer may be some seconds old.
 *
 * @param sfn undefined where executions run outside Step Functions, as on a laptop
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
 */
export async function endOfExecution(
  sfn: SFNClient | undefined,
  executionArn: string,
): Promise<number | undefined> {
  if (sfn === undefined) return undefined;
  try {
    const { status, stopDate } = await sfn.send(
      new DescribeExecutionCommand({ executionArn }),
    );
    return status === 'RUNNING' ? undefined : stopDate?.getTime();
  } catch (error) {
    const { name, message } = nameError(error);
    logger.warn('DescribeExecution failed', { Name: name, Cause: message });
    return undefined;
  }
}
