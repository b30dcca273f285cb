import { startJsonService } from '../../../local/services/json-service.ts';
import type { AtEnd } from '../local/temporary-directory.ts';
import { startCloudFormation } from './cloudformation.ts';

const MACHINES =
  'arn:aws:states:us-east-1:000000000000:stateMachine:kinesis-key-rotation-prod-rotate';

/** The state machines of the stage. */
export const STAGE_MACHINES = {
  stream: `${MACHINES}-stream`,
  fleet: `${MACHINES}-fleet`,
};

/**
 * The stage prod on the embedded AWS: CloudFormation has its stack, and Step Functions
 * starts its executions, which nothing runs.
 *
 * @param onStart called for each StartExecution, with its state machine and input
 * @returns the variables by which commands find both
 */
export async function startStage(
  atEnd: AtEnd,
  onStart: (stateMachineArn: string, input: string) => void,
): Promise<Record<string, string>> {
  const cloudFormation = await startCloudFormation(
    {
      'kinesis-key-rotation-prod': {
        StateMachineArn: STAGE_MACHINES.stream,
        FleetStateMachineArn: STAGE_MACHINES.fleet,
        LedgerTableName: 'kinesis-key-rotation-ledger',
      },
    },
    atEnd,
  );
  const stepFunctions = await startJsonService(
    {
      name: 'Step Functions',
      target: 'AWSStepFunctions',
      version: '1.0',
      operations: {
        StartExecution: ({ stateMachineArn, name, input }) => {
          onStart(String(stateMachineArn), String(input));
          const executionArn = `${String(stateMachineArn).replace(':stateMachine:', ':execution:')}:${name}`;
          return { executionArn, startDate: new Date() };
        },
      },
    },
    0,
  );
  atEnd(stepFunctions.close);
  return {
    AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation,
    AWS_ENDPOINT_URL_SFN: stepFunctions.endpoint,
  };
}
