import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../cli/executions/events.ts';
import { executionOutcome, hasEnded } from '../../../cli/executions/outcome.ts';

const ARN = 'arn:aws:states:eu-west-1:111122223333:execution:rotate-stream:x';
const STARTED: RecordedEvent = {
  id: 1,
  timestamp: new Date('2026-01-01T00:00:00Z'),
  type: 'ExecutionStarted',
  executionStartedEventDetails: {
    input: '{"StreamName": "orders", "KeyId": "alias/a"}',
  },
};

const event = (type: RecordedEvent['type'], details: object = {}) =>
  ({ id: 2, timestamp: new Date(), type, ...details }) as RecordedEvent;
const answer = (name: string, output: object) =>
  event('TaskStateExited', {
    stateExitedEventDetails: { name, output: JSON.stringify(output) },
  });
const FAILED = event('ExecutionFailed', {
  executionFailedEventDetails: {
    error: 'Odd',
    cause: '{"errorType":"Odd","errorMessage":"why","trace":[]}',
  },
});
const SETTLED = { Status: 'FAILED', Error: 'UnusableKey', SlotsSpent: 0 };

describe('executionOutcome', () => {
  it('is what CompleteRotation answered', () => {
    const outcome = { Status: 'SUCCEEDED', Outcome: 'ROTATED' };
    expect(
      executionOutcome(ARN, [
        STARTED,
        answer('PlanRotation', { Plan: {} }),
        answer('CompleteRotation', outcome),
        event('ExecutionSucceeded'),
      ]),
    ).toEqual(outcome);
  });

  it('is what SettleFailure answered, which says more than the end', () => {
    expect(
      executionOutcome(ARN, [
        STARTED,
        answer('CompleteRotation', { Plan: {}, Failure: { Error: 'Odd' } }),
        answer('SettleFailure', SETTLED),
        FAILED,
      ]),
    ).toEqual(SETTLED);
  });

  it('is of the last attempt, when an execution was redriven', () => {
    const outcome = { Status: 'SUCCEEDED', Outcome: 'ROTATED' };
    const before = [STARTED, answer('SettleFailure', SETTLED), FAILED];
    const redriven = [...before, event('ExecutionRedriven')];
    expect(
      executionOutcome(ARN, [
        ...redriven,
        answer('CompleteRotation', outcome),
        event('ExecutionSucceeded'),
      ]),
    ).toEqual(outcome);
    expect(
      executionOutcome(ARN, [...redriven, event('ExecutionAborted')]),
    ).toMatchObject({ Error: 'ExecutionAborted' });
  });

  it('is what the end says, when SettleFailure failed itself', () => {
    expect(
      executionOutcome(ARN, [
        STARTED,
        answer('SettleFailure', { Error: 'Odd', Cause: 'why' }),
        FAILED,
      ]),
    ).toEqual({
      Status: 'FAILED',
      RotationId: ARN,
      StartedAt: '2026-01-01T00:00:00.000Z',
      StreamName: 'orders',
      Error: 'Odd',
      Cause: 'why',
    });
  });

  it.each([
    ['ExecutionAborted', 'ExecutionAborted', 'stopped'],
    ['ExecutionTimedOut', 'Timeout', 'TimeoutSeconds'],
  ] as const)('has a cause for %s', (type, name, words) => {
    expect(executionOutcome(ARN, [STARTED, event(type)])).toMatchObject({
      Status: 'FAILED',
      Error: name,
      Cause: expect.stringContaining(words),
    });
  });

  it('is the reason that the caller of StopExecution gave', () => {
    const why = { error: 'WrongKey', cause: 'not that one' };
    const end = event('ExecutionAborted', {
      executionAbortedEventDetails: why,
    });
    expect(executionOutcome(ARN, [STARTED, end])).toMatchObject({
      Error: 'WrongKey',
      Cause: 'not that one',
    });
  });

  it('is not made up for an execution of something else', () => {
    const end = event('ExecutionSucceeded', {
      executionSucceededEventDetails: { output: '{"Rows": 1}' },
    });
    expect(() => executionOutcome(ARN, [STARTED, end])).toThrow(
      expect.objectContaining({
        name: 'CommandError',
        message: expect.stringContaining(ARN),
      }),
    );
  });
});

describe('hasEnded', () => {
  it('says so of the last event alone', () => {
    expect(hasEnded([])).toBe(false);
    expect(hasEnded([STARTED])).toBe(false);
    expect(hasEnded([STARTED, FAILED])).toBe(true);
    expect(hasEnded([FAILED, event('ExecutionRedriven')])).toBe(false);
  });
});
