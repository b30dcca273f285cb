import { describe, expect, it } from 'vitest';
import type { Success } from '../../../shared/contract/outcome.ts';
import { readRotationEnd } from '../../../shared/fleet/rotation-result.ts';

const NOW = Date.parse('2026-11-23T04:01:40.000Z');
const ExecutionArn =
  'arn:aws:states:eu-west-1:111122223333:execution:rotate-stream:1f2e';
const end = {
  Request: { StreamName: 'orders' },
  DetailBytes: 100,
  Index: 6,
  PacedStreams: 7,
};

const success = (fields: Partial<Success>) => ({
  ...end,
  Rotation: {
    ExecutionArn,
    Output: {
      Outcome: 'ROTATED',
      KeyId: 'alias/b',
      StartedAt: '2026-11-23T04:01:28.000Z',
      ActiveAt: '2026-11-23T04:01:34.500Z',
      ...fields,
    } as Success,
  },
});
/** As startExecution.sync:2 fails. */
const failure = (description: object) => ({
  ...end,
  Failure: {
    Error: 'States.TaskFailed',
    Cause: JSON.stringify({
      ExecutionArn,
      Input: '{"StreamName":"orders"}',
      StartDate: NOW - 1_000,
      Status: 'FAILED',
      ...description,
    }),
  },
});

describe('readRotationEnd', () => {
  it('says of one that succeeded what it did', () => {
    expect(readRotationEnd(success({}), NOW - 3_000)).toEqual({
      Result: {
        StreamName: 'orders',
        Status: 'SUCCEEDED',
        Outcome: 'ROTATED',
        KeyId: 'alias/b',
        Execution: '1f2e',
      },
      // 8 describes are 12 s of a place's share, and it took 9.
      PauseSeconds: 3,
    });
    const unchanged = success({ Outcome: 'UNCHANGED', ActiveAt: null });
    expect(readRotationEnd(unchanged, NOW - 11_000)).toMatchObject({
      Result: { Outcome: 'UNCHANGED' },
      PauseSeconds: 2,
    });
  });

  it('leaves no place empty behind the last rotations of a fleet', () => {
    const pauseOf = (Index: number) =>
      readRotationEnd({ ...success({}), Index }, NOW - 3_000).PauseSeconds;
    expect([5, 6, 7, 8].map(pauseOf)).toEqual([3, 3, 0, 0]);
    const failed = { ...failure({}), Index: 7 };
    expect(readRotationEnd(failed, NOW).PauseSeconds).toBe(0);
  });

  it('says of one that failed why, in its own words', () => {
    const said = { Error: 'UnusableKey', Cause: 'KeyId "alias/b": Disabled' };
    expect(readRotationEnd(failure(said), NOW).Result).toEqual({
      StreamName: 'orders',
      Status: 'FAILED',
      ...said,
      Execution: '1f2e',
    });
  });

  it.each([
    ['ABORTED', 'ExecutionAborted'],
    ['TIMED_OUT', 'Timeout'],
  ])('says of one that was %s %s', (Status, error) => {
    expect(readRotationEnd(failure({ Status }), NOW).Result).toMatchObject({
      Status: 'FAILED',
      Error: error,
      Cause: expect.stringMatching(/^The execution /),
    });
  });

  it.each([
    ['after its cause', ''],
    ['before its cause', 'Input first'],
  ])(
    'says nothing of the input when Step Functions cut it off %s',
    (_, first) => {
      const Input = {
        StreamName: 'orders',
        Trigger: { Error: 'No', Cause: 'No' },
      };
      const Data = 'c2VjcmV0'.repeat(4000);
      const said = {
        Cause: 'KeyId "a": Disabled',
        Error: 'UnusableKey',
        ExecutionArn,
      };
      const probe = { Input: { ...Input, Probe: { Data } } };
      const description = first ? { ...probe, ...said } : { ...said, ...probe };
      const Cause = JSON.stringify(description).slice(0, 32_000);
      const Failure = { Error: 'States.TaskFailed', Cause };
      const { Result } = readRotationEnd(
        { ...end, DetailBytes: 1000, Failure },
        NOW,
      );
      expect(Result).toMatchObject(
        first
          ? { Error: 'Runtime', Cause: expect.stringContaining('cut off') }
          : {
              Error: 'UnusableKey',
              Cause: 'KeyId "a": Disabled',
              Execution: '1f2e',
            },
      );
      expect(JSON.stringify(Result)).not.toContain('c2VjcmV0');
    },
  );

  it('says of one that was never started why not', () => {
    const Failure = {
      Error: 'StepFunctions.AccessDeniedException',
      Cause: 'not authorized to perform: states:StartExecution',
    };
    const { Result, PauseSeconds } = readRotationEnd({ ...end, Failure }, NOW);
    expect(Result).toEqual({
      StreamName: 'orders',
      Status: 'FAILED',
      ...Failure,
    });
    expect(PauseSeconds).toBe(3);
  });

  it('takes the start of one that failed in seconds as well', () => {
    const StartDate = NOW - 20_000;
    const said = { Error: 'KeyMismatch', Cause: '' };
    const pause = (date: number) =>
      readRotationEnd(failure({ ...said, StartDate: date }), NOW).PauseSeconds;
    expect(pause(StartDate / 1000)).toBe(pause(StartDate));
    expect(pause(StartDate)).toBe(13);
  });

  it('cuts what it says to its room', () => {
    const said = { Error: 'KeyMismatch', Cause: 'x'.repeat(200) };
    const { Cause } = readRotationEnd(failure(said), NOW).Result;
    expect(Cause).toBe(`${'x'.repeat(97)}...`);
  });
});
