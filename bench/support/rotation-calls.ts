import type { RotationCalls } from '../../cli/preview/rotation-cost.ts';
import type { ExecutionEvent } from '../../local/runner/state-machine.ts';

/**
 * What a rotation called.
 *
 * @param events what the interpreter told
 * @param count how often an operation of AWS was called
 */
export function countedCalls(
  events: readonly ExecutionEvent[],
  count: (operation: string) => number,
): RotationCalls {
  const entered = events.filter(({ type }) => type === 'StateEntered');
  return {
    StateTransitions: entered.length,
    LambdaInvocations: entered.filter(({ state }) => state?.type === 'Task')
      .length,
    DescribeStreamSummary: count('DescribeStreamSummary'),
    StartStreamEncryption: count('StartStreamEncryption'),
    PutRecord: count('PutRecord'),
    DescribeKey: count('DescribeKey'),
    DynamoDbReads: count('GetItem'),
    DynamoDbWrites: count('PutItem'),
    EventBridgeEvents: count('PutEvents'),
  };
}
