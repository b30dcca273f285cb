import { randomUUID } from 'node:crypto';
import type {
  DescribeExecutionOutput,
  DescribeStateMachineOutput,
  ExecutionListItem,
  GetExecutionHistoryOutput,
  HistoryEvent,
  ListExecutionsOutput,
  ListStateMachinesOutput,
  StartExecutionOutput,
  StopExecutionOutput,
} from '@aws-sdk/client-sfn';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { parseArn } from '../../../shared/identifiers/arn.ts';
import type {
  ExecutionOptions,
  TaskHandlers,
} from '../../runner/state-machine.ts';
import type { EmbeddedService } from '../embedded-service.ts';
import {
  type Input,
  type JsonService,
  ServiceError,
  startJsonService,
} from '../json-service.ts';
import { ExecutionHistory } from './execution-history.ts';

/** A state machine that can be started by its name. */
interface RunnableStateMachine {
  definition: () => Promise<StateMachineDefinition>;
  handlers: Promise<TaskHandlers>;
  /** Answers when all is done and settled, whatever came of it. */
  run: (
    options: Pick<ExecutionOptions, 'handlers' | 'signal' | 'onEvent'> & {
      request: unknown;
      region: string;
      name: string;
      startedAt: Date;
    },
  ) => Promise<unknown>;
}

/** By name. */
export type StateMachines = Record<string, RunnableStateMachine>;

export interface StepFunctionsOptions {
  stateMachines: StateMachines;
  region: string;
  /** Of 12 digits. */
  account: string;
  /** 0 for any free one. */
  port: number;
}

interface Execution {
  executionArn: string;
  stateMachineArn: string;
  name: string;
  /** JSON. */
  input: string;
  startDate: Date;
  history: ExecutionHistory;
  abort: (reason?: { Error?: string; Cause?: string }) => void;
  /** When it is settled. */
  settled: Promise<void>;
}

const MAX_INPUT_LENGTH = 262_144;
/** What Step Functions forbids in names. */
const ILLEGAL_IN_NAME = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}]/u;

/**
 * Starts the stand-in for Step Functions on 127.0.0.1. Executions are kept in
 * memory; its end stops and settles those that run.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
 */
export async function startStepFunctions({
  port,
  ...options
}: StepFunctionsOptions): Promise<EmbeddedService> {
  const executions = new Executions(options);
  const stepFunctions: JsonService = {
    name: 'Step Functions',
    target: 'AWSStepFunctions',
    version: '1.0',
    operations: {
      StartExecution: (input) => executions.start(input),
      StopExecution: (input) => executions.stop(input),
      DescribeExecution: (input) => executions.describe(input),
      GetExecutionHistory: (input) => executions.historyOf(input),
      ListExecutions: (input) => executions.list(input),
      ListStateMachines: (input) => executions.listStateMachines(input),
      DescribeStateMachine: (input) => executions.describeStateMachine(input),
    },
  };
  const service = await startJsonService(stepFunctions, port);
  return {
    endpoint: service.endpoint,
    close: async () => {
      await service.close();
      await executions.close();
    },
  };
}

class Executions {
  readonly #stateMachines: StateMachines;
  readonly #region: string;
  readonly #account: string;
  readonly #createdAt = new Date();
  /** By ARN, the oldest first. */
  readonly #executions = new Map<string, Execution>();

  constructor(options: Omit<StepFunctionsOptions, 'port'>) {
    this.#stateMachines = options.stateMachines;
    this.#region = options.region;
    this.#account = options.account;
  }

