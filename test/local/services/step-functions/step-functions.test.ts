import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  paginateGetExecutionHistory,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  TagResourceCommand,
} from '@aws-sdk/client-sfn';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  runExecution,
  type TaskHandlers,
} from '../../../../local/runner/state-machine.ts';
import { startStepFunctions } from '../../../../local/services/step-functions/step-functions.ts';
import {
  ACCOUNT,
  REGION,
  stepFunctionsAt,
} from '../../../support/local/connected-clients.ts';
import { listensAt } from '../../../support/local/listening-sockets.ts';
import { takenPort } from '../../../support/local/taken-port.ts';

const MACHINE = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:orders`;
const EXECUTION = `arn:aws:states:${REGION}:${ACCOUNT}:execution:orders`;

const task = (more: object) => ({
  Type: 'Task' as const,
  Resource: '${OrderFunctionArn}',
  ...more,
});

/** Step Functions with one state machine, whose last act is `settle`. */
async function running(
  States: Record<string, object>,
  handlers: TaskHandlers = {},
  settle = async () => {},
) {
  const [StartAt = ''] = Object.keys(States);
  const definition = { StartAt, States } as StateMachineDefinition;
  const service = await startStepFunctions({
    region: REGION,
    account: ACCOUNT,
    port: 0,
    stateMachines: {
      orders: {
        definition: async () => definition,
        handlers: Promise.resolve(handlers),
        run: async ({ request, name, ...options }) => {
          await runExecution({
            ...options,
            definition,
            input: request,
            executionArn: `${EXECUTION}:${name}`,
          });
          await settle();
        },
      },
    },
  });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= service.close());
  onTestFinished(close);
  const client = stepFunctionsAt(service.endpoint);
  const start = (name: string, input?: string) =>
    client.send(
      new StartExecutionCommand({ stateMachineArn: MACHINE, name, input }),
    );
  return { ...service, close, client, start };
}

const describeExecution = (client: SFNClient, name: string) =>
  client.send(
    new DescribeExecutionCommand({ executionArn: `${EXECUTION}:${name}` }),
  );

/** The whole history, once the execution has ended. */
async function historyOf(client: SFNClient, name: string) {
  const executionArn = `${EXECUTION}:${name}`;
  await expect
    .poll(() => describeExecution(client, name), PATIENTLY)
    .not.toMatchObject({ status: 'RUNNING' });
  const { events = [] } = await client.send(
    new GetExecutionHistoryCommand({ executionArn }),
  );
  return events;
}

const outline = (events: HistoryEvent[]) =>
  events.map(({ id, previousEventId, type, ...rest }) => [
    id,
    previousEventId,
    type,
    rest.stateEnteredEventDetails?.name ?? rest.stateExitedEventDetails?.name,
  ]);

const PATIENTLY = { interval: 5, timeout: 30_000 };
const WHOLE = { truncated: false };
const STUCK = { Long: { Type: 'Wait', Seconds: 3600, End: true } };

describe('the history of an execution', () => {
  it('reports states and functions as AWS does', async () => {
    const { client, start } = await running(
      {
        Order: task({ ResultPath: '$.Order', TimeoutSeconds: 9, Next: 'Is' }),
        Is: {
          Type: 'Choice',
          Choices: [{ Variable: '$.Order', NumericEquals: 3, Next: 'Put' }],
        },
        Put: { Type: 'Pass', ResultPath: null, Next: 'Rest' },
        Rest: { Type: 'Wait', Seconds: 0, End: true },
      },
      { Order: async ({ A }: { A: number }) => A + 1 },
    );
    const before = Date.now();
    const { startDate } = await start('one', '{"A": 2}');
    const events = await historyOf(client, 'one');

    expect(outline(events)).toEqual([
      [1, 0, 'ExecutionStarted', undefined],
      [2, 0, 'TaskStateEntered', 'Order'],
      [3, 2, 'LambdaFunctionScheduled', undefined],
      [4, 3, 'LambdaFunctionStarted', undefined],
      [5, 4, 'LambdaFunctionSucceeded', undefined],
      [6, 5, 'TaskStateExited', 'Order'],
      [7, 6, 'ChoiceStateEntered', 'Is'],
      [8, 7, 'ChoiceStateExited', 'Is'],
      [9, 8, 'PassStateEntered', 'Put'],
      [10, 9, 'PassStateExited', 'Put'],
      [11, 10, 'WaitStateEntered', 'Rest'],
      [12, 11, 'WaitStateExited', 'Rest'],
      [13, 12, 'ExecutionSucceeded', undefined],
    ]);
    expect(events[0]?.executionStartedEventDetails).toEqual({
      input: '{"A":2}',
      inputDetails: WHOLE,
    });
    expect(events[2]?.lambdaFunctionScheduledEventDetails).toEqual({
      resource: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:Order`,
      input: '{"A":2}',
      inputDetails: WHOLE,
      timeoutInSeconds: 9,
    });
    expect(events[4]?.lambdaFunctionSucceededEventDetails).toEqual({
      output: '3',
      outputDetails: WHOLE,
    });
    expect(events[5]?.stateExitedEventDetails).toEqual({
      name: 'Order',
      output: '{"A":2,"Order":3}',
      outputDetails: WHOLE,
    });
    for (const { timestamp } of events) {
      expect(timestamp?.getTime()).toBeGreaterThanOrEqual(before);
      expect(timestamp?.getTime()).toBeLessThanOrEqual(Date.now());
    }
    expect(await describeExecution(client, 'one')).toMatchObject({
      executionArn: `${EXECUTION}:one`,
      stateMachineArn: MACHINE,
      name: 'one',
      status: 'SUCCEEDED',
      startDate,
      stopDate: events.at(-1)?.timestamp,
      input: '{"A": 2}',
      output: '{"A":2,"Order":3}',
    });
  });

  it('reports each attempt, of what was caught, and of the failure', async () => {
    const { client, start } = await running(
      {
        Order: task({
          Retry: [{ ErrorEquals: ['Odd'], IntervalSeconds: 0, MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Failed' }],
          End: true,
        }),
        Failed: { Type: 'Fail', ErrorPath: '$.Error', CausePath: '$.Cause' },
      },
      {
        Order: async () => {
          throw Object.assign(new Error('7'), { name: 'Odd' });
        },
      },
    );
    await start('one');
    const events = await historyOf(client, 'one');

    expect(outline(events).slice(1)).toEqual([
      [2, 0, 'TaskStateEntered', 'Order'],
      [3, 2, 'LambdaFunctionScheduled', undefined],
      [4, 3, 'LambdaFunctionStarted', undefined],
      [5, 4, 'LambdaFunctionFailed', undefined],
      [6, 5, 'LambdaFunctionScheduled', undefined],
      [7, 6, 'LambdaFunctionStarted', undefined],
      [8, 7, 'LambdaFunctionFailed', undefined],
      [9, 8, 'TaskStateExited', 'Order'],
      [10, 9, 'FailStateEntered', 'Failed'],
      [11, 10, 'ExecutionFailed', undefined],
    ]);
    const failure = {
      error: 'Odd',
      cause: '{"errorType":"Odd","errorMessage":"7","trace":[]}',
    };
    expect(events[7]?.lambdaFunctionFailedEventDetails).toEqual(failure);
    expect(events[10]?.executionFailedEventDetails).toEqual(failure);
    expect(await describeExecution(client, 'one')).toMatchObject({
      status: 'FAILED',
      ...failure,
    });
  });

  it('leaves data out when it is not asked for', async () => {
    const { client, start } = await running(
      { Order: task({ End: true }) },
      { Order: async () => 'secret' },
    );
    await start('one', '"secret"');
    await historyOf(client, 'one');
    const { events = [] } = await client.send(
      new GetExecutionHistoryCommand({
        executionArn: `${EXECUTION}:one`,
        includeExecutionData: false,
      }),
    );

    expect(JSON.stringify(events)).not.toContain('secret');
    expect(events[1]?.stateEnteredEventDetails).toEqual({ name: 'Order' });
  });

  it('comes in pages, also the newest first while it grows', async () => {
    const next = Promise.withResolvers<void>();
    const { client, start } = await running(
      {
        A: { Type: 'Pass', Next: 'B' },
        B: task({ Next: 'C' }),
        C: { Type: 'Pass', End: true },
      },
      { B: () => next.promise },
    );
    await start('one');
    const executionArn = `${EXECUTION}:one`;
    const ask = async (more: object) => {
      const { events = [], nextToken } = await client.send(
        new GetExecutionHistoryCommand({ executionArn, ...more }),
      );
      return { ids: events.map(({ id }) => id), nextToken };
    };
    await expect
      .poll(() => ask({}), PATIENTLY)
      .toEqual({ ids: [1, 2, 3, 4, 5, 6], nextToken: undefined });

    const reverse = { reverseOrder: true, maxResults: 4 };
    const newest = await ask(reverse);
    next.resolve();
    await historyOf(client, 'one');
    const { nextToken } = newest;
    expect(newest.ids).toEqual([6, 5, 4, 3]);
    expect(await ask({ ...reverse, nextToken })).toEqual({ ids: [2, 1] });
    const pages = paginateGetExecutionHistory(
      { client, pageSize: 3 },
      { executionArn },
    );
    const sizes: number[] = [];
    for await (const { events = [] } of pages) sizes.push(events.length);
    expect(sizes).toEqual([3, 3, 3, 2]);

    await expect(ask({ nextToken })).rejects.toMatchObject({
      name: 'InvalidToken',
    });
    await expect(ask({ nextToken: 'x' })).rejects.toMatchObject({
      name: 'InvalidToken',
    });
    await expect(ask({ maxResults: 1001 })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });
});

describe('StartExecution', () => {
  it('is the same execution for the same name and input, while it runs', async () => {
    const { client, start } = await running(STUCK);
    const first = await start('one', '{"A": 1}');
    expect(first.executionArn).toBe(`${EXECUTION}:one`);
    const again = await start('one', '{"A": 1}');
    expect(again).toMatchObject({
      executionArn: first.executionArn,
      startDate: first.startDate,
    });
    await expect(start('one', '{"A": 2}')).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
      message: expect.stringContaining(`'${EXECUTION}:one'`),
    });
    const { executionArn } = first;
    await client.send(new StopExecutionCommand({ executionArn }));
    await expect(start('one', '{"A": 1}')).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
    });
  });

  it.each([
    ['a space', { name: 'my orders' }, 'InvalidName'],
    ['a colon', { name: 'orders:1' }, 'InvalidName'],
    ['a control character', { name: 'orders\n' }, 'InvalidName'],
    ['81 characters', { name: 'x'.repeat(81) }, 'ValidationException'],
    ['input that is not JSON', { input: 'orders' }, 'InvalidExecutionInput'],
    ['no input', { input: '' }, 'InvalidExecutionInput'],
    [
      'input nested 1,001 levels deep',
      { input: '['.repeat(1001) + ']'.repeat(1001) },
      'InvalidExecutionInput',
    ],
    [
      'input nested 100,000 levels deep',
      { input: `{"A":${'['.repeat(100_000)}${']'.repeat(100_000)}}` },
      'InvalidExecutionInput',
    ],
    [
      'input that is too long',
      { input: `"${'x'.repeat(262_144)}"` },
      'ValidationException',
    ],
    [
      'another state machine',
      { stateMachineArn: `${MACHINE}2` },
      'StateMachineDoesNotExist',
    ],
    ['no ARN', { stateMachineArn: 'orders' }, 'InvalidArn'],
    [
      'nothing in place of an ARN',
      { stateMachineArn: undefined },
      'ValidationException',
    ],
    [
      'the ARN of an execution',
      { stateMachineArn: `${EXECUTION}:one` },
      'InvalidArn',
    ],
  ])('refuses %s', async (_, given, name) => {
    const { client } = await running(STUCK);
    const started = client.send(
      new StartExecutionCommand({ stateMachineArn: MACHINE, ...given }),
    );
    await expect(started).rejects.toMatchObject({ name });
  });
});

