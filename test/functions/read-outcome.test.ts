import { describe, expect, it } from 'vitest';
import { handler } from '../../functions/read-outcome.ts';
import { CONTEXT } from '../support/workflow/planned-state.ts';

const execution = (name: string) =>
  `arn:aws:states:us-east-1:000000000000:execution:rotate-stream:${name}`;
const end = {
  Request: { StreamName: 'orders' },
  DetailBytes: 1000,
  Index: 0,
  PacedStreams: 1,
};

describe('ReadOutcome', () => {
  it('keeps the key and the execution of a rotation that succeeded', async () => {
    const StartedAt = new Date().toISOString();
    const Output = { Outcome: 'ROTATED', KeyId: 'alias/a', StartedAt };
    const Rotation = {
      ExecutionArn: execution('one'),
      Output: { ...Output, ActiveAt: StartedAt } as never,
    };
    const { Result } = await handler({ ...end, Rotation }, CONTEXT);
    expect(Result).toEqual({
      StreamName: 'orders',
      Status: 'SUCCEEDED',
      Outcome: 'ROTATED',
      KeyId: 'alias/a',
      Execution: 'one',
    });
  });

  it('keeps error and cause of a rotation that failed', async () => {
    const Cause = JSON.stringify({
      ExecutionArn: execution('two'),
      Status: 'FAILED',
      Error: 'QuotaExhausted',
      Cause: 'none left',
    });
    const Failure = { Error: 'States.TaskFailed', Cause };
    const { Result } = await handler({ ...end, Failure }, CONTEXT);
    expect(Result).toEqual({
      StreamName: 'orders',
      Status: 'FAILED',
      Error: 'QuotaExhausted',
      Cause: 'none left',
      Execution: 'two',
    });
  });
});
