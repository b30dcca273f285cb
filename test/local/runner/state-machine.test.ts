import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, it } from 'vitest';
import {
  type ExecutionEvent,
  type ExecutionOptions,
  readStateMachine,
  runExecution,
  type TaskHandlers,
} from '../../../local/runner/state-machine.ts';

const EXECUTION_ARN =
  'arn:aws:states:us-east-1:000000000000:execution:two-tasks:1';

const task = (name: string, next: object) => ({
  Type: 'Task',
  Resource: `\${${name}FunctionArn}`,
  ...next,
});

const TWO_TASKS = {
  StartAt: 'First',
  States: {
    First: task('First', { ResultPath: '$.First', Next: 'Pause' }),
    Pause: { Type: 'Wait', Seconds: 3_600, Next: 'Second' },
    Second: task('Second', {
      Parameters: { 'Input.$': '$', 'RotationId.$': '$$.Execution.Id' },
      End: true,
    }),
  },
} as StateMachineDefinition;

const ONE_TASK = {
  StartAt: 'First',
  States: { First: task('First', { End: true }) },
} as StateMachineDefinition;

function run(
  handlers: Record<string, (event: never, context: never) => unknown>,
  options: Partial<ExecutionOptions> = {},
) {
  return runExecution({
    definition: TWO_TASKS,
    handlers: handlers as TaskHandlers,
    input: {},
    executionArn: EXECUTION_ARN,
    waits: { Pause: 0 },
    ...options,
  });
}

function fail(name: string, message: string): never {
  throw Object.assign(new Error(message), { name });
}

