import { describe, expect, it } from 'vitest';
import { ExecutionHistory } from '../../../../local/services/step-functions/execution-history.ts';

const timestamp = Date.parse('2026-01-01T00:00:00Z');
const PATIENTLY = { interval: 1, timeout: 30_000 };
const state = { name: 'Order', type: 'Task', input: {} };

async function withCall() {
  const history = new ExecutionHistory();
  history.add({ type: 'ExecutionStarted', timestamp, input: {} });
  history.add({ type: 'StateEntered', timestamp, state });
  const answer = Promise.withResolvers<string>();
  const { Order } = history.watched({ Order: () => answer.promise }, () => ({
    resource: 'arn',
  }));
  const answered = Order?.({} as never, {} as never);
  await expect
    .poll(() => history.events.at(-1)?.type, PATIENTLY)
    .toBe('LambdaFunctionStarted');
  const types = () => history.events.slice(4).map(({ type }) => type);
  return { history, answer, answered, types };
}

describe('ExecutionHistory', () => {
  it('reports a function that took too long, and not of its answer', async () => {
    const { history, answer, answered, types } = await withCall();
    history.add({
      type: 'StateFailed',
      timestamp,
      state,
      Error: 'States.Timeout',
    });
    history.add({ type: 'StateExited', timestamp, state });
    answer.resolve('late');
    expect(await answered).toBe('late');

    expect(types()).toEqual(['LambdaFunctionTimedOut', 'TaskStateExited']);
  });

  it('reports an execution that took too long', async () => {
    const { history, types } = await withCall();
    history.add({ type: 'ExecutionTimeout', timestamp });

    expect(types()).toEqual(['ExecutionTimedOut']);
    expect(history.end).toEqual({
      status: 'TIMED_OUT',
      stopDate: new Date(timestamp),
    });
  });

  it('ends once, whatever comes behind', async () => {
    const { history, answer, answered, types } = await withCall();
    history.abort(new Date(timestamp), 'Odd', 'why');
    answer.resolve('late');
    await answered;
    history.add({ type: 'StateExited', timestamp, state });
    history.add({ type: 'ExecutionAborted', timestamp: timestamp + 1 });

    expect(types()).toEqual(['ExecutionAborted']);
    expect(history.end).toMatchObject({
      status: 'ABORTED',
      stopDate: new Date(timestamp),
      cause: 'why',
    });
  });
});
