import { randomUUID } from 'node:crypto';
import type { Outcome } from '../../shared/contract/outcome.ts';
import {
  type FleetOutcome,
  type StreamOutcome,
  summarizeFleet,
} from '../../shared/fleet/outcome.ts';
import { planFleet } from '../../shared/fleet/plan.ts';
import { executionName } from '../../shared/identifiers/arn.ts';
import { readFailure } from '../../shared/rotation/failure.ts';
import {
  localExecutions,
  type RotationOptions,
  runRotation,
} from './rotation.ts';
import { readStateMachine, runExecution } from './state-machine.ts';

/** What happens to a stream of a fleet. */
export type StreamEvent =
  | { Type: 'STARTED'; StreamName: string }
  | ({ Type: 'ENDED' } & StreamOutcome);

export interface FleetOptions extends Omit<RotationOptions, 'request'> {
  /** `{"Streams": [request, ...]}` */
  input: unknown;
  onStream?: (event: StreamEvent) => void;
}

/**
 * Runs a fleet as the deployed state machine would, each rotation as
 * {@link runRotation} does. One that is aborted answers when the rotations that
 * were running have been settled; the others count as failed.
 *
 * @throws {RotationError} InvalidRequest, before anything is started
 */
export async function runFleet(options: FleetOptions): Promise<FleetOutcome> {
  const { input, onStream, onEvent, startedAt, name, ...rotation } = options;
  const { handlers, region, account, signal, waits, retries } = options;
  const streams = planFleet(input).Streams.map(({ Request }) => Request);
  const FleetId = `${localExecutions(region, 'rotate-fleet', account)}${name ?? randomUUID()}`;
  const StartedAt = (startedAt ?? new Date()).toISOString();
  const ended = new Map<string, Outcome>();
  let summary: FleetOutcome | undefined;
  const result = await runExecution({
    definition: await readStateMachine('rotate-fleet'),
    handlers: {
      ...handlers,
      SummarizeFleet: async (event: object, context) => {
        const answer = await handlers.SummarizeFleet?.(
          // The interpreter has a start time of its own.
          { ...event, StartedAt } as never,
          context,
        );
        summary = answer as FleetOutcome;
        return answer;
      },
    },
    integrations: {
      RotateStream: async ({ Input }: { Input: (typeof streams)[number] }) => {
        const { StreamName } = Input;
        onStream?.({ Type: 'STARTED', StreamName });
        try {
          const outcome = await runRotation({ ...rotation, request: Input });
          ended.set(StreamName, outcome);
          return describeExecution(outcome);
        } finally {
          const outcome = streamOutcome(StreamName, ended.get(StreamName));
          onStream?.({ Type: 'ENDED', ...outcome });
        }
      },
    },
    input,
    executionArn: FleetId,
    waits,
    retries,
    signal,
    onEvent,
  });
  if (summary !== undefined) return summary;
  const Streams = streams.map(({ StreamName }) =>
    streamOutcome(StreamName, ended.get(StreamName)),
  );
  const why = result.Status === 'SUCCEEDED' ? {} : readFailure(result);
  return {
    ...summarizeFleet({ FleetId, StartedAt, Streams }),
    Status: 'FAILED',
    ...why,
  };
}

/**
 * How startExecution.sync:2 answers.
 *
 * @throws States.TaskFailed for a rotation that failed, as it does
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
 */
function describeExecution(outcome: Outcome) {
  const { Status, StartedAt, RotationId: ExecutionArn } = outcome;
  if (Status === 'SUCCEEDED') return { ExecutionArn, Status, Output: outcome };
  const StartDate = Date.parse(StartedAt);
  const { Error: error, Cause } = outcome;
  const description = { Cause, Error: error, ExecutionArn, StartDate, Status };
  throw Object.assign(new Error(JSON.stringify(description)), {
    name: 'States.TaskFailed',
  });
}

function streamOutcome(
  StreamName: string,
  outcome: Outcome | undefined,
): StreamOutcome {
  if (outcome === undefined) {
    return {
      StreamName,
      Status: 'FAILED',
      Error: 'ExecutionAborted',
      Cause: 'The fleet ended before its turn; nothing was started',
    };
  }
  const { Status, KeyId, RotationId } = outcome;
  const Execution = executionName(RotationId);
  return Status === 'SUCCEEDED'
    ? { StreamName, Status, Outcome: outcome.Outcome, KeyId, Execution }
    : {
        StreamName,
        Status,
        Error: outcome.Error,
        Cause: outcome.Cause,
        Execution,
      };
}
