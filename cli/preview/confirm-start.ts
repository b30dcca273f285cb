import { RotationError } from '../../shared/errors/errors.ts';
import type { CommandContext } from '../environment/context.ts';
import { withEnvironment } from '../environment/environment.ts';
import { CouldNotAskError } from '../errors/command-error.ts';
import { explain } from '../errors/explain.ts';
import type { StartOptions } from '../executions/start.ts';
import { canAsk, confirm } from '../input/confirm.ts';
import { printable } from '../output/printable.ts';
import { rowTable } from '../output/table.ts';
import { previewRequests } from './preview-requests.ts';
import { previewRows } from './preview-text.ts';

type Requests = readonly Record<string, unknown>[];

/**
 * Shows on stderr what would move, and asks whether to start it.
 *
 * @returns whether to start
 * @throws {RotationError} InvalidRequest where no person can answer
 * @throws {CouldNotAskError} where the plan cannot be read
 */
export async function confirmStart(
  requests: Requests,
  options: StartOptions,
  context: CommandContext,
): Promise<boolean> {
  if (!canAsk()) {
    throw new RotationError(
      'InvalidRequest',
      'A rotation of streams that no flag names asks before it starts, and there is no terminal; give --yes, or name one stream with --stream-name',
    );
  }
  const { where, what } =
    options.stateMachineArn === undefined
      ? await planned(requests, options, context)
      : { where: options.stateMachineArn, what: requestRows(requests) };
  process.stderr.write(printable(`${what}\n`));
  const rotations =
    requests.length === 1 ? 'this rotation' : `${requests.length} rotations`;
  const { signal } = context.interruption;
  const isConfirmed = await confirm(`Start ${rotations} on ${where}?`, signal);
  if (!isConfirmed) process.stderr.write('Nothing was started\n');
  return isConfirmed;
}

function planned(
  requests: Requests,
  options: StartOptions,
  context: CommandContext,
): Promise<{ where: string; what: string }> {
  return withEnvironment(options, context, async (environment) => {
    const previews = await previewRequests(requests, environment).catch(
      (error: unknown) => {
        throw notPlanned(error);
      },
    );
    return { where: environment.name, what: previewRows(previews) };
  });
}

function notPlanned(error: unknown): unknown {
  const { line, kind } = explain(error);
  if (kind !== 'COULD_NOT_ASK') return error;
  return new CouldNotAskError(
    `The plan cannot be read, so nothing was started: ${line}. --yes starts without a plan`,
    { cause: error },
  );
}

/** The ledger of a state machine is unknown without its stage. */
function requestRows(requests: Requests): string {
  const rows = requests.map(({ StreamName, KeyIds }) => [
    String(StreamName),
    [KeyIds].flat().join(', '),
  ]);
  return `${rowTable(['Stream', 'Ring'], rows)}\nThe plan is unknown, since --state-machine-arn names no ledger`;
}
