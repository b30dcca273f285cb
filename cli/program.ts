import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type RotationsStream,
  readRotationsFile,
} from '../shared/config/rotations-file.ts';
import type { FollowOptions } from './commands/follow.ts';
import type { HistoryOptions } from './commands/history.ts';
import type { LocalOptions } from './commands/local.ts';
import type { PlanOptions } from './commands/plan.ts';
import type { QuotaOptions } from './commands/quota.ts';
import type { ReportOptions } from './commands/report.ts';
import type { RotateOptions } from './commands/rotate.ts';
import type { TriggerOptions } from './commands/trigger.ts';
import { addCompletion } from './input/completion.ts';
import {
  allFlag,
  environmentFlags,
  historyFlags,
  outputFlags,
  periodFlags,
  profileFlag,
  requestFlags,
  startFlags,
  streamFlags,
  withFlags,
} from './input/flags.ts';
import { HELP_EXAMPLES } from './input/help-examples.ts';
import { SKELETONS, type Skeleton, skeleton } from './input/skeleton.ts';
import type { Interruption } from './interruption.ts';

/** The command line: every command with its flags, help and examples. */
export function createProgram(interruption: Interruption): Command {
  const program = new Command('kinesis-key-rotation')
    .description('Moves Kinesis data streams to another KMS key, and proves it')
    .option(
      '--rotations <file>',
      'the file that lists streams and their rings of keys',
      'rotations.yml',
    )
    .configureHelp({ sortSubcommands: false })
    .exitOverride();

  const rotations = (): Promise<RotationsStream[]> =>
    readRotationsFile(resolve(program.opts().rotations));

  withFlags(
    program
      .command('rotate')
      .description(
        'run one rotation, on the embedded AWS or on a deployed stage; without a stream and a key, the first stream of rotations.yml moves to the next key of its ring',
      )
      .addOption(
        new Option(
          '--generate-cli-skeleton [kind]',
          'print a request to fill in, or a sample outcome, and do nothing',
        )
          .choices(SKELETONS)
          .preset('input'),
      )
      .addOption(allFlag())
      .option('--dry-run', 'do what the command plan does, and nothing more'),
    requestFlags(),
    environmentFlags(),
    startFlags(),
    outputFlags(),
  ).action(
    async (
      options: RotateOptions & { generateCliSkeleton?: Skeleton },
      command: Command,
    ) => {
      if (options.generateCliSkeleton) {
        process.stdout.write(`${skeleton(options.generateCliSkeleton)}\n`);
        return;
      }
      const force = forceOf(options, command);
      const { rotate } = await import('./commands/rotate.ts');
      process.exitCode = await rotate(
        { ...options, force },
        rotations,
        interruption,
      );
    },
  );

  withFlags(
    program
      .command('follow')
      .description('show how a rotation on AWS goes on, and how it ended')
      .argument('<execution-arn>', 'its execution, as rotate prints it')
      .addOption(profileFlag()),
    outputFlags(),
  ).action(async (executionArn: string, options: FollowOptions) => {
    const { follow } = await import('./commands/follow.ts');
    process.exitCode = await follow(executionArn, options, interruption);
  });

  withFlags(
    program
      .command('plan')
      .description(
        'say what a rotation would do, and what it would take, and change nothing',
      )
      .addOption(allFlag()),
    requestFlags(),
    environmentFlags(),
    outputFlags(),
  ).action(async (options: PlanOptions, command: Command) => {
    const force = forceOf(options, command);
    const { plan } = await import('./commands/plan.ts');
    process.exitCode = await plan(
      { ...options, force },
      rotations,
      interruption,
    );
  });

  withFlags(
    program
      .command('quota')
      .description(
        'say how much of the 25 keys in 24 hours is used, by whom, and when it is free again',
      ),
    streamFlags(),
    environmentFlags(),
    outputFlags(),
  ).action(async (options: QuotaOptions) => {
    const { quota } = await import('./commands/quota.ts');
    process.exitCode = await quota(options, rotations, interruption);
  });

  withFlags(
    program
      .command('history')
      .description('list rotations, newest first, as the ledger keeps them'),
    streamFlags(),
    historyFlags(),
    environmentFlags(),
    outputFlags(),
  ).action(async (options: HistoryOptions) => {
    const { history } = await import('./commands/history.ts');
    process.exitCode = await history(options, rotations, interruption);
  });

  withFlags(
    program
      .command('report')
      .description(
        'write an HTML page for auditors: keys, rotations with their proof, failures, quota',
      )
      .option(
        '--file <file>',
        'where it goes; - for stdout',
        'kinesis-key-rotation.html',
      ),
    streamFlags(),
    periodFlags(),
    environmentFlags(),
  ).action(async (options: ReportOptions) => {
    const { report } = await import('./commands/report.ts');
    process.exitCode = await report(options, rotations, interruption);
  });

  withFlags(
    program
      .command('trigger')
      .description(
        'find the rule or schedule of the packaged template that takes an EventBridge event, and run what it targets on the embedded AWS',
      )
      .requiredOption(
        '--event <file>',
        'the event as JSON, as AWS documents it; - for stdin',
      )
      .option('--now', 'date the event to the present'),
    outputFlags(),
  ).action(async (options: TriggerOptions) => {
    const { trigger } = await import('./commands/trigger.ts');
    process.exitCode = await trigger(options, rotations, interruption);
  });

  program
    .command('local')
    .description('keep the embedded AWS up for other clients, until Ctrl-C')
    .option('--kinesis-port <port>', 'port of Kinesis', port, 4568)
    .option('--dynamodb-port <port>', 'port of DynamoDB', port, 8000)
    .option('--kms-port <port>', 'port of KMS', port, 8001)
    .option('--sfn-port <port>', 'port of Step Functions', port, 8083)
    .action(async (options: LocalOptions) => {
      const { local } = await import('./commands/local.ts');
      process.exitCode = await local(options, rotations, interruption);
    });

  addCompletion(program, () => program.opts().rotations);
  for (const command of program.commands) {
    command.exitOverride();
    const examples = HELP_EXAMPLES[command.name()];
    if (examples) command.addHelpText('after', examplesText(examples));
  }
  return program;
}

function examplesText(examples: readonly string[]): string {
  const lines = examples.map((line) => `  $ kinesis-key-rotation ${line}`);
  return ['', 'Examples:', ...lines].join('\n');
}

/** Commander gives every --no-x a default, which nobody asked for. */
function forceOf(
  { force }: { force?: boolean },
  command: Command,
): boolean | undefined {
  return command.getOptionValueSource('force') === 'cli' ? force : undefined;
}

function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new InvalidArgumentError(`${text} is not a port from 0 to 65535.`);
  }
  return number;
}
