import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../cli/executions/events.ts';
import {
  fleetEvent,
  fleetOutcome,
} from '../../../cli/executions/fleet-view.ts';

const ARN = 'arn:aws:states:eu-west-1:111122223333:execution:rotate-fleet:x';

const event = (
  type: RecordedEvent['type'],
  field: string,
  details: object,
): RecordedEvent => ({
  id: 1,
  timestamp: new Date('2026-01-01T00:00:00Z'),
  type,
  [field]: details,
});
const entered = (type: RecordedEvent['type'], name: string, input: unknown) =>
  event(type, 'stateEnteredEventDetails', {
    name,
    input: JSON.stringify(input),
  });
const exited = (type: RecordedEvent['type'], name: string, output: unknown) =>
  event(type, 'stateExitedEventDetails', {
    name,
    output: JSON.stringify(output),
  });

const ROTATED = {
  StreamName: 'orders',
  Status: 'SUCCEEDED',
  Outcome: 'ROTATED',
};
const LOST = {
  StreamName: 'ads',
  Status: 'FAILED',
  Error: 'States.Timeout',
};
const STARTED = event('ExecutionStarted', 'executionStartedEventDetails', {
  input: '{"Streams": [{"StreamName": "orders"}, {"StreamName": "ads"}]}',
});
const ENDED = [
  entered('WaitStateEntered', 'WaitForPace', { Result: ROTATED }),
  exited('PassStateExited', 'OutcomeUnknown', LOST),
];

describe('fleetEvent', () => {
  it('tells how many streams there are, which start, and how they end', () => {
    const start = entered('TaskStateEntered', 'RotateStream', {
      Request: { StreamName: 'orders' },
    });
    expect([STARTED, start, ...ENDED].map(fleetEvent)).toEqual([
      { total: 2 },
      { started: 'orders' },
      { ended: ROTATED },
      { ended: LOST },
    ]);
  });

  it('tells nothing of what else happens', () => {
    expect(
      [
        entered('TaskStateEntered', 'ReadOutcome', {}),
        entered('WaitStateEntered', 'WaitForTurn', {}),
        exited('WaitStateExited', 'WaitForPace', ROTATED),
        event('ExecutionStarted', 'executionStartedEventDetails', {}),
        { id: 1, type: 'LambdaFunctionStarted', timestamp: new Date() },
      ].map((each) => fleetEvent(each as RecordedEvent)),
    ).toEqual(Array(5).fill({}));
  });
});

describe('fleetOutcome', () => {
  it('is what SummarizeFleet answered', () => {
    const summary = {
      Status: 'SUCCEEDED',
      Counts: { ROTATED: 1 },
      Streams: [],
    };
    const history = [
      STARTED,
      exited('TaskStateExited', 'SummarizeFleet', summary),
      event('ExecutionSucceeded', 'executionSucceededEventDetails', {}),
    ];
    expect(fleetOutcome(ARN, history)).toEqual(summary);
  });

  it('of one that was stopped has the streams that had ended', () => {
    const history = [
      STARTED,
      ...ENDED,
      event('ExecutionAborted', 'executionAbortedEventDetails', {}),
    ];
    expect(fleetOutcome(ARN, history)).toMatchObject({
      Status: 'FAILED',
      Error: 'ExecutionAborted',
      Cause: expect.stringContaining('before its streams'),
      FleetId: ARN,
      StartedAt: '2026-01-01T00:00:00.000Z',
      Counts: { ROTATED: 1, FAILED: 1 },
      Streams: [ROTATED, LOST],
    });
  });

  it('of one that was refused says why', () => {
    const cause = '{"errorType":"InvalidRequest","errorMessage":"no streams"}';
    const history = [
      STARTED,
      event('ExecutionFailed', 'executionFailedEventDetails', {
        error: 'InvalidRequest',
        cause,
      }),
    ];
    expect(fleetOutcome(ARN, history)).toMatchObject({
      Error: 'InvalidRequest',
      Cause: 'no streams',
      Streams: [],
    });
  });
});
