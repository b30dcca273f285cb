import {
  DescribeExecutionCommand,
  type SFNServiceException,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localStateMachine } from '../../local/runner/rotation.ts';
import {
  readStateMachine,
  runExecution,
} from '../../local/runner/state-machine.ts';
import { startStepFunctions } from '../../local/services/step-functions/step-functions.ts';
import { runs } from '../support/hostile/hostile-json.ts';
import {
  ACCOUNT,
  REGION,
  stepFunctionsAt,
} from '../support/local/connected-clients.ts';

/** A Trigger of any depth, as an object or as a list. */
const deepInput = fc
  .tuple(
    fc.oneof(fc.nat(3_000), fc.nat(60_000), fc.constant(100_000)),
    fc.constantFrom(['[', ']'], ['{"A":', '}']),
  )
  .map(([depth, [open = '', close = '']]) => {
    const count = Math.min(depth, Math.floor(250_000 / open.length / 2));
    return `{"Trigger":${open.repeat(count)}1${close.repeat(count)}}`;
  });

const timers = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('an execution with nested input', () => {
  it('is refused or ends, and leaves no timer to the process', async () => {
    const before = timers();
    const { endpoint, close } = await startStepFunctions({
      region: REGION,
      account: ACCOUNT,
      port: 0,
      stateMachines: {
        'rotate-stream': {
          definition: () => readStateMachine(),
          handlers: Promise.resolve({}),
          run: async ({ handlers, signal, onEvent, request }) =>
            runExecution({
              definition: await readStateMachine(),
              handlers: {
                ...handlers,
                PlanRotation: async (event) => event,
              },
              input: request,
              executionArn: `arn:aws:states:${REGION}:${ACCOUNT}:execution:rotate-stream:1`,
              signal,
              onEvent,
            }),
        },
      },
    });
    const client = stepFunctionsAt(endpoint);
    await fc.assert(
      fc.asyncProperty(deepInput, async (input) => {
        const stateMachineArn = localStateMachine(REGION);
        const { executionArn } = await client
          .send(new StartExecutionCommand({ stateMachineArn, input }))
          .catch((error: SFNServiceException) => {
            expect(error.name).toBe('InvalidExecutionInput');
            return { executionArn: undefined };
          });
        if (executionArn === undefined) return;
        const { input: kept } = await client.send(
          new DescribeExecutionCommand({ executionArn }),
        );
        expect(kept).toBe(input);
      }),
      runs(30),
    );
    client.destroy();
    await close();

    expect(timers()).toBeLessThanOrEqual(before);
  });
});
