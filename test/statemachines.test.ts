import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  readStateMachine,
  runExecution,
  type TaskHandlers,
} from '../local/runner/state-machine.ts';

/** Names under which Step Functions reports that a function did not run or died. */
const DEATHS = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ENILimitReachedException',
  'Lambda.ResourceNotReadyException',
  'Lambda.Unknown',
  'Runtime.ExitError',
  'Runtime.OutOfMemory',
  'Sandbox.Timedout',
  'States.Timeout',
];

interface State {
  Type: string;
  Resource?: string;
  TimeoutSeconds?: number;
  Error?: string;
  Retry?: { ErrorEquals: string[]; MaxAttempts: number }[];
  ItemProcessor?: { States: Record<string, State> };
}

function statesOf(states: Record<string, State>): [string, State][] {
  return Object.entries(states).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...statesOf(state.ItemProcessor?.States ?? {}),
  ]);
}

const machines = ['rotate-stream', 'rotate-fleet'].map(
  (name) =>
    JSON.parse(readFileSync(`statemachines/${name}.asl.json`, 'utf8')) as {
      States: Record<string, State>;
    },
);
const states = machines.flatMap(({ States }) => statesOf(States));
const functions = states.filter(([, { Resource }]) =>
  Resource?.endsWith('FunctionArn}'),
);

describe('the state machines', () => {
  it.each(functions)(
    'retry %s however its function fails',
    (_, { Retry = [] }) => {
      const retried = Retry.filter(({ MaxAttempts }) => MaxAttempts >= 5);
      expect(retried.flatMap(({ ErrorEquals }) => ErrorEquals)).toEqual(
        expect.arrayContaining(DEATHS),
      );
    },
  );

  it.each(functions)(
    'give %s the 60 s that its own time limit is below',
    (_, state) => {
      expect(state.TimeoutSeconds).toBe(60);
    },
  );

  it('fail under no name that is reserved for Step Functions', () => {
    const names = states.map(([, { Error: name = '' }]) => name);
    expect(names.filter((name) => name.startsWith('States.'))).toEqual([]);
  });

  const fail = (name: string) => async () => {
    throw Object.assign(new Error(''), { name });
  };
  /** Runs a state machine with these functions, and without pauses. */
  async function run(
    machine: 'rotate-stream' | 'rotate-fleet',
    handlers: TaskHandlers,
  ) {
    return runExecution({
      definition: await readStateMachine(machine),
      handlers,
      retries: Object.fromEntries(states.map(([name]) => [name, 0])),
      input: { Streams: [] },
      executionArn: 'arn:aws:states:us-east-1:000000000000:execution:x:y',
    });
  }

  it.each([
    ['States.Timeout', 'FunctionFailed'],
    ['UnusableKey', 'UnusableKey'],
  ])(
    'end as allowed when PlanRotation fails as %s and SettleFailure fails too',
    async (name, expected) => {
      const handlers = { PlanRotation: fail(name), SettleFailure: fail('X') };
      const result = await run('rotate-stream', handlers);
      expect(result).toMatchObject({ Status: 'FAILED', Error: expected });
    },
  );

  it('end as allowed when ReserveQuota times out and SettleFailure fails too', async () => {
    const Plan = { Decision: 'ROTATE', OnQuotaExhausted: 'FAIL' };
    const result = await run('rotate-stream', {
      PlanRotation: async () => ({ Plan }),
      ReserveQuota: fail('States.Timeout'),
      SettleFailure: fail('X'),
    });
    expect(result).toMatchObject({ Status: 'FAILED', Error: 'FunctionFailed' });
  });

  it('fail with the sentence of PlanFleet for a fleet that it refuses', async () => {
    const { handler: PlanFleet } = await import('../functions/plan-fleet.ts');
    const result = await run('rotate-fleet', { PlanFleet: PlanFleet as never });
    expect(result).toMatchObject({
      Status: 'FAILED',
      Error: 'InvalidRequest',
      Cause: 'Streams [] is not a list of requests; give at least one',
    });
  });
});
