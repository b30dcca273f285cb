import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { StateMachineName } from '../../local/runner/state-machine.ts';
import { externalEndpoints } from '../../local/session/endpoints.ts';
import { parseRequest } from '../../shared/contract/request.ts';
import { requestedStream } from '../../shared/contract/requested.ts';
import type { Trigger } from '../../shared/contract/trigger.ts';
import {
  isServiceError,
  wasNeverSent,
} from '../../shared/errors/aws-errors.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { parseStreamArn } from '../../shared/identifiers/arn.ts';
import { findCaller } from '../environment/caller.ts';
import type { CommandContext } from '../environment/context.ts';
import {
  type AwsOptions,
  findDeployment,
  setAwsVariables,
} from '../environment/deployment.ts';
import { CouldNotAskError } from '../errors/command-error.ts';
import { explain } from '../errors/explain.ts';
import { type OutputOptions, render } from '../output/render.ts';
import { followCommand } from './command-lines.ts';
import { consoleLink } from './console-link.ts';
import { followExecution } from './follow.ts';
import { nameExecution } from './name.ts';
import {
  executionArnOf,
  parseExecutionArn,
  parseStateMachineArn,
  type StatesArn,
} from './states-arn.ts';
import { stepFunctionsClient } from './step-functions-client.ts';

export interface StartOptions extends AwsOptions {
  /** In the place of a stage. */
  stateMachineArn?: string;
  /** Whether to start without a question. */
  yes?: boolean;
  /** False not to follow what was started. */
  wait?: boolean;
}

/** What is to be started. */
interface ExecutionStart {
  machine: StateMachineName;
  /** For people: what the execution's name begins with. */
  name: string;
  /** One that is right. */
  input: Record<string, unknown>;
}

/**
 * The start of an execution for these requests.
 *
 * @throws {RotationError} InvalidRequest
 */
export type ToStart = (
  requests: readonly Record<string, unknown>[],
) => ExecutionStart;

/** The start of one rotation. */
export const rotationStart: ToStart = ([request = {}]) => {
  parseRequest(request);
  return {
    machine: 'rotate-stream',
    name: requestedStream(request),
    input: request,
  };
};

/**
 * Starts an execution of a deployed state machine, with the caller's ARN in the Trigger
 * of each request, and follows it to its end.
 *
 * @returns the exit code
 * @throws InvalidRequest and CouldNotAskError before anything is started
 */
export async function startExecution(
  toStart: ToStart,
  requests: readonly Record<string, unknown>[],
  options: StartOptions & OutputOptions,
  context: CommandContext,
): Promise<number> {
  const { signal, forceQuit } = context.interruption;
  const { machine } = toStart(requests);
  const stateMachine = await findStateMachine(machine, options, signal);
  for (const request of requests) checkRegion(request, stateMachine);
  const { Arn, warning } = await findCaller(signal);
  const what = withCaller(toStart, requests, Arn);
  const client = stepFunctionsClient();
  try {
    signal.throwIfAborted();
    const started = await start(client, stateMachine, what, options, forceQuit);
    const execution = parseExecutionArn(started.ExecutionArn);
    const link =
      externalEndpoints(process.env).SFN === undefined &&
      consoleLink(execution);
    process.stderr.write(`Started ${execution.arn}\n`);
    if (link) process.stderr.write(`${link}\n`);
    if (warning) process.stderr.write(`${warning}\n`);
    if (options.wait !== false) {
      return await followExecution(client, execution, options, context, {
        isNew: true,
      });
    }
    const text = render(started, options, () => started.ExecutionArn);
    process.stdout.write(text);
    return 0;
  } finally {
    client.destroy();
  }
}

