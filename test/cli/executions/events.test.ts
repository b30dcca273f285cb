import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../cli/executions/events.ts';
import { executionEvents } from '../../../cli/executions/events.ts';

const START = Date.parse('2026-01-01T00:00:00Z');

/** A history from types and details, each event after the one before it. */
function history(...events: Partial<RecordedEvent>[]): RecordedEvent[] {
  return events.map((event, i) => ({
    id: i + 1,
    previousEventId: i < 2 ? 0 : i,
    timestamp: new Date(START + i * 1000),
    type: 'ExecutionStarted',
    ...event,
  }));
}

const entered = (name: string, type = 'Task', input = '{}') =>
  ({
    type: `${type}StateEntered`,
    stateEnteredEventDetails: { name, input },
  }) as Partial<RecordedEvent>;
const exited = (name: string, type = 'Task', output = '{}') =>
  ({
    type: `${type}StateExited`,
    stateExitedEventDetails: { name, output },
  }) as Partial<RecordedEvent>;
const STARTED: Partial<RecordedEvent> = { type: 'ExecutionStarted' };
const SCHEDULED: Partial<RecordedEvent> = { type: 'LambdaFunctionScheduled' };
const RUNNING: Partial<RecordedEvent> = { type: 'LambdaFunctionStarted' };
const SUCCEEDED: Partial<RecordedEvent> = { type: 'LambdaFunctionSucceeded' };
const failed = (error: string): Partial<RecordedEvent> => ({
  type: 'LambdaFunctionFailed',
  lambdaFunctionFailedEventDetails: { error, cause: 'why' },
});

/** A state as it may happen: its name, its type, how often its function fails. */
const STATE = fc.record({
  name: fc.constantFrom('PlanRotation', 'DescribeStream', 'WaitForUpdate'),
  type: fc.constantFrom('Task', 'Wait', 'Choice', 'Pass'),
  failures: fc.nat(3),
});

describe('executionEvents', () => {
  it('shows every state once and every further attempt, whatever the order of pages', () => {
    fc.assert(
      fc.property(
        fc.array(STATE).chain((states) => {
          const events = history(
            STARTED,
            ...states.flatMap(({ name, type, failures }) => [
              entered(name, type),
              ...(type === 'Task'
                ? [
                    ...Array.from({ length: failures }, () => [
                      SCHEDULED,
                      RUNNING,
                      failed('Odd'),
                    ]).flat(),
                    SCHEDULED,
                    RUNNING,
                    SUCCEEDED,
                  ]
                : []),
              exited(name, type),
            ]),
            { type: 'ExecutionSucceeded' },
          );
          return fc.record({
            states: fc.constant(states),
            pages: fc.shuffledSubarray([...events, ...events], {
              minLength: events.length * 2,
            }),
          });
        }),
        ({ states, pages }) => {
          const expected = states.flatMap(({ name, type, failures }) => [
            `StateEntered ${name}`,
            ...Array.from(
              { length: type === 'Task' ? failures : 0 },
              (_, i) => [
                `StateFailed ${name}`,
                `StateRetried ${name} ${i + 1}`,
              ],
            ).flat(),
            `StateExited ${name}`,
          ]);
          const events = executionEvents(pages);
          expect(
            events.map(({ type, state, retry }) =>
              [type, state?.name, retry?.attempt]
                .filter((each) => each !== undefined)
                .join(' '),
            ),
          ).toEqual(['ExecutionStarted', ...expected, 'ExecutionSucceeded']);
          const times = events.map(({ timestamp }) => timestamp);
          expect(times).toEqual(times.toSorted((a, b) => a - b));
        },
      ),
    );
  });

  it('carries what states got and gave, and what went wrong', () => {
    const events = executionEvents(
      history(
        STARTED,
        entered('ReserveQuota', 'Task', '{"A":1}'),
        SCHEDULED,
        {
          type: 'LambdaFunctionTimedOut',
          lambdaFunctionTimedOutEventDetails: { error: 'States.Timeout' },
        },
        exited('ReserveQuota', 'Task', '{"A":2}'),
        {
          type: 'ExecutionFailed',
          executionFailedEventDetails: { error: 'Odd', cause: 'why' },
        },
      ),
    );

    expect(events.slice(1)).toEqual([
      {
        id: 2,
        type: 'StateEntered',
        timestamp: START + 1000,
        state: { name: 'ReserveQuota', type: 'Task', input: { A: 1 } },
      },
      {
        id: 4,
        type: 'StateFailed',
        timestamp: START + 3000,
        state: { name: 'ReserveQuota', type: 'Task' },
        Error: 'States.Timeout',
      },
      {
        id: 5,
        type: 'StateExited',
        timestamp: START + 4000,
        state: { name: 'ReserveQuota', type: 'Task', output: { A: 2 } },
      },
      {
        id: 6,
        type: 'ExecutionFailed',
        timestamp: START + 5000,
        Error: 'Odd',
        Cause: 'why',
      },
    ]);
  });

  it.each(['{"A":', 'null', undefined])('takes data %s for none', (output) => {
    const [, , event] = executionEvents(
      history(STARTED, entered('Plan'), {
        type: 'TaskStateExited',
        stateExitedEventDetails: { name: 'Plan', output },
      }),
    );
    expect(event?.state?.output).toEqual({});
  });

  it('leaves out what it does not know, and calls of states that it does not see', () => {
    const [, ...rest] = history(
      STARTED,
      entered('Plan'),
      SCHEDULED,
      failed('Odd'),
      { type: 'MapRunStarted' },
    );
    expect(executionEvents(rest).map(({ type }) => type)).toEqual([
      'StateEntered',
      'StateFailed',
    ]);
    expect(executionEvents(rest.slice(1))).toEqual([]);
  });
});
