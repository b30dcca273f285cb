import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { visible } from '../../shared/errors/text.ts';
import { listAliases } from '../../shared/lookup/list-aliases.ts';
import { listStreams } from '../../shared/lookup/list-streams.ts';
import {
  describeStreams,
  resolveShownKeys,
  throttled,
} from '../discovery/account-streams.ts';
import { draftRotations } from '../discovery/rotations-draft.ts';
import {
  type AccountClients,
  type AccountOptions,
  refuseFlagsWithoutAccount,
  withAccount,
} from '../environment/account.ts';
import type { CommandContext } from '../environment/context.ts';
import { CommandError } from '../errors/command-error.ts';
import { withReadProgress } from '../report/gather-progress.ts';

export type InitOptions = Omit<AccountOptions, 'stage'>;

const SAMPLE = `# The streams to rotate, each with the ring of keys that it moves through.
# Replace the names, and try them: npx kinesis-key-rotation rotate
Streams:
  - StreamName: samplestream
    KeyIds:
      - alias/samplestream-a
      - alias/samplestream-b
    # When it moves to the next key of its ring; without it, people start rotations.
    # Schedule: cron(0 3 1 */3 ? *)
    # CloudWatch alarms of yours: of writers that KMS refuses, back to the key before;
    # a plain name, to a usable key of its ring.
    # Alarms: [{Name: samplestream-kms-errors, Mode: REVERT}, samplestream-compliance]
    # The test record, where consumers accept only their own format.
    # Probe: {PartitionKey: probe, Data: e30=}
`;

/**
 * Writes a rotations.yml: a sample to fill in, or the streams of the account.
 *
 * @returns the exit code
 * @throws {CommandError} when the file exists, or the account has no stream
 */
export async function init(
  options: InitOptions,
  context: CommandContext,
): Promise<number> {
  refuseFlagsWithoutAccount(options, '--from-account');
  const path = context.rotationsPath();
  // Before many calls to AWS, of which the result could not be written.
  if (existsSync(path)) throw exists(path);
  if (!options.fromAccount) {
    await write(path, SAMPLE);
    process.stderr.write(
      'This is a sample. init --from-account writes the streams of an AWS account\n',
    );
    return 0;
  }
  const { text, ready, undecided } = await withAccount(
    options,
    context,
    (clients) => draft(clients, options, context),
  );
  await write(path, text);
  process.stderr.write(
    `${ready} in use, ${undecided} to decide: the comments in the file say what is missing\n`,
  );
  return 0;
}

async function draft(
  { kinesis, kms, region }: AccountClients,
  { profile }: InitOptions,
  { interruption: { signal } }: CommandContext,
) {
  const listed = await listStreams(kinesis, throttled);
  if (listed.length === 0) {
    throw new CommandError(
      `Kinesis lists no stream in ${region}, so no file was written. Give another --region or --profile, or leave out --from-account for a sample`,
    );
  }
  const streams = await withReadProgress(
    listed.length,
    'of the account',
    signal,
    (onStream) => describeStreams(kinesis, listed, throttled, onStream),
  );
  const [keys, aliases] = await Promise.all([
    resolveShownKeys(kms, streams, region),
    listAliases(kms).catch(({ name, message }: Error) => ({
      Unknown: `${name}: ${message}`,
    })),
  ]);
  return draftRotations(
    { region, profile, streams, keys, aliases },
    Date.now(),
  );
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' }).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === 'EEXIST'
      ? exists(path)
      : new CommandError(`${path} cannot be written: ${message}`);
  });
  process.stdout.write(`${visible(path)}\n`);
}

function exists(path: string): CommandError {
  return new CommandError(
    `${path} exists. Edit it, or name another file with --rotations`,
  );
}