describe('StopExecution', () => {
  it('ends an execution with the given reason, and waits for nothing', async () => {
    const ended = Promise.withResolvers<void>();
    const settled = Promise.withResolvers<void>();
    const { client, start } = await running(
      { Order: task({ Next: 'Ship' }), Ship: task({ End: true }) },
      {
        Order: () => ended.promise,
        Ship: async () => expect.unreachable(),
      },
      async () => settled.resolve(),
    );
    const { executionArn } = await start('one');
    const why = { error: 'WrongKey', cause: 'not that one' };
    const { stopDate } = await client.send(
      new StopExecutionCommand({ executionArn, ...why }),
    );
    expect(await describeExecution(client, 'one')).toMatchObject({
      status: 'ABORTED',
      stopDate,
      ...why,
    });
    ended.resolve();
    await settled.promise;

    const events = await historyOf(client, 'one');
    expect(events.at(-1)).toMatchObject({
      type: 'ExecutionAborted',
      previousEventId: 0,
      executionAbortedEventDetails: why,
    });
    const again = await client.send(new StopExecutionCommand({ executionArn }));
    expect(again.stopDate).toEqual(stopDate);
  });

  it.each([
    [
      'an execution that is not there',
      `${EXECUTION}:x`,
      'ExecutionDoesNotExist',
    ],
    ['the ARN of a state machine', MACHINE, 'InvalidArn'],
    ['no ARN', 'one', 'InvalidArn'],
  ])('refuses %s', async (_, executionArn, name) => {
    const { client } = await running(STUCK);
    await expect(
      client.send(new StopExecutionCommand({ executionArn })),
    ).rejects.toMatchObject({ name });
  });
});

