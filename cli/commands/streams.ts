import { existsSync } from 'node:fs';
import { listStreams } from '../../shared/lookup/list-streams.ts';
import {
  describeStreams,
  resolveShownKeys,
  throttled,
} from '../discovery/account-streams.ts';
import {
  type StreamRow,
  streamRows,
  streamsText,
} from '../discovery/stream-rows.ts';
import {
  type AccountClients,
  type AccountOptions,
  refuseFlagsWithoutAccount,
  withAccount,
  withAccountClients,
} from '../environment/account.ts';
import type { CommandContext } from '../environment/context.ts';
import { withEnvironment } from '../environment/environment.ts';
import { type OutputOptions, render } from '../output/render.ts';
import { withReadProgress } from '../report/gather-progress.ts';

export interface StreamsOptions extends AccountOptions, OutputOptions {}

/**
 * Lists every stream of an account and Region, and those of rotations.yml that do not
 * exist there.
 *
 * @returns the exit code: 1 where Kinesis did not describe a stream
 * @throws {RotationError} InvalidRequest, and what ListStreams refuses
 */
export async function streams(
  options: StreamsOptions,
  context: CommandContext,
): Promise<number> {
  refuseFlagsWithoutAccount(options, '--from-account or --stage');
  const list = async (clients: AccountClients) => {
    const managed = await managedNames(options, context);
    const rows = await readRows(clients, managed, context);
    process.stdout.write(render(rows, options, () => streamsText(rows)));
    const isUnknown = (row: StreamRow) =>
      row.Exists && row.EncryptionType === null;
    return rows.some(isUnknown) ? 1 : 0;
  };
  return options.fromAccount
    ? withAccount(options, context, list)
    : withEnvironment(options, context, () => withAccountClients(list));
}

/** Before the first rotations.yml, no stream of an account is managed. */
async function managedNames(
  { fromAccount }: StreamsOptions,
  { rotations, rotationsPath, givenRotations }: CommandContext,
): Promise<Set<string>> {
  const isMissing =
    givenRotations() === undefined && !existsSync(rotationsPath());
  if (fromAccount && isMissing) {
    process.stderr.write(
      'There is no rotations.yml here, so no stream is managed; init --from-account writes one\n',
    );
    return new Set();
  }
  return new Set((await rotations()).map(({ StreamName }) => StreamName));
}

async function readRows(
  { kinesis, kms, region }: AccountClients,
  managed: ReadonlySet<string>,
  { interruption: { signal } }: CommandContext,
): Promise<StreamRow[]> {
  const listed = await listStreams(kinesis, throttled);
  const found = await withReadProgress(
    listed.length,
    'of the account',
    signal,
    (onStream) => describeStreams(kinesis, listed, throttled, onStream),
  );
  const keys = await resolveShownKeys(kms, found, region);
  return streamRows(found, keys, managed);
}
