import type { HistoryEvent, SFNClient } from '@aws-sdk/client-sfn';
import { readStateMachine } from '../local/state-machine.ts';
import { CommandError } from './command-error.ts';
import type { AwsOptions } from './deployment.ts';
import { executionOutcome } from './execution-outcome.ts';
import { readExecution } from './execution-reader.ts';
import { executionEvents } from './history-events.ts';
import type { Interruption } from './interruption.ts';
import { outcomeText } from './outcome-text.ts';
import { type OutputOptions, render } from './output.ts';
import { explain } from './problem.ts';
import { Progress } from './progress.ts';
import type { StatesArn } from './states-arn.ts';
import type { WaitState } from './wait-end.ts';

/**
 * Follows an execution to its end: its progress on stderr, its outcome on
 * stdout. An interruption leaves it alone, and says how to come back.
 *
 * @returns the exit code
 * @throws CommandError when there is no such execution, or nothing can be read
 *   of it any more
 */
export async function followRotation(
  client: SFNClient,
  execution: StatesArn,
  options: OutputOptions & Pick<AwsOptions, 'profile'>,
  { signal, exitCode }: Interruption,
  { isNew = false } = {},
): Promise<number> {
  const { arn: executionArn } = execution;
  const { States } = await readStateMachine();
  const progress = new Progress({
    stream: process.stderr,
    states: States as Record<string, WaitState>,
  });
  let shown = 0;
  const show = (known: readonly HistoryEvent[]) => {
    for (const event of executionEvents(known)) {
      if (event.id > shown) progress.show(event);
    }
    shown = known.at(-1)?.id ?? 0;
  };
  const history = await readExecution({
    client,
    executionArn,
    isNew,
    signal,
    onNews: show,
    onTrouble: (error) =>
      progress.say(
        `${explain(error).line}. Trying again, the rotation goes on`,
      ),
  })
    .catch((error: Error) => {
      throw whatHappens(error, execution, options, isNew || shown > 0);
    })
    .finally(() => progress.end());
  if (history === undefined) {
    process.stderr.write(
      [
        `${signal.reason}: the rotation goes on`,
        `Follow it: ${followCommand(execution, options)}`,
        `Stop it:   ${stopCommand(execution, options)}`,
        '',
      ].join('\n'),
    );
    return exitCode() ?? 1;
  }
  const outcome = executionOutcome(executionArn, history);
  const text = render(outcome, options, () => outcomeText(outcome));
  process.stdout.write(`${text}\n`);
  return outcome.Status === 'SUCCEEDED' ? 0 : 1;
}

function whatHappens(
  error: Error,
  execution: StatesArn,
  options: Pick<AwsOptions, 'profile'>,
  isThere: boolean,
): Error {
  if (isThere) {
    return new CommandError(
      `${explain(error).line}. The rotation goes on; follow it with ${followCommand(execution, options)}`,
      { cause: error },
    );
  }
  if (error.name !== 'ExecutionDoesNotExist') return error;
  return new CommandError(
    `There is no execution ${execution.arn}. Check it and the account of the profile; Step Functions forgets an execution 90 days after its end, the command history does not`,
    { cause: error },
  );
}

type Where = Pick<AwsOptions, 'profile'>;

function followCommand({ arn }: StatesArn, { profile }: Where): string {
  return `npx kinesis-key-rotation follow ${arn}${flag('profile', profile)}`;
}

function stopCommand({ arn, region }: StatesArn, { profile }: Where): string {
  return `aws stepfunctions stop-execution --execution-arn ${arn}${flag('region', region)}${flag('profile', profile)}`;
}

function flag(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` --${name} ${value}`;
}