  async start(given: Input): Promise<StartExecutionOutput> {
    const { name: machineName, machine } = this.#machine(given);
    const { name = randomUUID(), input = '{}' } = given;
    checkName(name);
    const request = parseInput(input);
    const definition = await machine.definition();
    const handlers = await machine.handlers;
    const stateMachineArn = this.#arn('stateMachine', machineName);
    const executionArn = this.#arn('execution', `${machineName}:${name}`);
    const known = this.#executions.get(executionArn);
    if (known !== undefined) {
      if (known.history.end !== undefined || known.input !== input) {
        throw new ServiceError(
          'ExecutionAlreadyExists',
          `Execution Already Exists: '${executionArn}'`,
        );
      }
      return { executionArn, startDate: known.startDate };
    }
    const history = new ExecutionHistory();
    const startDate = new Date();
    const controller = new AbortController();
    const settled = machine
      .run({
        request,
        handlers: {
          ...handlers,
          ...history.watched(tasksOf(definition, handlers), (task) => ({
            resource: this.#functionArn(task),
            timeoutInSeconds: timeoutOf(definition, task),
          })),
        },
        region: this.#region,
        name: String(name),
        startedAt: startDate,
        signal: controller.signal,
        onEvent: (event) => history.add(event),
      })
      .then(
        () => {},
        ({ name, message }: Error) => {
          history.add({
            type: 'ExecutionFailed',
            timestamp: Date.now(),
            Error: name,
            Cause: message,
          });
        },
      );
    this.#executions.set(executionArn, {
      executionArn,
      stateMachineArn,
      name: String(name),
      input: String(input),
      startDate,
      history,
      abort: (reason) => controller.abort(reason),
      settled,
    });
    return { executionArn, startDate };
  }

  stop(given: Input): StopExecutionOutput {
    const { history, abort } = this.#execution(given);
    const [error, cause] = [given.error, given.cause].map(optionalText);
    history.abort(new Date(), error, cause);
    abort({ Error: error, Cause: cause });
    return { stopDate: history.end?.stopDate };
  }

  describe(given: Input): DescribeExecutionOutput {
    const execution = this.#execution(given);
    const { output, error, cause } = execution.history.end ?? {};
    return {
      ...summary(execution),
      input: execution.input,
      inputDetails: { included: true },
      ...(output !== undefined && {
        output,
        outputDetails: { included: true },
      }),
      error,
      cause,
    };
  }

  historyOf(given: Input): GetExecutionHistoryOutput {
    const { executionArn, history } = this.#execution(given);
    const isReversed = given.reverseOrder === true;
    const { items, nextToken } = page(
      history.events,
      given,
      `${executionArn} ${isReversed}`,
      isReversed,
    );
    const isWhole = given.includeExecutionData !== false;
    const events = isWhole ? items : items.map(withoutData);
    return { events, nextToken };
  }

  list(given: Input): ListExecutionsOutput {
    const { name } = this.#machine(given);
    const stateMachineArn = this.#arn('stateMachine', name);
    const found = [...this.#executions.values()]
      .filter((execution) => execution.stateMachineArn === stateMachineArn)
      .map(summary)
      .filter(
        ({ status }) =>
          given.statusFilter === undefined || given.statusFilter === status,
      );
    const { items: executions, nextToken } = page(
      found,
      given,
      `${stateMachineArn} ${given.statusFilter}`,
      true,
    );
    return { executions, nextToken };
  }

  listStateMachines(given: Input): ListStateMachinesOutput {
    const all = Object.keys(this.#stateMachines).map((name) => ({
      stateMachineArn: this.#arn('stateMachine', name),
      name,
      type: 'STANDARD' as const,
      creationDate: this.#createdAt,
    }));
    const { items: stateMachines, nextToken } = page(all, given, 'machines');
    return { stateMachines, nextToken };
  }

  async describeStateMachine(
    given: Input,
  ): Promise<DescribeStateMachineOutput> {
    const { name, machine } = this.#machine(given);
    const text = JSON.stringify(await machine.definition(), null, 2);
    return {
      stateMachineArn: this.#arn('stateMachine', name),
      name,
      status: 'ACTIVE',
      type: 'STANDARD',
      definition: text
        .replace(/\$\{(\w+)FunctionArn\}/g, (_, task) =>
          this.#functionArn(task),
        )
        .replace('${RotateStreamStateMachineArn}', () =>
          this.#arn('stateMachine', 'rotate-stream'),
        ),
      roleArn: `arn:aws:iam::${this.#account}:role/${name}`,
      creationDate: this.#createdAt,
    };
  }

  /** Stops what runs, and waits until it is settled. */
  async close(): Promise<void> {
    const all = [...this.#executions.values()];
    for (const { history, abort } of all) {
      history.abort(new Date());
      abort();
    }
    await Promise.all(all.map(({ settled }) => settled));
  }

  #machine({ stateMachineArn }: Input): {
    name: string;
    machine: RunnableStateMachine;
  } {
    const arn = requiredArn('stateMachineArn', stateMachineArn);
    const name = Object.keys(this.#stateMachines).find(
      (known) => this.#arn('stateMachine', known) === arn,
    );
    const machine = name === undefined ? undefined : this.#stateMachines[name];
    if (name !== undefined && machine !== undefined) return { name, machine };
    checkType(arn, 'stateMachine');
    throw new ServiceError(
      'StateMachineDoesNotExist',
      `State Machine Does Not Exist: '${arn}'`,
    );
  }

  #execution({ executionArn }: Input): Execution {
    const arn = requiredArn('executionArn', executionArn);
    const execution = this.#executions.get(arn);
    if (execution !== undefined) return execution;
    checkType(arn, 'execution');
    throw new ServiceError(
      'ExecutionDoesNotExist',
      `Execution Does Not Exist: '${arn}'`,
    );
  }

  #arn(type: 'stateMachine' | 'execution', name: string): string {
    return `arn:aws:states:${this.#region}:${this.#account}:${type}:${name}`;
  }

  #functionArn(task: string): string {
    return `arn:aws:lambda:${this.#region}:${this.#account}:function:${task}`;
  }
}

