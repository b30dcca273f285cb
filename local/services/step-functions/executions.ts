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
import type {
  ExecutionOptions,
  TaskHandlers,
} from '../../runner/state-machine.ts';
import { type Input, ServiceError } from '../json-service.ts';
import { ExecutionHistory } from './execution-history.ts';
import {
  checkName,
  checkType,
  optionalText,
  parseInput,
  requiredArn,
} from './input-checks.ts';
import { page } from './page.ts';

/** A state machine that can be started by its name. */
interface RunnableStateMachine {
  definition: () => Promise<StateMachineDefinition>;
  handlers: Promise<TaskHandlers>;
  /** Answers when all is done and settled, whatever came of it. */
  run: (
    options: Pick<ExecutionOptions, 'handlers' | 'signal' | 'onEvent'> & {
      request: unknown;
      region: string;
      account: string;
      name: string;
      startedAt: Date;
    },
  ) => Promise<unknown>;
}

/** By name. */
export type StateMachines = Record<string, RunnableStateMachine>;

export interface ExecutionsOptions {
  stateMachines: StateMachines;
  region: string;
  /** Of 12 digits. */
  account: string;
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

/** The executions of the embedded Step Functions, and its operations on them. */
export class Executions {
  readonly #stateMachines: StateMachines;
  readonly #region: string;
  readonly #account: string;
  readonly #createdAt = new Date();
  /** By ARN, the oldest first. */
  readonly #executions = new Map<string, Execution>();

  constructor(options: ExecutionsOptions) {
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
        account: this.#account,
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
