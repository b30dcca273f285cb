#!/usr/bin/env node
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { PortInUseError } from '../local/embedded-aws.ts';
import { SettingError } from '../local/local-aws.ts';
import { TemplateError } from '../local/template.ts';
import { legible } from '../shared/errors.ts';
import {
  type RotationsEntry,
  RotationsFileError,
  readRotationsFile,
} from '../stack/rotations-file.ts';
import { listenForInterruption } from './interruption.ts';
import { type LocalOptions, local } from './local.ts';
import { type QuotaOptions, quota } from './quota.ts';
import { type RotateOptions, rotate } from './rotate.ts';
import { SKELETONS, type Skeleton, skeleton } from './skeleton.ts';
import { type TriggerOptions, trigger } from './trigger.ts';

const SUCCEEDED = 0;
const FAILED = 1;
const WRONG_REQUEST = 2;

// A reader that goes away must not keep a rotation from being settled.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const interruption = listenForInterruption();

const output = () =>
  new Option('--output <format>', 'how to print the result')
    .choices(['json', 'text'])
    .default('text');

const rotations = (): Promise<RotationsEntry[]> =>
  readRotationsFile(join(process.cwd(), 'rotations.yml'));

const program = new Command('kinesis-key-rotation')
  .description('Moves Kinesis data streams to another KMS key, and proves it')
  .configureHelp({ sortSubcommands: false })
  .exitOverride();

program
  .command('rotate')
  .description(
    'run one rotation on the embedded AWS; without a stream and a key, the first stream of rotations.yml moves to the next key of its ring',
  )
  .option('--stream-name <name>', 'name of the stream')
  .option('--stream-arn <arn>', 'ARN of the stream')
  .option('--encryption-type <type>', 'KMS, the only one')
  .option(
    '--key-id <key>',
    'key ARN, alias ARN, key id, or alias/... to move the stream to',
  )
  .option(
    '--key-ids <keys...>',
    'a ring of keys, separated by commas or spaces, to move on in',
  )
  .option('--mode <mode>', 'with a ring: ROTATE (default) or RESTORE')
  .option('--on-quota-exhausted <what>', 'FAIL (default) or WAIT for a slot')
  .option(
    '--on-verification-failed <what>',
    'ROLL_BACK (default) to the key before, or KEEP the new one',
  )
  .option('--keep-slot-for-rollback', 'take two slots, one to roll back with')
  .option('--force', 'apply the key even if the stream already has it')
  .option('--no-force', 'the default')
  .option('--cli-input-json <json>', 'a request as JSON, or file://...')
  .option('--cli-input-yaml <yaml>', 'a request as YAML, or file://...')
  .addOption(
    new Option(
      '--generate-cli-skeleton [kind]',
      'print a request to fill in, or a sample outcome, and do nothing',
    )
      .choices(SKELETONS)
      .preset('input'),
  )
  .addOption(output())
  .action(
    async (
      options: RotateOptions & { generateCliSkeleton?: Skeleton },
      command: Command,
    ) => {
      if (options.generateCliSkeleton) {
        process.stdout.write(`${skeleton(options.generateCliSkeleton)}\n`);
        return;
      }
      // Commander gives every --no-x a default, which nobody asked for.
      const isForced = command.getOptionValueSource('force') === 'cli';
      const force = isForced ? options.force : undefined;
      process.exitCode = await rotate(
        { ...options, force },
        rotations,
        interruption,
      );
    },
  );

program
  .command('quota')
  .description('print how much of the 25 keys in 24 hours a stream has used')
  .option('--stream-name <name>', 'name of the stream')
  .option('--stream-arn <arn>', 'ARN of the stream')
  .addOption(output())
  .action(async (options: QuotaOptions) => {
    process.exitCode = await quota(options, rotations, interruption);
  });

program
  .command('trigger')
  .description(
    'find the rule or schedule of the packaged template that takes an EventBridge event, and run what it targets on the embedded AWS',
  )
  .requiredOption(
    '--event <file>',
    'the event as JSON, as AWS documents it; - for stdin',
  )
  .option('--now', 'date the event to the present')
  .addOption(output())
  .action(async (options: TriggerOptions) => {
    process.exitCode = await trigger(options, rotations, interruption);
  });

program
  .command('local')
  .description('keep the embedded AWS up for other clients, until Ctrl-C')
  .option('--kinesis-port <port>', 'port of Kinesis', port, 4568)
  .option('--dynamodb-port <port>', 'port of DynamoDB', port, 8000)
  .option('--kms-port <port>', 'port of KMS', port, 8001)
  .action(async (options: LocalOptions) => {
    process.exitCode = await local(options, rotations, interruption);
  });

for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  const { aborted, reason } = interruption.signal;
  if (aborted && error === reason) {
    process.stderr.write(`${reason}: nothing was started\n`);
    process.exitCode = interruption.exitCode();
  } else {
    process.exitCode = exitCodeOf(error);
  }
}

/** Says what was wrong in one line, and what it means for the exit code. */
function exitCodeOf(error: unknown): number {
  const { name, message, code, exitCode } = error as Error & {
    code?: string;
    exitCode?: number;
  };
  if (code?.startsWith('commander.')) {
    return exitCode === 0 ? SUCCEEDED : WRONG_REQUEST;
  }
  const isWrong =
    name === 'InvalidRequest' ||
    error instanceof RotationsFileError ||
    error instanceof SettingError ||
    error instanceof TemplateError;
  const advice =
    error instanceof PortInUseError
      ? `; give another one with --${error.service.toLowerCase()}-port`
      : '';
  process.stderr.write(`${name}: ${legible(String(message))}${advice}\n`);
  return isWrong ? WRONG_REQUEST : FAILED;
}

function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new InvalidArgumentError(`${text} is not a port from 0 to 65535.`);
  }
  return number;
}
