import type { EmbeddedService } from '../embedded-service.ts';
import { type JsonService, startJsonService } from '../json-service.ts';
import { Executions, type ExecutionsOptions } from './executions.ts';

interface StepFunctionsOptions extends ExecutionsOptions {
  /** 0 for any free one. */
  port: number;
}

/**
 * Starts the stand-in for Step Functions on 127.0.0.1. Executions are kept in
 * memory; its end stops and settles those that run.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
 */
export async function startStepFunctions({
  port,
  ...options
}: StepFunctionsOptions): Promise<EmbeddedService> {
  const executions = new Executions(options);
  const stepFunctions: JsonService = {
    name: 'Step Functions',
    target: 'AWSStepFunctions',
    version: '1.0',
    operations: {
      StartExecution: (input) => executions.start(input),
      StopExecution: (input) => executions.stop(input),
      DescribeExecution: (input) => executions.describe(input),
      GetExecutionHistory: (input) => executions.historyOf(input),
      ListExecutions: (input) => executions.list(input),
      ListStateMachines: (input) => executions.listStateMachines(input),
      DescribeStateMachine: (input) => executions.describeStateMachine(input),
    },
  };
  const service = await startJsonService(stepFunctions, port);
  return {
    endpoint: service.endpoint,
    close: async () => {
      await service.close();
      await executions.close();
    },
  };
}
