import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RotationError } from '../../../shared/errors/errors.ts';
import {
  isExecutionEnded,
  parseExecutionEnded,
} from '../../../shared/events/execution-ended.ts';
import { sampleEvent } from '../../support/aws/sample-event.ts';

const EXECUTION =
  'arn:aws:states:us-east-1:123456789012:execution:rotate-stream:one';

/** Step Functions' event of an execution that was stopped, but for these. */
const eventOf = (detail: object = {}, around: object = {}) => ({
  source: 'aws.states',
  'detail-type': 'Step Functions Execution Status Change',
  ...around,
  detail: {
    executionArn: EXECUTION,
    name: 'one',
    status: 'ABORTED',
    startDate: Date.parse('2026-01-12T03:00:01.204Z'),
    stopDate: Date.parse('2026-01-12T03:00:09.118Z'),
    input: '{"StreamName":"orders"}',
    output: null,
    error: null,
    cause: null,
    ...detail,
  },
});

function refusal(event: unknown): string {
  try {
    parseExecutionEnded(event);
  } catch (error) {
    expect(error).toBeInstanceOf(RotationError);
    expect(error).toMatchObject({ name: 'InvalidRequest' });
    return (error as Error).message;
  }
  throw new Error('It was not refused');
}

describe('parseExecutionEnded', () => {
  it('reads which execution ended, and what it was asked for', () => {
    expect(parseExecutionEnded(eventOf())).toEqual({
      RotationId: EXECUTION,
      StartedAt: '2026-01-12T03:00:01.204Z',
      Request: { StreamName: 'orders' },
      Failure: {
        Error: 'ExecutionAborted',
        Cause: 'The execution was stopped',
      },
      WasStopped: true,
    });
  });

  it.each([
    ['ABORTED', 'ExecutionAborted'],
    ['TIMED_OUT', 'States.Timeout'],
    ['FAILED', 'States.Runtime'],
  ])(
    'calls the error of one that is %s %s, unless it has its own',
    (status, name) => {
      const without = { status, error: undefined, cause: undefined };
      for (const event of [eventOf({ status }), eventOf(without)]) {
        const { Failure } = parseExecutionEnded(event);
        expect(Failure).toMatchObject({ Error: name });
        expect(Failure.Cause).toMatch(/^The execution /);
      }
      const own = eventOf({ status, error: 'UnusableKey', cause: 'disabled' });
      expect(parseExecutionEnded(own)).toMatchObject({
        Failure: { Error: 'UnusableKey', Cause: 'disabled' },
        WasStopped: status !== 'FAILED',
      });
    },
  );

  it('has a name for an execution that was stopped with empty words', () => {
    const { Failure } = parseExecutionEnded(eventOf({ error: '', cause: '' }));
    expect(Failure).toEqual({
      Error: 'ExecutionAborted',
      Cause: 'The execution was stopped',
    });
  });

  it.each(['RUNNING', 'SUCCEEDED', 'PENDING_REDRIVE', 'toString', ''])(
    'refuses one that is "%s"',
    (status) => {
      expect(refusal(eventOf({ status }))).toContain(`status is "${status}"`);
    },
  );

  it.each([
    ['that is missing', undefined],
    ['that is null', null],
    ['that is empty', ''],
    ['that is no JSON', '{"StreamName":'],
  ])('goes on without an input %s', (_, input) => {
    const ended = parseExecutionEnded(eventOf({ input }));
    expect(ended).toMatchObject({ RotationId: EXECUTION });
    expect(ended.Request).toBeUndefined();
  });

  it.each([
    ['no execution', eventOf({ executionArn: '' }), 'executionArn'],
    [
      'an execution whose name no record can have',
      eventOf({ executionArn: `${EXECUTION}${'x'.repeat(2000)}` }),
      'executionArn',
    ],
    [
      'an execution whose name forges a line',
      eventOf({ executionArn: `${EXECUTION}\nERROR` }),
      'executionArn',
    ],
    ['no start', eventOf({ startDate: null }), 'startDate'],
    ['a start that is no time', eventOf({ startDate: 1e17 }), 'startDate'],
    ['a start before all time', eventOf({ startDate: -1 }), 'startDate'],
    [
      'another event',
      eventOf({}, { 'detail-type': 'Scheduled Event' }),
      'detail-type',
    ],
    ['no detail', { ...eventOf(), detail: undefined }, 'detail'],
    ['nothing', null, 'it: '],
  ])('refuses %s', (_, event, named) => {
    expect(refusal(event)).toContain(named);
  });

  it('spells a start as $$.Execution.StartTime does', () => {
    fc.assert(
      fc.property(
        fc.date({
          noInvalidDate: true,
          min: new Date(0),
          max: new Date('9999-12-31T23:59:59.999Z'),
        }),
        (date) => {
          const { StartedAt } = parseExecutionEnded(
            eventOf({ startDate: date.getTime() }),
          );
          expect(StartedAt).toMatch(
            /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/,
          );
          expect(Date.parse(StartedAt)).toBe(date.getTime());
        },
      ),
    );
  });

  it('throws nothing but InvalidRequest, whatever it is given', () => {
    const field = fc.constantFrom(
      'executionArn',
      'status',
      'startDate',
      'input',
      'error',
      'cause',
    );
    const value = fc.oneof(fc.anything(), fc.json(), fc.double(), fc.string());
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.dictionary(field, value).map((detail) => eventOf(detail)),
        ),
        (event) => {
          try {
            const { StartedAt } = parseExecutionEnded(event);
            expect(Date.parse(StartedAt)).not.toBeNaN();
          } catch (error) {
            expect(error).toMatchObject({ name: 'InvalidRequest' });
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('reads the events that are shipped', async () => {
    for (const [name, error] of [
      ['execution-aborted', 'ExecutionAborted'],
      ['execution-timed-out', 'States.Timeout'],
      ['execution-failed', 'UnusableKey'],
    ] as const) {
      const event = (await sampleEvent(name)) as object;
      expect(isExecutionEnded(event)).toBe(true);
      expect(parseExecutionEnded(event)).toMatchObject({
        StartedAt: '2026-01-12T03:00:01.204Z',
        Request: { StreamName: 'samplestream' },
        Failure: { Error: error },
      });
    }
    const succeeded = await sampleEvent('execution-succeeded');
    expect(refusal(succeeded)).toContain('SUCCEEDED');
  });
});

describe('isExecutionEnded', () => {
  it('knows what the state machine says from what EventBridge says', () => {
    expect(isExecutionEnded(eventOf())).toBe(true);
    const inside = { RotationId: EXECUTION, Progress: {}, Request: {} };
    expect(isExecutionEnded(inside)).toBe(false);
  });

  it('takes nothing else for what the state machine says', () => {
    const inside = { RotationId: EXECUTION, Progress: {}, Request: {} };
    for (const event of [
      null,
      'text',
      [],
      {},
      { ...inside, Progress: 'Plan' },
      { ...inside, RotationId: 1 },
      { ...inside, 'detail-type': 'Scheduled Event' },
    ]) {
      expect(isExecutionEnded(event)).toBe(true);
    }
  });
});
