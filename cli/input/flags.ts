import { compile } from '@jmespath-community/jmespath';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseTime } from './time.ts';

/** Adds flags that several commands share. */
export function withFlags(command: Command, ...groups: Option[][]): Command {
  for (const flag of groups.flat()) command.addOption(flag);
  return command;
}

/** Where streams, keys and the ledger are. */
export const environmentFlags = (): Option[] => [
  new Option(
    '--stage <stage>',
    'work on this deployed stage; on the embedded AWS without it',
  ),
  new Option('--region <region>', 'Region of the stage; AWS_REGION without it'),
  profileFlag(),
];

export const profileFlag = (): Option =>
  new Option('--profile <profile>', 'profile of the AWS files to use');

/** How a deployed state machine is started. */
export const startFlags = (): Option[] => [
  new Option(
    '--state-machine-arn <arn>',
    'start this state machine, instead of that of a stage',
  ).conflicts('stage'),
  new Option(
    '--no-wait',
    'on AWS: print the ARN of the execution, and do not follow it',
  ),
];

/** Which streams are rotated. */
export const allFlag = (): Option =>
  new Option('--all', 'every stream of rotations.yml, with its ring');

/** Which stream a command speaks of. */
export const streamFlags = (): Option[] => [
  new Option(
    '--stream-name <name>',
    'name of the stream; all streams of rotations.yml without it',
  ),
  new Option('--stream-arn <arn>', 'ARN of the stream'),
];

/** The fields of a request. */
export const requestFlags = (): Option[] => [
  new Option('--stream-name <name>', 'name of the stream'),
  new Option('--stream-arn <arn>', 'ARN of the stream'),
  new Option('--encryption-type <type>', 'KMS, the only one'),
  new Option(
    '--key-id <key>',
    'key ARN, alias ARN, key id, or alias/... to move the stream to',
  ),
  new Option(
    '--key-ids <keys...>',
    'a ring of keys, separated by commas or spaces, to move on in',
  ),
  new Option('--mode <mode>', 'with a ring: ROTATE (default) or RESTORE'),
  new Option(
    '--on-quota-exhausted <what>',
    'FAIL (default) or WAIT for a slot',
  ),
  new Option(
    '--on-verification-failed <what>',
    'ROLL_BACK (default) to the key before, or KEEP the new one',
  ),
  new Option(
    '--keep-slot-for-rollback',
    'take two slots, one to roll back with',
  ),
  new Option('--force', 'apply the key even if the stream already has it'),
  new Option('--no-force', 'the default'),
  new Option('--cli-input-json <json>', 'a request as JSON, or file://...'),
  new Option('--cli-input-yaml <yaml>', 'a request as YAML, or file://...'),
];

/** What `--status` may ask for: a Status or an Outcome. */
const STATUSES = [
  'SUCCEEDED',
  'FAILED',
  'ROTATED',
  'UNCHANGED',
  'ALREADY_IN_PROGRESS',
  'ROLLED_BACK',
] as const;

export type HistoryStatus = (typeof STATUSES)[number];

/** A time of the past. */
export const periodFlags = (): Option[] => [
  new Option(
    '--since <time>',
    'started then or later: ISO 8601, or how long ago (24h, 7d)',
  ).argParser((text) => parseTime(text)),
  new Option('--until <time>', 'started then or before').argParser((text) =>
    parseTime(text),
  ),
];

/** Which rotations of the past. */
export const historyFlags = (): Option[] => [
  ...periodFlags(),
  new Option('--status <status>', 'only those that ended so').choices(STATUSES),
  new Option('--max-items <count>', 'the newest so many of each stream')
    .argParser(count)
    .default(100),
];

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError(`It is not a whole number above 0.`);
}

const FORMATS = ['json', 'yaml', 'table', 'text'] as const;
export type OutputFormat = (typeof FORMATS)[number];

/** The flags that every command with a result has. */
export const outputFlags = (): Option[] => [
  new Option(
    '--output <format>',
    'how to print the result; text is for people, json with --query',
  ).choices(FORMATS),
  new Option(
    '--query <expression>',
    'a JMESPath expression to pick from the result, as in the AWS CLI',
  ).argParser(checkedQuery),
];

function checkedQuery(expression: string): string {
  try {
    compile(expression);
    return expression;
  } catch (error) {
    throw new InvalidArgumentError(
      `It is not JMESPath: ${(error as Error).message}. https://jmespath.org has the language.`,
    );
  }
}