describe('runExecution', () => {
  it('answers what the last state answered', async () => {
    const result = await run(
      {
        First: async ({ Start }: { Start: number }) => Start + 1,
        Second: async (event) => event,
      },
      { input: { Start: 41 } },
    );

    expect(result).toEqual({
      Status: 'SUCCEEDED',
      Output: {
        Input: { Start: 41, First: 42 },
        RotationId: EXECUTION_ARN,
      },
    });
  });

  it('hands functions and states JSON only, as Lambda does', async () => {
    const received: unknown[] = [];
    const result = await run(
      {
        First: async () => ({ At: new Date(0), Gone: undefined }),
        Second: async (event) => {
          received.push(event);
        },
      },
      { input: { Kept: null } },
    );

    expect(received).toEqual([
      {
        Input: { Kept: null, First: { At: '1970-01-01T00:00:00.000Z' } },
        RotationId: EXECUTION_ARN,
      },
    ]);
    expect(result).toEqual({ Status: 'SUCCEEDED', Output: null });
  });

  it('gives every function a context of its own', async () => {
    const contexts: { functionName: string; awsRequestId: string }[] = [];
    const keep = async (_: never, context: never) => {
      contexts.push(context);
    };
    await run({ First: keep, Second: keep });

    expect(contexts.map((context) => context.functionName)).toEqual([
      'First',
      'Second',
    ]);
    expect(contexts[0]?.awsRequestId).not.toBe(contexts[1]?.awsRequestId);
  });

  it('fails with the name of the error, and its text as Lambda has it', async () => {
    const result = await run({
      First: async () => fail('StreamBusy', 'orders is "UPDATING"'),
    });

    expect(result).toMatchObject({ Status: 'FAILED', Error: 'StreamBusy' });
    const { Cause } = result as { Cause: string };
    expect(JSON.parse(Cause)).toEqual({
      errorType: 'StreamBusy',
      errorMessage: 'orders is "UPDATING"',
      trace: [],
    });
  });

  it('fails as a Fail state says', async () => {
    const definition = {
      StartAt: 'Failed',
      States: { Failed: { Type: 'Fail', Error: 'Known', Cause: 'why' } },
    } as StateMachineDefinition;

    expect(await run({}, { definition })).toEqual({
      Status: 'FAILED',
      Error: 'Known',
      Cause: 'why',
    });
  });

  it('gives a Catch the error, by its name', async () => {
    const definition = {
      StartAt: 'First',
      States: {
        First: task('First', {
          Catch: [{ ErrorEquals: ['StreamBusy'], Next: 'Second' }],
          End: true,
        }),
        Second: task('Second', { End: true }),
      },
    } as StateMachineDefinition;
    const result = await run(
      {
        First: async () => fail('StreamBusy', 'busy'),
        Second: async (event) => event,
      },
      { definition },
    );

    expect(result).toEqual({
      Status: 'SUCCEEDED',
      Output: {
        Error: 'StreamBusy',
        Cause: '{"errorType":"StreamBusy","errorMessage":"busy","trace":[]}',
      },
    });
  });

  it('calls the stand-in for a service as it is, errors and all', async () => {
    const definition = {
      StartAt: 'First',
      States: {
        First: {
          Type: 'Task',
          Resource: 'arn:aws:states:::states:startExecution.sync:2',
          Parameters: { 'Input.$': '$' },
          Catch: [
            {
              ErrorEquals: ['States.TaskFailed'],
              ResultPath: '$.Failure',
              Next: 'Second',
            },
          ],
          End: true,
        },
        Second: task('Second', { End: true }),
      },
    } as StateMachineDefinition;
    const result = await run(
      { Second: async (event) => event },
      {
        definition,
        input: { Start: 41 },
        integrations: {
          First: async ({ Input }: { Input: { Start: number } }) =>
            fail('States.TaskFailed', JSON.stringify({ Error: Input.Start })),
        },
      },
    );

    expect(result).toEqual({
      Status: 'SUCCEEDED',
      Output: {
        Start: 41,
        Failure: { Error: 'States.TaskFailed', Cause: '{"Error":41}' },
      },
    });
  });

  it('retries as the state says, after the configured time', async () => {
    const definition = {
      StartAt: 'First',
      States: {
        First: task('First', {
          Retry: [
            { ErrorEquals: ['Again'], IntervalSeconds: 3_600, MaxAttempts: 2 },
          ],
          End: true,
        }),
      },
    } as StateMachineDefinition;
    const events: ExecutionEvent[] = [];
    let calls = 0;
    const result = await run(
      {
        First: async () => {
          calls += 1;
          return calls < 3 ? fail('Again', 'not yet') : calls;
        },
      },
      {
        definition,
        retries: { First: 0 },
        onEvent: (event) => events.push(event),
      },
    );

    expect(result).toEqual({ Status: 'SUCCEEDED', Output: 3 });
    expect(
      events
        .filter((event) => event.type === 'StateRetried')
        .map((event) => event.retry?.attempt),
    ).toEqual([1, 2]);
  });

  it('tells what happens while it happens', async () => {
    const events: ExecutionEvent[] = [];
    const seenBySecond: string[] = [];
    const told = () =>
      events.map(({ type, state }) => (state ? `${type} ${state.name}` : type));
    const before = Date.now();
    await run(
      {
        First: async () => 'first',
        Second: async () => {
          seenBySecond.push(...told());
        },
      },
      { onEvent: (event) => events.push(event) },
    );

    expect(told()).toEqual([
      'ExecutionStarted',
      'StateEntered First',
      'StateExited First',
      'StateEntered Pause',
      'StateExited Pause',
      'StateEntered Second',
      'StateExited Second',
      'ExecutionSucceeded',
    ]);
    expect(seenBySecond).toContain('StateExited First');
    expect(events[2]?.state).toMatchObject({
      type: 'Task',
      output: { First: 'first' },
    });
    for (const { timestamp } of events) {
      expect(timestamp).toBeGreaterThanOrEqual(before);
      expect(timestamp).toBeLessThanOrEqual(Date.now());
    }
  });

  it('times out as the state machine says', async () => {
    const result = await run(
      { First: async () => 1 },
      { definition: { ...TWO_TASKS, TimeoutSeconds: 1 }, waits: {} },
    );

    expect(result).toMatchObject({
      Status: 'TIMED_OUT',
      Error: 'States.Timeout',
    });
  });

  describe('when it is aborted', () => {
    it('waits for the function that runs, and starts no other', async () => {
      const abort = new AbortController();
      const called: string[] = [];
      const started = Promise.withResolvers<void>();
      const finished = Promise.withResolvers<void>();
      let isOver = false;
      const over = run(
        {
          First: async () => {
            called.push('First');
            started.resolve();
            await finished.promise;
            called.push('First ended');
          },
          Second: async () => called.push('Second'),
        },
        { signal: abort.signal },
      ).finally(() => {
        isOver = true;
      });
      await started.promise;
      abort.abort();
      for (let turn = 0; turn < 100; turn += 1) await setImmediate();
      expect(isOver).toBe(false);
      finished.resolve();

      expect(await over).toMatchObject({
        Status: 'ABORTED',
        Error: 'ExecutionAborted',
      });
      expect(called).toEqual(['First', 'First ended']);
    });

    it('ends a wait at once', async () => {
      const abort = new AbortController();
      const result = await run(
        { First: async () => 1, Second: async () => expect.unreachable() },
        {
          waits: {},
          signal: abort.signal,
          onEvent: ({ type, state }) => {
            if (type === 'StateEntered' && state?.name === 'Pause') {
              abort.abort();
            }
          },
        },
      );

      expect(result).toMatchObject({ Status: 'ABORTED' });
    });

    it('runs nothing when it was before it began', async () => {
      const called: string[] = [];
      const result = await run(
        { First: async () => called.push('First') },
        { definition: ONE_TASK, signal: AbortSignal.abort() },
      );

      expect(result).toMatchObject({ Status: 'ABORTED' });
      expect(called).toEqual([]);
    });

    it('lets go of a signal that outlives it', async () => {
      const { signal } = new AbortController();
      await run({ First: async () => 1 }, { definition: ONE_TASK, signal });

      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });
  });
});

describe('the timer of TimeoutSeconds', () => {
  const definition = { ...ONE_TASK, TimeoutSeconds: 3_600 };
  const timers = () =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout');

  it('is not left behind by input that cannot be copied', async () => {
    const before = timers();
    const input: unknown = JSON.parse(
      '['.repeat(100_000) + ']'.repeat(100_000),
    );

    await expect(
      run({ First: async () => 1 }, { definition, input }),
    ).rejects.toThrow(RangeError);
    expect(timers()).toEqual(before);
  });

  it('is not left behind by a caller who cannot take an event', async () => {
    const before = timers();
    const onEvent = () => fail('Full', 'the history is full');

    await expect(
      run({ First: async () => 1 }, { definition, onEvent }),
    ).rejects.toThrow('the history is full');
    expect(timers()).toEqual(before);
  });
});

describe('readStateMachine', () => {
  it('reads the definition that is deployed, by its name', async () => {
    expect(await readStateMachine('rotate-fleet')).toMatchObject({
      StartAt: 'PlanFleet',
    });
    const { StartAt, States } = await readStateMachine();

    expect(StartAt).toBe('PlanRotation');
    expect(States.WaitForPropagation).toMatchObject({
      Type: 'Wait',
      Seconds: 5,
    });
  });
});