function summary(
  execution: Execution,
): Required<Pick<ExecutionListItem, 'status'>> & ExecutionListItem {
  const { executionArn, stateMachineArn, name, startDate } = execution;
  const { status = 'RUNNING', stopDate } = execution.history.end ?? {};
  return { executionArn, stateMachineArn, name, status, startDate, stopDate };
}

/** The functions of Tasks that run one at a time, which those of a Map do not. */
function tasksOf(
  { States }: StateMachineDefinition,
  handlers: TaskHandlers,
): TaskHandlers {
  return Object.fromEntries(
    Object.entries(handlers).filter(([name]) => Object.hasOwn(States, name)),
  );
}

function timeoutOf(
  { States }: StateMachineDefinition,
  task: string,
): number | undefined {
  const state = States[task];
  return state?.Type === 'Task' ? state.TimeoutSeconds : undefined;
}

/** What includeExecutionData false leaves of an event. */
function withoutData(event: HistoryEvent): HistoryEvent {
  return Object.fromEntries(
    Object.entries(event).map(([field, value]) => {
      if (!field.endsWith('Details')) return [field, value];
      const { input, inputDetails, output, outputDetails, ...rest } = value;
      return [field, rest];
    }),
  ) as unknown as HistoryEvent;
}

/**
 * A page of a list that grows at its end.
 *
 * @param scope what a token belongs to
 * @throws {ServiceError} InvalidToken
 */
function page<T>(
  list: readonly T[],
  { maxResults, nextToken }: Input,
  scope: string,
  isReversed = false,
): { items: T[]; nextToken?: string } {
  const size = Number(maxResults || 100);
  if (!(Number.isInteger(size) && size >= 0 && size <= 1000)) {
    throw invalid(
      maxResults,
      'maxResults',
      'Member must have value between 0 and 1000',
    );
  }
  const token = nextToken === undefined ? undefined : readToken(nextToken);
  if (token !== undefined && token.scope !== scope) throw invalidToken();
  // What came in since the first page would shift the rest of a reversed list.
  const length = isReversed ? (token?.length ?? list.length) : list.length;
  const from = token?.from ?? 0;
  const all = list.slice(0, length);
  if (isReversed) all.reverse();
  const items = all.slice(from, from + size);
  if (from + size >= length) return { items };
  const next = JSON.stringify({ scope, length, from: from + size });
  return { items, nextToken: Buffer.from(next).toString('base64url') };
}

interface Token {
  scope: string;
  length: number;
  from: number;
}

function readToken(token: Input[string]): Token {
  try {
    return JSON.parse(Buffer.from(String(token), 'base64url').toString());
  } catch {
    throw invalidToken();
  }
}

function invalidToken(): ServiceError {
  return new ServiceError('InvalidToken', "Invalid Token: 'Invalid token'");
}

function requiredArn(field: string, value: Input[string]): string {
  if (typeof value !== 'string') {
    throw invalid(value, field, 'Member must not be null');
  }
  if (value.startsWith('arn:')) return value;
  throw invalidArn(`Invalid ARN prefix: ${value}`);
}

/** @throws {ServiceError} InvalidArn for the ARN of something else */
function checkType(arn: string, expected: 'stateMachine' | 'execution'): void {
  const { service, resource } = parseArn(arn) ?? {};
  const type = resource?.replace(/:.*/s, '');
  if (service === 'states' && type === expected) return;
  throw invalidArn(`Resource type not valid in this context: ${type}`);
}

function invalidArn(why: string): ServiceError {
  return new ServiceError('InvalidArn', `Invalid Arn: '${why}'`);
}

function checkName(name: Input[string]): void {
  const text = String(name);
  if (text.length > 80) {
    const constraint = 'Member must have length less than or equal to 80';
    throw invalid(name, 'name', constraint);
  }
  if (text === '' || ILLEGAL_IN_NAME.test(text)) {
    throw new ServiceError('InvalidName', `Invalid Name: '${text}'`);
  }
}

function parseInput(input: Input[string]): unknown {
  const text = String(input);
  if (text.length > MAX_INPUT_LENGTH) {
    throw invalid(
      `${text.slice(0, 20)}...`,
      'input',
      `Member must have length less than or equal to ${MAX_INPUT_LENGTH}`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ServiceError(
      'InvalidExecutionInput',
      `Invalid State Machine Execution Input: '${(error as Error).message}'`,
    );
  }
}

function invalid(value: unknown, field: string, why: string): ServiceError {
  const quoted = value === undefined ? 'null' : `'${value}'`;
  return new ServiceError(
    'ValidationException',
    `1 validation error detected: Value ${quoted} at '${field}' failed to satisfy constraint: ${why}`,
  );
}

function optionalText(value: Input[string]): string | undefined {
  return value === undefined ? undefined : String(value);
}
