import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  StateMachine,
  type StateMachineDefinition,
} from 'aws-local-stepfunctions';
import { PACKAGE_ROOT } from '../../shared/package-root.ts';

/** A function of the state machine, as Lambda would call it. */
type TaskHandler = (event: never, context: never) => Promise<unknown>;
/** By the name of the Task state. */
export type TaskHandlers = Record<string, TaskHandler>;

/**
 * A stand-in for a service that a Task calls without a function. Its errors
 * are the Task's, by name and message.
 */
type Integration = (input: never) => Promise<unknown>;

/** What the interpreter tells while it runs. Timestamps are milliseconds. */
export interface ExecutionEvent {
  type: string;
  timestamp: number;
  state?: { name: string; type: string; input?: unknown; output?: unknown };
  /** Of the Map iteration that it happens in. */
  index?: number;
  /** The Map whose iteration it is. */
  parentState?: { name: string; input?: unknown };
  retry?: { attempt: number };
  Error?: string;
  Cause?: unknown;
}

export type ExecutionResult =
  | { Status: 'SUCCEEDED'; Output: unknown }
  | {
      Status: 'FAILED' | 'TIMED_OUT' | 'ABORTED';
      Error: string;
      Cause: string;
    };

export interface ExecutionOptions {
  definition: StateMachineDefinition;
  handlers: TaskHandlers;
  /** Of Tasks that call no function, by the name of the state. */
  integrations?: Record<string, Integration>;
  input: unknown;
  executionArn: string;
  /** Milliseconds for Wait states, by name, instead of what they say. */
  waits?: Record<string, number>;
  /** Milliseconds before each retry of a state, by name. */
  retries?: Record<string, number>;
  /** Aborts the execution, as StopExecution does. */
  signal?: AbortSignal;
  onEvent?: (event: ExecutionEvent) => void;
  /** Takes the end of the functions that outlive the execution. */
  onOutlived?: (ended: Promise<unknown>) => void;
}

export type StateMachineName = 'rotate-stream' | 'rotate-fleet';

const deployed = new Map<StateMachineName, Promise<StateMachineDefinition>>();

/** The very definition that is deployed, read once. */
export function readStateMachine(
  name: StateMachineName = 'rotate-stream',
): Promise<StateMachineDefinition> {
  const url = new URL(`statemachines/${name}.asl.json`, PACKAGE_ROOT);
  const definition =
    deployed.get(name) ??
    readFile(url, 'utf8').then((text) => JSON.parse(text));
  deployed.set(name, definition);
  return definition;
}

/** Validating a definition takes longer than many an execution of it. */
const machines = new WeakMap<StateMachineDefinition, StateMachine>();

function machineOf(definition: StateMachineDefinition): StateMachine {
  const machine = machines.get(definition) ?? new StateMachine(definition);
  machines.set(definition, machine);
  return machine;
}

/**
 * Runs an execution of a state machine. As on AWS, an aborted execution does not wait
 * for the function that is running. `onOutlived` gets a promise of its end: the caller
 * waits for it before it closes the services that functions call.
 *
 * @throws {RangeError} for input nested too deeply to be copied
 */
export async function runExecution(
  options: ExecutionOptions,
): Promise<ExecutionResult> {
  const { definition, handlers, integrations = {} } = options;
  const { executionArn, signal, onEvent, onOutlived } = options;
  const running = new Set<Promise<unknown>>();
  const asTask = (name: string, call: (input: never) => Promise<unknown>) => [
    name,
    (input: never) => {
      const task = signal?.aborted
        ? Promise.reject(new Error('The execution was aborted'))
        : call(input);
      running.add(task);
      task.catch(() => {}).finally(() => running.delete(task));
      return task;
    },
  ];
  const tasks = [
    ...Object.entries(handlers).map(([name, handler]) =>
      asTask(name, (input) => invokeFunction(name, handler, input)),
    ),
    ...Object.entries(integrations).map(([name, call]) => asTask(name, call)),
  ];
  // Throws for input that the interpreter cannot copy. It would leave the timer of the
  // execution's TimeoutSeconds, and no event of its end.
  JSON.stringify(options.input);
  const execution = machineOf(definition).run(options.input as never, {
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(tasks),
      waitTimeOverrides: options.waits ?? {},
      retryIntervalOverrides: options.retries ?? {},
    },
    context: { Execution: { Id: executionArn } },
  });
  signal?.addEventListener('abort', execution.abort, { once: true });
  if (signal?.aborted) execution.abort();
  const ended = execution.result.then(
    () => undefined,
    (error: Error) => error,
  );
  let result: ExecutionResult = {
    Status: 'FAILED',
    Error: 'Unknown',
    Cause: '',
  };
  try {
    for await (const event of execution.eventLogs) {
      result = toResult(event) ?? result;
      onEvent?.(event as ExecutionEvent);
    }
  } finally {
    // Ends an execution whose events the caller can no longer take, with its timer.
    execution.abort();
    await ended;
    signal?.removeEventListener('abort', execution.abort);
  }
  const outlived = Promise.allSettled(running);
  if (onOutlived === undefined) await outlived;
  else onOutlived(outlived);
  return result;
}

function toResult(event: {
  type: string;
  output?: unknown;
  Error?: string;
  Cause?: unknown;
}): ExecutionResult | undefined {
  switch (event.type) {
    case 'ExecutionSucceeded':
      return { Status: 'SUCCEEDED', Output: event.output };
    case 'ExecutionFailed':
      return {
        Status: 'FAILED',
        Error: event.Error ?? 'Unknown',
        Cause: String(event.Cause ?? ''),
      };
    case 'ExecutionTimeout':
      return {
        Status: 'TIMED_OUT',
        Error: 'States.Timeout',
        Cause: 'The execution ran longer than its TimeoutSeconds',
      };
    case 'ExecutionAborted':
      return {
        Status: 'ABORTED',
        Error: 'ExecutionAborted',
        Cause: 'The execution was stopped',
      };
  }
  return undefined;
}

/**
 * Calls a function as Lambda does: JSON in, JSON out, and an error as the text
 * that Step Functions passes on as its cause.
 */
export async function invokeFunction(
  name: string,
  handler: TaskHandler,
  input: unknown,
): Promise<unknown> {
  const context = {
    awsRequestId: randomUUID(),
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    memoryLimitInMB: '256',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => 60_000,
  };
  try {
    const event = JSON.parse(JSON.stringify(input));
    const result = await handler(event as never, context as never);
    return JSON.parse(JSON.stringify(result ?? null));
  } catch (error) {
    const { name: errorType, message: errorMessage } = error as Error;
    const cause = JSON.stringify({ errorType, errorMessage, trace: [] });
    throw Object.assign(new Error(cause), { name: errorType });
  }
}
