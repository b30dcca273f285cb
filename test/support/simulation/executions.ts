import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import type { SeededRandom } from '../../../local/instruments/seeded-random.ts';
import {
  localExecutions,
  settleFromOutside,
} from '../../../local/runner/rotation.ts';
import {
  type ExecutionResult,
  readStateMachine,
  runExecution,
  type TaskHandlers,
} from '../../../local/runner/state-machine.ts';
import type { Invoke } from './containers.ts';
import { REGION } from './kinesis-model.ts';
import { pause } from './virtual-time.ts';

/** Validating a definition is slow, so each is kept. */
const redriven = new Map<string, StateMachineDefinition>();

/** An execution, through all its redrives. */
export interface Execution {
  arn: string;
  stream: string;
  request: Record<string, unknown>;
  /** ISO 8601. */
  startedAt: string;
  status: 'RUNNING' | ExecutionResult['Status'];
  /** Its output, or its error. */
  result?: ExecutionResult;
  /** Where it is, or was when it was stopped. */
  state: { name: string; input: unknown };
  /** Its runs that are not over, and the events of its end not yet handled. */
  open: number;
  stop: () => void;
}

export interface ExecutionsOptions {
  random: SeededRandom;
  invoke: Invoke;
  note: (execution: Execution, event: string) => void;
  onStart: (execution: Execution) => void;
  onStop: (execution: Execution) => void;
  /** It has ended, no function of it runs, and its end has been handled. */
  onSettled: (execution: Execution) => void;
}

/** Step Functions: runs the deployed state machine, and tells how it ended. */
export class Executions {
  readonly #options: ExecutionsOptions;
  readonly #definition: Promise<StateMachineDefinition> = readStateMachine();
  /** What is under way: executions, and the events of their end. */
  readonly #pending = new Set<Promise<void>>();
  readonly all: Execution[] = [];

  constructor(options: ExecutionsOptions) {
    this.#options = options;
  }

  start(stream: string, request: Record<string, unknown>): Execution {
    const execution: Execution = {
      arn: `${localExecutions(REGION)}${stream}-${this.all.length}`,
      stream,
      request,
      startedAt: new Date().toISOString(),
      status: 'RUNNING',
      state: { name: '', input: request },
      open: 0,
      stop: () => {},
    };
    this.all.push(execution);
    this.#options.onStart(execution);
    this.goOn(this.#counted(execution, () => this.#run(execution)));
    return execution;
  }

  /**
   * RedriveExecution: goes on where it was stopped, as the same execution.
   *
   * @see https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
   */
  redrive(execution: Execution): void {
    this.#options.note(execution, `redriven at ${execution.state.name}`);
    execution.status = 'RUNNING';
    const { state } = execution;
    this.goOn(this.#counted(execution, () => this.#run(execution, state)));
  }

  /** Counts as under way until it is over. */
  goOn(task: Promise<void>): void {
    const pending = task.finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** Until nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #counted(
    execution: Execution,
    task: () => Promise<void>,
  ): Promise<void> {
    execution.open++;
    await task();
    execution.open--;
    if (execution.open === 0) this.#options.onSettled(execution);
  }

  async #run(execution: Execution, from?: Execution['state']): Promise<void> {
    const { note, onStop } = this.#options;
    const definition = await this.#definition;
    const stopping = new AbortController();
    execution.stop = () => stopping.abort();
    const result = await runExecution({
      definition: from ? startingAt(definition, from.name) : definition,
      handlers: this.#handlers(definition, execution),
      input: from ? from.input : execution.request,
      executionArn: execution.arn,
      signal: stopping.signal,
      onEvent: ({ type, state }) => {
        if (type === 'StateEntered' && state) {
          execution.state = { name: state.name, input: state.input };
          note(execution, state.name);
        }
        // Before the function that still runs has ended.
        if (type !== 'ExecutionAborted') return;
        onStop(execution);
        this.#end(execution, 'ABORTED');
      },
    });
    execution.result = result;
    note(execution, describe(result));
    if (result.Status !== 'ABORTED') this.#end(execution, result.Status);
  }

  #handlers(
    definition: StateMachineDefinition,
    execution: Execution,
  ): TaskHandlers {
    const tasks = Object.entries(definition.States).filter(
      ([, state]) => state.Type === 'Task',
    );
    const about = { stream: execution.stream, rotationId: execution.arn };
    return Object.fromEntries(
      tasks.map(([name]) => [
        name,
        (event: object) => {
          // The interpreter starts a redriven execution again.
          const isTold = 'StartedAt' in event;
          const { startedAt: StartedAt, request: Request } = execution;
          const told = isTold ? { ...event, StartedAt, Request } : event;
          return this.#options.invoke(name, told, about);
        },
      ]),
    );
  }

  #end(execution: Execution, status: ExecutionResult['Status']): void {
    execution.status = status;
    if (status === 'SUCCEEDED') return;
    const event = () => this.#tellEnd(execution, status);
    this.goOn(this.#counted(execution, event));
  }

  /** The event of the end: late, sometimes twice, and until it is handled. */
  async #tellEnd(
    execution: Execution,
    Status: 'FAILED' | 'TIMED_OUT' | 'ABORTED',
  ): Promise<void> {
    const { random, invoke, note } = this.#options;
    const { arn, stream, startedAt, request, result } = execution;
    const about = { stream, rotationId: arn };
    const error = result?.Status === Status ? result : undefined;
    const times = random.chance(0.1) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      const isLate = random.chance(0.1);
      await pause(isLate ? random.between(5_000, 300_000) : 800);
      for (let isHandled = false; !isHandled; ) {
        const handlers: TaskHandlers = {
          SettleFailure: (event: object) =>
            invoke('SettleFailure', event, about),
        };
        isHandled = await settleFromOutside(handlers, {
          RotationId: arn,
          StartedAt: startedAt,
          Request: request,
          Status,
          Error: error?.Error ?? '',
          Cause: error?.Cause ?? '',
        }).then(
          () => true,
          () => false,
        );
        // Lambda tries an event again, and then people take it from the queue.
        if (!isHandled) await pause(60_000);
      }
      note(execution, `settled by ${Status}`);
    }
  }
}

function startingAt(
  definition: StateMachineDefinition,
  state: string,
): StateMachineDefinition {
  const known = redriven.get(state) ?? { ...definition, StartAt: state };
  redriven.set(state, known);
  return known;
}

function describe(result: ExecutionResult): string {
  if (result.Status !== 'SUCCEEDED') return `${result.Status} ${result.Error}`;
  return `SUCCEEDED ${(result.Output as { Outcome: string }).Outcome}`;
}
