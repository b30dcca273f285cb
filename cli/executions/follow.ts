import type { SFNClient } from '@aws-sdk/client-sfn';
import type { StateMachineName } from '../../local/runner/state-machine.ts';
import type { CommandContext } from '../environment/context.ts';
import type { AwsOptions } from '../environment/deployment.ts';
import { CouldNotAskError } from '../errors/command-error.ts';
import { explain } from '../errors/explain.ts';
import { type OutputOptions, render } from '../output/render.ts';
import { followCommand, stopCommand } from './command-lines.ts';
import { fleetView } from './fleet-view.ts';
import type { Where } from './next-command.ts';
import { readExecution } from './read-history.ts';
import { rotationView } from './rotation-view.ts';
import { type StatesArn, stageOf, stateMachineArnOf } from './states-arn.ts';
import type { ExecutionView } from './view.ts';

const VIEWS: Record<
  StateMachineName,
  (where: Where) => Promise<ExecutionView>
> = {
  'rotate-stream': rotationView,
  'rotate-fleet': fleetView,
};

/**
 * Follows an execution to its end: its progress on stderr, its outcome on
 * stdout. An interruption leaves it alone, and says how to come back.
 *
 * @returns the exit code
 * @throws CouldNotAskError when there is no such execution, or nothing can be read
 *   of it any more
 */
export async function followExecution(
  client: SFNClient,
  execution: StatesArn,
  options: OutputOptions & Pick<AwsOptions, 'profile'>,
  { interruption: { signal, exitCode }, givenRotations }: CommandContext,
  { isNew = false } = {},
): Promise<number> {
  const { arn: executionArn, machine } = execution;
  const view = await VIEWS[machine](
    whereOf(execution, options, givenRotations()),
  );
  let isShown = false;
  const history = await readExecution({
    client,
    executionArn,
    isNew,
    signal,
    onNews: (known) => {
      isShown = true;
      view.show(known);
    },
    onTrouble: (error) =>
      view.say(`${explain(error).line}. Trying again, the rotation goes on`),
  })
    .catch((error: Error) => {
      throw whatHappens(error, execution, options, isNew || isShown);
    })
    .finally(() => view.end());
  if (history === undefined) {
    process.stderr.write(
      [
        `${signal.reason}: the rotation goes on`,
        `Follow it: ${followCommand(execution.arn, options.profile)}`,
        `Stop it:   ${stopCommand(execution, options.profile)}`,
        '',
      ].join('\n'),
    );
    return exitCode() ?? 1;
  }
  const { outcome, text } = view.conclude(executionArn, history);
  process.stdout.write(render(outcome, options, () => text));
  return outcome.Status === 'SUCCEEDED' ? 0 : 1;
}

function whereOf(
  { arn, region }: StatesArn,
  { profile }: Pick<AwsOptions, 'profile'>,
  rotations: string | undefined,
): Where {
  const stage = stageOf(arn);
  return stage === undefined
    ? { stateMachineArn: stateMachineArnOf(arn), region, profile, rotations }
    : { stage, region, profile, rotations };
}

function whatHappens(
  error: Error,
  execution: StatesArn,
  options: Pick<AwsOptions, 'profile'>,
  isThere: boolean,
): Error {
  if (isThere) {
    return new CouldNotAskError(
      `${explain(error).line}. The rotation goes on; follow it with ${followCommand(execution.arn, options.profile)}`,
      { cause: error },
    );
  }
  if (error.name !== 'ExecutionDoesNotExist') return error;
  return new CouldNotAskError(
    `There is no execution ${execution.arn}. Check it and the account of the profile; Step Functions forgets an execution 90 days after its end, the command history does not`,
    { cause: error },
  );
}
