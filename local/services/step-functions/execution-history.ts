import { setImmediate } from 'node:timers/promises';
import type { HistoryEvent, HistoryEventType } from '@aws-sdk/client-sfn';
import type {
  ExecutionEvent,
  TaskHandlers,
} from '../../runner/state-machine.ts';

/** How an execution ended, in the fields of DescribeExecution. */
export interface ExecutionEnd {
  status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  stopDate: Date;
  /** JSON. */
  output?: string;
  error?: string;
  cause?: string;
}

type Details = Omit<
  HistoryEvent,
  'id' | 'previousEventId' | 'timestamp' | 'type'
>;

/** What the history says about a function's call. */
export interface Call {
  resource: string;
  timeoutInSeconds?: number;
}

const WHOLE = { truncated: false };

/**
 * The history of an execution in the events of Step Functions, from what the
 * interpreter and the functions do. For the iterations of a Map, it has only the
 * states that they enter and exit.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
 */
export class ExecutionHistory {
  readonly events: HistoryEvent[] = [];
  #end: ExecutionEnd | undefined;
  /** The call of the state that is running. */
  #call: { output?: unknown } | undefined;
  /** The last event of every Map iteration, by its index. */
  readonly #branches = new Map<number, number>();

  /** Undefined while the execution runs. */
  get end(): ExecutionEnd | undefined {
    return this.#end;
  }

  /** Handlers whose calls are in the history. */
  watched(
    handlers: TaskHandlers,
    describe: (name: string) => Call,
  ): TaskHandlers {
    return Object.fromEntries(
      Object.entries(handlers).map(([name, handler]) => [
        name,
        async (event: never, context: never) => {
          // The interpreter calls before anybody has read that it entered the
          // state.
          await setImmediate();
          const call = this.#schedule(event, describe(name));
          call.output = await handler(event, context);
          return call.output;
        },
      ]),
    );
  }

  /** Takes in what the interpreter tells. */
  add(event: ExecutionEvent & { input?: unknown; output?: unknown }): void {
    const { type, state, index } = event;
    const at = new Date(event.timestamp);
    const error = event.Error;
    const cause = event.Cause === undefined ? undefined : String(event.Cause);
    switch (type) {
      case 'ExecutionStarted':
        this.#push(at, 'ExecutionStarted', {
          executionStartedEventDetails: {
            input: JSON.stringify(event.input),
            inputDetails: WHOLE,
          },
        });
        break;
      case 'StateEntered': {
        const details = {
          stateEnteredEventDetails: {
            name: state?.name,
            input: JSON.stringify(state?.input),
            inputDetails: WHOLE,
          },
        };
        const entered = `${state?.type}StateEntered` as HistoryEventType;
        this.#push(at, entered, details, index);
        break;
      }
      case 'StateExited': {
        if (index === undefined) this.#succeed(at);
        const details = {
          stateExitedEventDetails: {
            name: state?.name,
            output: JSON.stringify(state?.output),
            outputDetails: WHOLE,
          },
        };
        const exited = `${state?.type}StateExited` as HistoryEventType;
        this.#push(at, exited, details, index);
        break;
      }
      case 'StateFailed':
        if (index === undefined) this.#fail(at, error, cause);
        break;
      case 'MapIterationStarted':
      case 'MapIterationSucceeded': {
        const details = { name: event.parentState?.name, index };
        const field =
          type === 'MapIterationStarted'
            ? { mapIterationStartedEventDetails: details }
            : { mapIterationSucceededEventDetails: details };
        this.#push(at, type, field, index);
        break;
      }
      case 'ExecutionSucceeded': {
        const output = JSON.stringify(event.output);
        this.#close({ status: 'SUCCEEDED', stopDate: at, output });
        break;
      }
      case 'ExecutionFailed':
        this.#close({ status: 'FAILED', stopDate: at, error, cause });
        break;
      case 'ExecutionTimeout':
        this.#close({ status: 'TIMED_OUT', stopDate: at });
        break;
      case 'ExecutionAborted':
        this.abort(at);
        break;
    }
  }

  /** Records StopExecution; later events are dropped. */
  abort(stopDate: Date, error?: string, cause?: string): void {
    this.#close({ status: 'ABORTED', stopDate, error, cause });
  }

  #schedule(input: unknown, { resource, timeoutInSeconds }: Call) {
    const call = {};
    this.#call = call;
    const now = new Date();
    this.#push(now, 'LambdaFunctionScheduled', {
      lambdaFunctionScheduledEventDetails: {
        resource,
        input: JSON.stringify(input),
        inputDetails: WHOLE,
        timeoutInSeconds,
      },
    });
    this.#push(now, 'LambdaFunctionStarted');
    return call as { output?: unknown };
  }

  #succeed(at: Date): void {
    if (this.#call === undefined) return;
    this.#push(at, 'LambdaFunctionSucceeded', {
      lambdaFunctionSucceededEventDetails: {
        output: JSON.stringify(this.#call.output ?? null),
        outputDetails: WHOLE,
      },
    });
    this.#call = undefined;
  }

  #fail(at: Date, error?: string, cause?: string): void {
    if (this.#call === undefined) return;
    this.#call = undefined;
    if (error === 'States.Timeout') {
      this.#push(at, 'LambdaFunctionTimedOut', {
        lambdaFunctionTimedOutEventDetails: { error },
      });
    } else {
      this.#push(at, 'LambdaFunctionFailed', {
        lambdaFunctionFailedEventDetails: { error, cause },
      });
    }
  }

  #close(end: ExecutionEnd): void {
    if (this.#end !== undefined) return;
    const { status, stopDate, output, error, cause } = end;
    switch (status) {
      case 'SUCCEEDED':
        this.#push(stopDate, 'ExecutionSucceeded', {
          executionSucceededEventDetails: { output, outputDetails: WHOLE },
        });
        break;
      case 'FAILED':
        this.#push(stopDate, 'ExecutionFailed', {
          executionFailedEventDetails: { error, cause },
        });
        break;
      case 'TIMED_OUT':
        this.#push(stopDate, 'ExecutionTimedOut', {
          executionTimedOutEventDetails: {},
        });
        break;
      case 'ABORTED':
        this.#push(stopDate, 'ExecutionAborted', {
          executionAbortedEventDetails: { error, cause },
        });
        break;
    }
    this.#end = end;
  }

  #push(
    timestamp: Date,
    type: HistoryEventType,
    details: Details = {},
    index?: number,
  ): void {
    if (this.#end !== undefined) return;
    const id = this.events.length + 1;
    // AWS counts neither the start nor an end from outside as part of the chain.
    const isLoose =
      id <= 2 || type === 'ExecutionAborted' || type === 'ExecutionTimedOut';
    const before = index === undefined ? undefined : this.#branches.get(index);
    const previousEventId = isLoose ? 0 : (before ?? id - 1);
    if (index !== undefined) this.#branches.set(index, id);
    this.events.push({ timestamp, type, id, previousEventId, ...details });
  }
}
