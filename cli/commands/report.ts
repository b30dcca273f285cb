import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { quote, visible } from '../../shared/errors/text.ts';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import type { Period } from '../../shared/ledger/read-history.ts';
import type { CommandContext } from '../environment/context.ts';
import type { AwsOptions } from '../environment/deployment.ts';
import { withEnvironment } from '../environment/environment.ts';
import { locateStreams } from '../environment/locate-stream.ts';
import { CommandError } from '../errors/command-error.ts';
import {
  type ChosenStream,
  checkStreamFlags,
  type StreamOptions,
} from '../input/streams.ts';
import { checkPeriod } from '../input/time.ts';
import { writeWhole } from '../output/write-whole.ts';
import { type GatherClients, gatherStreams } from '../report/gather.ts';
import { GatherProgress } from '../report/gather-progress.ts';
import type { StreamInput } from '../report/report-input.ts';
import { reportPage } from '../report/report-page.ts';

export interface ReportOptions extends AwsOptions, StreamOptions, Period {
  /** The path of the report; `-` for stdout. */
  file: string;
}

/** The period of a report without --since. */
const DEFAULT_PERIOD_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Writes the report for auditors, of one stream or of all streams of rotations.yml.
 *
 * @returns the exit code
 * @throws {CommandError} when the file cannot be written
 */
export async function report(
  options: ReportOptions,
  context: CommandContext,
): Promise<number> {
  checkStreamFlags(options);
  checkPeriod(options, Date.now());
  return withEnvironment(options, context, async (environment) => {
    const clients = {
      kinesis: kinesisClient(),
      kms: kmsClient(),
      dynamodb: dynamoDbClient(),
      tableName: ledgerTableName(),
    };
    try {
      const chosen = await locateStreams(options, environment, context);
      const streams = await gatherWithProgress(chosen, clients, context);
      const generatedAt = Date.now();
      const to = Math.min(options.until ?? generatedAt, generatedAt);
      const page = await reportPage({
        generatedAt,
        from: options.since ?? to - DEFAULT_PERIOD_MS,
        to,
        region: environment.region,
        account: environment.account,
        stage: environment.deployment?.Stage ?? 'embedded AWS',
        tableName: clients.tableName,
        version: await readVersion(),
        streams,
      });
      await writePage(options.file, page);
      return 0;
    } finally {
      clients.kinesis.destroy();
      clients.kms.destroy();
      clients.dynamodb.destroy();
    }
  });
}

/** Shows on stderr how far the gathering is. A signal takes the bar away at once. */
async function gatherWithProgress(
  chosen: readonly ChosenStream[],
  clients: GatherClients,
  { interruption: { signal } }: CommandContext,
): Promise<StreamInput[]> {
  const progress = new GatherProgress(process.stderr);
  const end = () => progress.end();
  signal.addEventListener('abort', end, { once: true });
  progress.begin(chosen.length);
  try {
    const onStream = () => progress.add();
    return await gatherStreams(chosen, clients, { onStream, signal });
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function readVersion(): Promise<string> {
  const path = new URL('../../package.json', import.meta.url);
  return JSON.parse(await readFile(path, 'utf8')).version;
}

async function writePage(file: string, page: string): Promise<void> {
  if (file === '-') {
    process.stdout.write(page);
    return;
  }
  const path = resolve(process.env.INIT_CWD ?? process.cwd(), file);
  await writeWhole(path, page).catch((error: unknown) => {
    throw new CommandError(
      `--file ${quote(file)} cannot be written: ${(error as Error).message}`,
    );
  });
  process.stdout.write(`${visible(path)}\n`);
}
