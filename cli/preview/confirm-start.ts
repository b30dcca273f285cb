import { RotationError } from '../../shared/errors/errors.ts';
import {
  type CheckOptions,
  withAccess,
} from '../access-check/check-previews.ts';
import { refuseLoss } from '../access-check/refuse-loss.ts';
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
import type { RotationPreview } from './rotation-preview.ts';

type Requests = readonly Record<string, unknown>[];

/**
 * Shows on stderr what would move, and asks whether to start it.
 *
 * @returns whether to start
 * @throws {RotationError} InvalidRequest where no person can answer
 * @throws {CouldNotAskError} where the plan cannot be read
 * @throws {CommandError} where `AccessCheck: FAIL` refuses the start
 */
export async function confirmStart(
  requests: Requests,
  options: StartOptions & CheckOptions,
  context: CommandContext,
): Promise<boolean> {
  if (!canAsk()) {
    throw new RotationError(
      'InvalidRequest',
      'A rotation of streams that no flag names asks before it starts, and there is no terminal; give --yes, or name one stream with --stream-name',
    );
  }
  const { where, what, previews } =
    options.stateMachineArn === undefined
      ? await planned(requests, options, context)
      : {
          where: options.stateMachineArn,
          what: requestRows(requests),
          previews: [],
        };
  process.stderr.write(printable(`${what}\n`));
  refuseLoss(previews);
  const rotations =
    requests.length === 1 ? 'this rotation' : `${requests.length} rotations`;
  const { signal } = context.interruption;
  const isConfirmed = await confirm(`Start ${rotations} on ${where}?`, signal);
  if (!isConfirmed) process.stderr.write('Nothing was started\n');
  return isConfirmed;
}

function planned(
  requests: Requests,
  options: StartOptions & CheckOptions,
  context: CommandContext,
): Promise<{ where: string; what: string; previews: RotationPreview[] }> {
  return withEnvironment(options, context, async (environment) => {
    const found = await previewRequests(requests, environment).catch(
      (error: unknown) => {
        throw notPlanned(error);
      },
    );
    const previews = await withAccess(found, environment, context, options);
    const what = previewRows(previews);
    return { where: environment.name, what, previews };
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
