import { stat } from 'node:fs/promises';
import { givenPath } from '../../shared/config/shown-path.ts';
import { quote, visible } from '../../shared/errors/text.ts';
import type { Period } from '../../shared/history/read-history.ts';
import { packageVersion } from '../../shared/package-root.ts';
import type { CommandContext } from '../environment/context.ts';
import type { AwsOptions } from '../environment/deployment.ts';
import { withEnvironment } from '../environment/environment.ts';
import { locateStreams } from '../environment/locate-stream.ts';
import { CommandError } from '../errors/command-error.ts';
import {
  type ChosenStream,
  checkStreamFlags,
  isOneStream,
  type StreamOptions,
} from '../input/streams.ts';
import { checkPeriod } from '../input/time.ts';
import { lookAtKeys } from '../keys/look-at-keys.ts';
import {
  type StreamClients,
  withStreamClients,
} from '../keys/stream-clients.ts';
import { writeWhole } from '../output/write-whole.ts';
import { reportCsv } from '../report/formats/report-csv.ts';
import { reportJson } from '../report/formats/report-json.ts';
import { hashLine, hashPath, sha256 } from '../report/formats/sha256-file.ts';
import {
  type GatheredStream,
  gatherStreams,
  toFacts,
} from '../report/gather.ts';
import { withReadProgress } from '../report/gather-progress.ts';
import { gatherConfiguration } from '../report/lookup/configuration.ts';
import { coverageOf } from '../report/lookup/coverage.ts';
import { gatherKeys } from '../report/lookup/keys.ts';
import type { ReportInput } from '../report/report-input.ts';
import { reportPage } from '../report/report-page.ts';

export type ReportFormat = keyof typeof FORMATS;

export interface ReportOptions extends AwsOptions, StreamOptions, Period {
  output: ReportFormat;
  /** The path of the report, or `-` for stdout; named by its format without it. */
  file?: string;
}

const FORMATS = { html: reportPage, json: reportJson, csv: reportCsv };

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
  return withEnvironment(options, context, (environment) =>
    withStreamClients(async (clients) => {
      const chosen = await locateStreams(options, environment, context);
      const described = await gatherWithProgress(chosen, clients, context);
      const streams = await gatherKeys(described, clients.kms);
      const { answer: keyNeeds, account } = await lookAtKeys(
        chosen,
        options,
        clients,
        environment,
        context,
        described.map(toFacts),
      );
      const generatedAt = Date.now();
      const to = Math.min(options.until ?? generatedAt, generatedAt);
      const input: ReportInput = {
        generatedAt,
        from: options.since ?? to - DEFAULT_PERIOD_MS,
        to,
        region: environment.region,
        account: environment.account,
        stage: environment.deployment?.Stage ?? 'embedded AWS',
        tableName: clients.tableName,
        version: packageVersion(),
        configuration: await gatherConfiguration(
          context,
          environment.deployment,
        ),
        coverage: isOneStream(options)
          ? { status: 'NOT_ASKED' }
          : coverageOf(account, namesOf(chosen)),
        keyNeeds,
        streams,
      };
      const { output, file = `kinesis-key-rotation.${output}` } = options;
      await writeReport(file, await FORMATS[output](input));
      return 0;
    }),
  );
}

const namesOf = (streams: readonly ChosenStream[]) =>
  new Set(streams.map(({ StreamName }) => StreamName));

function gatherWithProgress(
  chosen: readonly ChosenStream[],
  clients: StreamClients,
  { interruption: { signal } }: CommandContext,
): Promise<GatheredStream[]> {
  return withReadProgress(chosen.length, 'for the report', signal, (onStream) =>
    gatherStreams(chosen, clients, { onStream, signal }),
  );
}

/** Writes the report, and its SHA-256 beside it where it is a regular file. */
async function writeReport(file: string, text: string): Promise<void> {
  const hash = sha256(text);
  if (file === '-') {
    process.stdout.write(text);
    process.stderr.write(`SHA-256 ${hash}\n`);
    return;
  }
  const path = givenPath(file);
  await write(file, path, text);
  const isFile = (await stat(path)).isFile();
  if (isFile) await write(hashPath(file), hashPath(path), hashLine(hash, path));
  process.stdout.write(`${visible(path)}\n`);
  const beside = isFile ? `, also in ${visible(hashPath(path))}` : '';
  process.stderr.write(`SHA-256 ${hash}${beside}\n`);
}

async function write(name: string, path: string, text: string): Promise<void> {
  await writeWhole(path, text).catch((error: unknown) => {
    throw new CommandError(
      `--file ${quote(name)} cannot be written: ${(error as Error).message}`,
    );
  });
}
