import { type Command, InvalidArgumentError, Option } from 'commander';
import { ACCESS_CHECKS } from '../../shared/config/access-settings.ts';
import { REQUEST_FIELD_TEXTS } from '../../shared/contract/request-fields.ts';
import { checkedQuery } from './query.ts';
import { parseTime } from './time.ts';

/** Adds flags that several commands share. */
export function withFlags(command: Command, ...groups: Option[][]): Command {
  for (const flag of groups.flat()) command.addOption(flag);
  return command;
}

/** Names the stage where `--stage` is missing. */
const STAGE_VARIABLE = 'KINESIS_KEY_ROTATION_STAGE';

/** The environment: where streams, keys and the ledger are. */
export const environmentFlags = (): Option[] => [
  new Option(
    '--stage <stage>',
    "the deployed stage to work on; '' for the embedded AWS, the default",
  ).env(STAGE_VARIABLE),
  new Option('--region <region>', 'Region of the stage (default: AWS_REGION)'),
  profileFlag(),
];

/**
 * Removes the stage where it is empty, and where a variable names it beside a flag
 * that replaces it.
 *
 * @throws {CommanderError} for the flags of a stage and of what replaces it
 */
export function resolveStage(command: Command): void {
  const { stage, stateMachineArn, fromAccount } = command.opts();
  // A command that only works on a stage refuses an empty one itself.
  const isOptional = command.options.some(
    ({ envVar }) => envVar === STAGE_VARIABLE,
  );
  if (!isOptional) return;
  const other =
    (stateMachineArn !== undefined && '--state-machine-arn <arn>') ||
    (fromAccount && '--from-account');
  const isFlag = command.getOptionValueSource('stage') === 'cli';
  if (stage && other && isFlag) {
    command.error(
      `error: option '${other}' cannot be used with option '--stage <stage>'`,
      { code: 'commander.conflictingOption' },
    );
  }
  if (stage === '' || other) command.setOptionValue('stage', undefined);
}

/** How the packager runs. */
export const packagerFlags = (): Option[] => [
  new Option('--region <region>', 'Region of the stage (default: AWS_REGION)'),
  profileFlag(),
  new Option(
    '--param <name=value...>',
    'a parameter of serverless.yml, such as architecture=x86_64',
  ),
];

/** Of the commands that show a change and ask. */
export const yesFlag = (): Option =>
  new Option('--yes', 'show the change, and make it without the question');

export const profileFlag = (): Option =>
  new Option('--profile <profile>', 'profile of the AWS configuration files');

/** Reads the account of the credentials, whatever is deployed there. */
export const fromAccountFlag = (help: string): Option =>
  new Option('--from-account', help);

/** How to start a deployed state machine. */
export const startFlags = (): Option[] => [
  new Option(
    '--state-machine-arn <arn>',
    "start this state machine instead of a stage's",
  ),
  new Option(
    '--yes',
    'on AWS: start without the question that --all and a missing stream ask',
  ),
  new Option(
    '--no-wait',
    'on AWS: print the ARN of the execution without following it',
  ),
];

/** Rotates every stream. */
export const allFlag = (): Option =>
  new Option('--all', 'every stream of rotations.yml, each with its ring');

/** Of all streams, those under one key. */
export const awayFromFlag = (): Option =>
  new Option(
    '--away-from <key>',
    'with --all: only the streams under this key, each to the next usable key of its ring that is another key',
  );

/** What a loss of access does to a start. */
export const accessCheckFlag = (): Option =>
  new Option(
    '--access-check <setting>',
    'whether a loss of access warns before a start, refuses it, or is not looked for (default: AccessCheck of rotations.yml, else WARN)',
  ).choices(ACCESS_CHECKS);

/** The stream that a command reads. */
export const streamFlags = (): Option[] => [
  new Option(
    '--stream-name <name>',
    'name of the stream (default: every stream of rotations.yml)',
  ),
  new Option('--stream-arn <arn>', 'ARN of the stream'),
];

/** The flags of a request: one for each field that has one, and documents. */
export const requestFlags = (): Option[] => [
  ...Object.values(REQUEST_FIELD_TEXTS).flatMap(({ flag }) =>
    flag ? new Option(flag.flags, flag.help) : [],
  ),
  new Option('--no-force', 'the default'),
  new Option(
    '--ticket <text>',
    'the ticket of the change, for Trigger, history and report: 1 to 256 characters',
  ),
  new Option('--cli-input-json <json>', 'a request as JSON, or file://...'),
  new Option('--cli-input-yaml <yaml>', 'a request as YAML, or file://...'),
];

/** The values of `--status`: each is a Status or an Outcome. */
const STATUSES = [
  'SUCCEEDED',
  'FAILED',
  'ROTATED',
  'UNCHANGED',
  'ALREADY_IN_PROGRESS',
  'ROLLED_BACK',
] as const;

export type HistoryStatus = (typeof STATUSES)[number];

/** A period of the past. */
export const periodFlags = (): Option[] => [
  new Option(
    '--since <time>',
    'started at or after this time: ISO 8601, or a duration ago (24h, 7d)',
  ).argParser((text) => parseTime(text)),
  new Option('--until <time>', 'started at or before this time').argParser(
    (text) => parseTime(text),
  ),
];

/** Which rotations of the past to list. */
export const historyFlags = (): Option[] => [
  ...periodFlags(),
  new Option(
    '--status <status>',
    'only rotations with this status or outcome',
  ).choices(STATUSES),
  new Option(
    '--max-items <count>',
    'the newest N rotations of all streams (default: all of a period, else 100)',
  ).argParser(count),
];

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('Not a whole number above 0.');
}

export const FORMATS = ['json', 'yaml', 'table', 'text'] as const;
export type OutputFormat = (typeof FORMATS)[number];

/** The flags of every command that prints a result. */
export const outputFlags = (): Option[] => [
  new Option(
    '--output <format>',
    'format of the result (default: AWS_DEFAULT_OUTPUT, or output of the AWS profile, else text, or json with --query)',
  ).choices(FORMATS),
  new Option(
    '--query <expression>',
    'a JMESPath expression to apply to the result, as in the AWS CLI',
  ).argParser(checkedQuery),
];
