import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Under these Step Functions reports that a function did not run or died. */
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
});
