import type { SFNClient } from '@aws-sdk/client-sfn';
import { onTestFinished } from 'vitest';
import { localStateMachine } from '../../../local/runner/rotation.ts';
import type { StateMachines } from '../../../local/services/step-functions/executions.ts';
import { startStepFunctions } from '../../../local/services/step-functions/step-functions.ts';
import { ACCOUNT, REGION, stepFunctionsAt } from './connected-clients.ts';

/** Step Functions with one state machine that runs like this, until the test ends. */
export async function stepFunctionsRunning(
  run: StateMachines[string]['run'],
): Promise<{ sfn: SFNClient; stateMachineArn: string }> {
  const { endpoint, close } = await startStepFunctions({
    region: REGION,
    account: ACCOUNT,
    port: 0,
    stateMachines: {
      'rotate-stream': {
        definition: async () => ({ StartAt: 'End', States: {} }),
        handlers: Promise.resolve({}),
        run,
      },
    },
  });
  onTestFinished(close);
  const sfn = stepFunctionsAt(endpoint);
  return { sfn, stateMachineArn: localStateMachine(REGION) };
}