describe('the stand-in for Step Functions', () => {
  it('lists executions, the newest first', async () => {
    const { client, start } = await running({
      Long: { Type: 'Wait', SecondsPath: '$', End: true },
    });
    for (const [name, input] of [
      ['a', '3600'],
      ['b', '0'],
      ['c', '3600'],
    ] as const) {
      await start(name, input);
    }
    await historyOf(client, 'b');
    const list = async (more: object) => {
      const { executions = [], nextToken } = await client.send(
        new ListExecutionsCommand({ stateMachineArn: MACHINE, ...more }),
      );
      return { names: executions.map(({ name }) => name), nextToken };
    };

    const { names, nextToken } = await list({ maxResults: 2 });
    expect(names).toEqual(['c', 'b']);
    expect(await list({ maxResults: 2, nextToken })).toEqual({ names: ['a'] });
    expect(await list({ statusFilter: 'RUNNING' })).toEqual({
      names: ['c', 'a'],
    });
  });

  it('describes its state machines', async () => {
    const { client } = await running({ Order: task({ End: true }) });
    const { stateMachines } = await client.send(
      new ListStateMachinesCommand({}),
    );
    expect(stateMachines).toMatchObject([
      { stateMachineArn: MACHINE, name: 'orders', type: 'STANDARD' },
    ]);
    const { definition = '' } = await client.send(
      new DescribeStateMachineCommand({ stateMachineArn: MACHINE }),
    );
    expect(JSON.parse(definition)).toMatchObject({
      States: {
        Order: {
          Resource: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:Order`,
        },
      },
    });
  });

  it('stops what runs at its end, and waits until that is settled', async () => {
    let isSettled = false;
    const { endpoint, close, start } = await running(STUCK, {}, async () => {
      await new Promise(setImmediate);
      isSettled = true;
    });
    await start('one');
    await close();

    expect(isSettled).toBe(true);
    expect(await listensAt(endpoint)).toBe(false);
  });

  it('names the operations that it knows', async () => {
    const { client } = await running(STUCK);
    await expect(
      client.send(new TagResourceCommand({ resourceArn: MACHINE, tags: [] })),
    ).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
      message: expect.stringMatching(/TagResource.*StartExecution/),
    });
  });

  it('says that its port is taken', async () => {
    const port = await takenPort();
    await expect(
      startStepFunctions({
        stateMachines: {},
        region: REGION,
        account: ACCOUNT,
        port,
      }),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
