import { once } from 'node:events';
import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readExecution } from '../../../cli/executions/read-history.ts';
import {
  type Input,
  ServiceError,
  startJsonService,
} from '../../../local/services/json-service.ts';
import { stepFunctionsAt } from '../../support/local/connected-clients.ts';

/** An execution whose history is as long as the test says. */
async function execution() {
  const events: HistoryEvent[] = [];
  const calls: Input[] = [];
  /** What the next calls are refused with. */
  const refusals: ServiceError[] = [];
  const service = await startJsonService(
    {
      name: 'Step Functions',
      target: 'AWSStepFunctions',
      version: '1.0',
      operations: {
        GetExecutionHistory: (input) => {
          calls.push(input);
          const refusal = refusals.shift();
          if (refusal) throw refusal;
          const all = input.reverseOrder ? events.toReversed() : events;
          const from = Number(input.nextToken ?? 0);
          const to = from + Number(input.maxResults);
          const nextToken = to < all.length ? String(to) : undefined;
          return { events: all.slice(from, to), nextToken };
        },
      },
    },
    0,
  );
  onTestFinished(service.close);
  const add = (count: number, type: HistoryEvent['type']) => {
    for (let i = 0; i < count; i++) {
      events.push({ id: events.length + 1, timestamp: new Date(), type });
    }
  };
  return {
    calls,
    refusals,
    happen: (count = 1) => add(count, 'PassStateEntered'),
    end: () => add(1, 'ExecutionSucceeded'),
    close: service.close,
    /**
     * @param meanwhile what happens before the next poll, by the number of the
     *   pause
     */
    read: async (
      meanwhile: (pause: number) => void,
      more: Partial<Parameters<typeof readExecution>[0]> = {},
    ) => {
      let clock = 0;
      const pauses: number[] = [];
      const news: number[] = [];
      const history = await readExecution({
        client: stepFunctionsAt(service.endpoint),
        executionArn: 'arn',
        signal: new AbortController().signal,
        onNews: (known) => news.push(known.length),
        pause: async (ms) => {
          clock += ms;
          meanwhile(pauses.push(ms / 1000));
        },
        now: () => clock,
        ...more,
      });
      return { history, pauses, news };
    },
  };
}

const THROTTLED = new ServiceError('ThrottlingException', 'Rate exceeded');
const GONE = new ServiceError('ExecutionDoesNotExist', 'not there');

describe('readExecution', () => {
  it('reads all that there is at once, then only what is new', async () => {
    const { calls, happen, end, read } = await execution();
    happen(1500);
    const { history, news } = await read((pause) => {
      if (pause === 1) happen(1);
      if (pause === 3) happen(50);
      if (pause === 4) end();
    });

    const ids = history?.map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: 1552 }, (_, i) => i + 1));
    expect(news).toEqual([1500, 1501, 1551, 1552]);
    expect(
      calls.map((call) => [call.reverseOrder, call.maxResults, call.nextToken]),
    ).toEqual([
      [false, 1000, undefined],
      [false, 1000, '1000'],
      [true, 20, undefined],
      [true, 20, undefined],
      [true, 20, undefined],
      [true, 20, '20'],
      [true, 20, '40'],
      [true, 20, undefined],
    ]);
  });

  it('asks the more rarely, the longer nothing happens', async () => {
    const { happen, end, read } = await execution();
    happen();
    const { pauses } = await read((pause) => {
      if (pause === 60) happen();
      if (pause === 62) end();
    });

    expect(pauses.slice(0, 20)).toEqual(Array(20).fill(1));
    expect(pauses.slice(50, 60)).toEqual(Array(10).fill(15));
    expect(pauses.slice(60)).toEqual([1, 1]);
  });

  it('bears throttling, and a history that is not there yet', async () => {
    const { refusals, happen, end, read } = await execution();
    refusals.push(GONE);
    const troubles: unknown[] = [];
    const { news } = await read(
      (pause) => {
        if (pause === 1) happen();
        if (pause === 2) refusals.push(...Array(19).fill(THROTTLED));
        if (pause === 10) end();
      },
      {
        isNew: true,
        onTrouble: (error) => troubles.push((error as Error).name),
      },
    );

    expect(news).toEqual([1, 2]);
    expect(troubles).toEqual(['ExecutionDoesNotExist', 'ThrottlingException']);
  });

  it('gives up when nothing is answered for long', async () => {
    const { refusals, happen, read } = await execution();
    happen();
    const reading = read(() => refusals.push(THROTTLED));
    await expect(reading).rejects.toMatchObject({
      name: 'ThrottlingException',
    });
  });

  it.each([
    ['an execution that is not there', GONE],
    ['what is not allowed', new ServiceError('AccessDeniedException', 'no')],
  ])('does not wait for %s', async (_, refusal) => {
    const { refusals, happen, read } = await execution();
    happen();
    refusals.push(refusal);
    await expect(read(() => expect.unreachable())).rejects.toMatchObject({
      name: refusal.name,
    });
  });

  it('does not wait for whom it has never reached', async () => {
    const { close, read } = await execution();
    await close();
    await expect(read(() => expect.unreachable())).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it('leaves the execution when its signal says so', async () => {
    const { calls, happen, read } = await execution();
    const controller = new AbortController();
    const { signal } = controller;
    happen();
    const { history, news } = await read(() => {}, {
      signal,
      pause: async (_, { aborted }) => {
        expect(aborted).toBe(false);
        setImmediate(() => controller.abort());
        await once(signal, 'abort');
        signal.throwIfAborted();
      },
    });

    expect(history).toBeUndefined();
    expect(news).toEqual([1]);
    expect(calls).toHaveLength(1);
  });
});