/** A Trigger that has no room for the caller's ARN stays as it is. */
function withCaller(
  toStart: ToStart,
  requests: readonly Record<string, unknown>[],
  CallerArn: string | undefined,
): ExecutionStart {
  if (CallerArn === undefined) return toStart(requests);
  try {
    return toStart(
      requests.map((request) => ({
        ...request,
        Trigger: { ...(request.Trigger as Trigger), CallerArn },
      })),
    );
  } catch (error) {
    if (!(error instanceof RotationError)) throw error;
    return toStart(requests);
  }
}

async function findStateMachine(
  machine: StateMachineName,
  options: StartOptions,
  signal: AbortSignal,
): Promise<StatesArn> {
  const { stage, stateMachineArn, region, profile } = options;
  if (stage !== undefined) {
    setAwsVariables(options);
    const { StateMachineArn, FleetStateMachineArn } = await findDeployment(
      stage,
      signal,
    );
    const arn =
      machine === 'rotate-fleet' ? FleetStateMachineArn : StateMachineArn;
    if (arn !== undefined) {
      return parseStateMachineArn(arn, `Stage ${stage}`, machine);
    }
    throw new CouldNotAskError(
      `Stage ${stage} has no state machine for fleets yet; deploy it again`,
    );
  }
  if (stateMachineArn === undefined) throw new Error('No state machine');
  const found = parseStateMachineArn(
    stateMachineArn,
    '--state-machine-arn',
    machine,
  );
  if (region !== undefined && region !== found.region) {
    throw new RotationError(
      'InvalidRequest',
      `--region ${quote(region)} is not the Region of --state-machine-arn, which is ${found.region}; leave it out`,
    );
  }
  setAwsVariables({ region: found.region, profile });
  return found;
}

/** What PlanRotation would refuse, seen before anything is started. */
function checkRegion(
  { StreamARN }: { StreamARN?: unknown },
  { region }: StatesArn,
): void {
  const arn = typeof StreamARN === 'string' && parseStreamArn(StreamARN);
  if (!arn || arn.region === region) return;
  throw new RotationError(
    'InvalidRequest',
    `StreamARN ${quote(StreamARN)} is in Region ${arn.region}, and the state machine is in ${region}; use that of ${arn.region}`,
  );
}

async function start(
  client: SFNClient,
  { arn }: StatesArn,
  what: ExecutionStart,
  options: StartOptions,
  abortSignal: AbortSignal,
): Promise<{ ExecutionArn: string; StartedAt: string }> {
  const name = nameExecution(what.name, new Date());
  const isAnswerLost = watchAnswers(client);
  try {
    // The first signal waits for the answer: without it, it is unknown whether
    // a rotation has begun.
    const { executionArn, startDate } = await client.send(
      new StartExecutionCommand({
        stateMachineArn: arn,
        name,
        input: JSON.stringify(what.input),
      }),
      { abortSignal },
    );
    if (executionArn === undefined) {
      throw new Error('StartExecution answered without an ARN');
    }
    const StartedAt = (startDate ?? new Date()).toISOString();
    return { ExecutionArn: executionArn, StartedAt };
  } catch (error) {
    if (isAnswerLost()) {
      const execution = executionArnOf(arn, name);
      throw new CouldNotAskError(
        `${explain(error).line}. It is unknown whether the rotation was started; ${followCommand(execution, options.profile)} shows it`,
        { cause: error },
      );
    }
    if ((error as Error).name !== 'StateMachineDoesNotExist') throw error;
    throw new CouldNotAskError(
      `There is no state machine ${arn}. Check its name, its Region and the account of the profile`,
      { cause: error },
    );
  }
}

/**
 * Watches every attempt of a call, those that the SDK makes again among them.
 *
 * @returns whether one may have reached AWS without an answer
 */
function watchAnswers(client: SFNClient): () => boolean {
  let isLost = false;
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        isLost ||= !isServiceError(error) && !wasNeverSent(error);
        throw error;
      }
    },
    { name: 'watchAnswers', step: 'finalizeRequest', priority: 'low' },
  );
  return () => isLost;
}
