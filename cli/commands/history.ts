import type { Outcome } from '../../shared/contract/outcome.ts';
import { legible } from '../../shared/errors/text.ts';
import { type Period, readHistory } from '../../shared/history/read-history.ts';
import {
  dynamoDbClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import type { CommandContext } from '../environment/context.ts';
import type { AwsOptions } from '../environment/deployment.ts';
import {
  type Environment,
  withEnvironment,
} from '../environment/environment.ts';
import { locateStreams } from '../environment/locate-stream.ts';
import { followCommand } from '../executions/command-lines.ts';
import type { HistoryStatus } from '../input/flags.ts';
import { checkStreamFlags, type StreamOptions } from '../input/streams.ts';
import { checkPeriod } from '../input/time.ts';
import { bad } from '../output/color.ts';
import { localTime } from '../output/local-time.ts';
import { endText as successText } from '../output/outcome-text.ts';
import { type OutputOptions, render } from '../output/render.ts';
import { labelledRow, rowTableWithLines } from '../output/table.ts';
import { triggerText } from '../output/trigger-text.ts';

export interface HistoryOptions
  extends AwsOptions,
    OutputOptions,
    StreamOptions,
    Period {
  status?: HistoryStatus;
  maxItems?: number;
}

/**
 * Prints the rotations of a stream, or of all of rotations.yml, newest first.
 *
 * @returns the exit code
 */
export async function history(
  options: HistoryOptions,
  context: CommandContext,
): Promise<number> {
  checkStreamFlags(options);
  checkPeriod(options, Date.now());
  return withEnvironment(options, context, async (environment) => {
    const streams = await locateStreams(options, environment, context);
    const client = dynamoDbClient();
    try {
      const most = mostItems(options);
      const all: Outcome[] = [];
      for (const { StreamARN } of streams) {
        const read = readHistory(client, ledgerTableName(), StreamARN, options);
        all.push(...(await chosenOf(read, options.status, most + 1)));
      }
      all.sort((a, b) => (a.StartedAt < b.StartedAt ? 1 : -1));
      const found = all.slice(0, most);
      if (all.length > most) {
        process.stderr.write(
          `These are the newest ${most} rotations; there are older ones. Give --max-items, or --since\n`,
        );
      }
      process.stdout.write(
        render(found, options, () =>
          isOfFailures(options.status)
            ? failuresText(found, environment, options)
            : historyText(found),
        ),
      );
      return 0;
    } finally {
      client.destroy();
    }
  });
}

const DEFAULT_ITEMS = 100;

/** All of a period; of all time the newest ones, unless a number is given. */
function mostItems({ maxItems, since, until }: HistoryOptions): number {
  if (maxItems !== undefined) return maxItems;
  const isPeriod = since !== undefined || until !== undefined;
  return isPeriod ? Number.POSITIVE_INFINITY : DEFAULT_ITEMS;
}

/** Returns the newest rotations with this status or outcome, of all or of one. */
export async function chosenOf(
  outcomes: AsyncIterable<Outcome>,
  status: HistoryStatus | undefined,
  most: number,
): Promise<Outcome[]> {
  const found: Outcome[] = [];
  for await (const outcome of outcomes) {
    const { Status, Outcome: ended } = outcome;
    if (status !== undefined && status !== Status && status !== ended) continue;
    found.push(outcome);
    if (found.length === most) break;
  }
  return found;
}

const HEAD = [
  'Started',
  'Stream',
  'Ended as',
  'Key',
  'Took',
  'Claimed trigger',
];

/** A line a rotation, and below it its warning. Times in the reader's zone. */
export function historyText(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return 'No rotations';
  return withLines(outcomes, (outcome) =>
    labelledRow(
      '  Why',
      outcome.Status === 'SUCCEEDED' && outcome.Warning
        ? legible(outcome.Warning)
        : undefined,
    ),
  );
}

/** A line a rotation, and below it the lines that it needs. */
function withLines(
  outcomes: readonly Outcome[],
  below: (outcome: Outcome) => string[],
): string {
  return rowTableWithLines(
    HEAD,
    outcomes.map((outcome) => [
      localTime(outcome.StartedAt),
      outcome.StreamName ?? '',
      endText(outcome),
      keyText(outcome),
      durationText(outcome),
      triggerText(outcome.Trigger),
    ]),
    outcomes.map(below),
  );
}

const isOfFailures = (status: HistoryStatus | undefined) =>
  status === 'FAILED' || status === 'ROLLED_BACK';

/** As {@link historyText}; below each rotation its cause, and on AWS how to follow it. */
export function failuresText(
  outcomes: readonly Outcome[],
  { deployment }: Pick<Environment, 'deployment'>,
  { profile }: AwsOptions,
): string {
  if (outcomes.length === 0) return historyText(outcomes);
  return withLines(outcomes, (outcome) => [
    ...labelledRow(
      '  Cause',
      outcome.Status === 'FAILED' ? legible(outcome.Cause) : undefined,
    ),
    ...labelledRow(
      '  Follow',
      deployment && followCommand(outcome.RotationId, profile),
    ),
  ]);
}

function endText(outcome: Outcome): string {
  if (outcome.Status === 'SUCCEEDED') return successText(outcome);
  const { Error: name, Rollback } = outcome;
  return bad(Rollback ? `${name}, ${Rollback.Status}` : name);
}

function keyText({ Status, PreviousKeyId, KeyId, ...rest }: Outcome): string {
  if (KeyId === undefined) return '';
  const isMove = rest.Outcome === 'ROTATED' || Status === 'FAILED';
  return isMove ? `${PreviousKeyId ?? 'not encrypted'} -> ${KeyId}` : KeyId;
}

function durationText(outcome: Outcome): string {
  if (outcome.Status === 'FAILED' || outcome.VerifiedAt === null) return '';
  const ms = Date.parse(outcome.VerifiedAt) - Date.parse(outcome.StartedAt);
  return `${(ms / 1000).toFixed(1)} s`;
}
