import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { quote } from '../../shared/errors/text.ts';
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
import { CommandError } from '../errors/command-error.ts';
import {
  checkStreamFlags,
  chooseStreams,
  type StreamOptions,
} from '../input/streams.ts';
import { gatherStreams } from '../report/gather.ts';
import { reportPage } from '../report/report-page.ts';

export interface ReportOptions extends AwsOptions, StreamOptions, Period {
  /** Where it goes; `-` for stdout. */
  file: string;
}

/** The period of a report without --since. */
const USUAL_PERIOD_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Writes the report for auditors, of a stream or of all of rotations.yml.
 *
 * @returns the exit code
 * @throws {CommandError} when the file cannot be written
 */
export async function report(
  options: ReportOptions,
  context: CommandContext,
): Promise<number> {
  checkStreamFlags(options);
  return withEnvironment(options, context, async (environment) => {
    const clients = {
      kinesis: kinesisClient(),
      kms: kmsClient(),
      dynamodb: dynamoDbClient(),
      tableName: ledgerTableName(),
    };
    try {
      const chosen = await chooseStreams(options, environment, context);
      const Streams = await gatherStreams(chosen, clients);
      const GeneratedAt = Date.now();
      const To = Math.min(options.until ?? GeneratedAt, GeneratedAt);
      const page = await reportPage({
        GeneratedAt,
        From: options.since ?? To - USUAL_PERIOD_MS,
        To,
        Region: environment.region,
        Account: environment.account,
        Stage: environment.deployment?.Stage ?? 'embedded AWS',
        TableName: clients.tableName,
        Version: await version(),
        Streams,
      });
      await write(options.file, page);
      return 0;
    } finally {
      clients.kinesis.destroy();
      clients.kms.destroy();
      clients.dynamodb.destroy();
    }
  });
}

async function version(): Promise<string> {
  const path = new URL('../../package.json', import.meta.url);
  return JSON.parse(await readFile(path, 'utf8')).version;
}

/** Whole or not at all. */
async function write(file: string, page: string): Promise<void> {
  if (file === '-') {
    process.stdout.write(page);
    return;
  }
  const path = resolve(process.env.INIT_CWD ?? process.cwd(), file);
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, page);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw new CommandError(
      `--file ${quote(file)} cannot be written: ${(error as Error).message}`,
    );
  }
  process.stdout.write(`${path}\n`);
}
