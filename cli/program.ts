import { Command, InvalidArgumentError, Option } from 'commander';
import { legible } from '../shared/errors/text.ts';
import { packageVersion } from '../shared/package-root.ts';
import type { FollowOptions } from './commands/follow.ts';
import type { HistoryOptions } from './commands/history.ts';
import type { LocalOptions } from './commands/local.ts';
import type { PlanOptions } from './commands/plan.ts';
import type { QuotaOptions } from './commands/quota.ts';
import type { ReportFormat, ReportOptions } from './commands/report.ts';
import type { RotateOptions } from './commands/rotate.ts';
import type { StreamsOptions } from './commands/streams.ts';
import type { TriggerOptions } from './commands/trigger.ts';
import { createContext, type RotationsFlags } from './environment/context.ts';
import type { AddCommand } from './input/add-command.ts';
import { addCompletion } from './input/completion.ts';
import {
  accessCheckFlag,
  allFlag,
  awayFromFlag,
  environmentFlags,
  fromAccountFlag,
  historyFlags,
  outputFlags,
  periodFlags,
  profileFlag,
  requestFlags,
  resolveStage,
  startFlags,
  streamFlags,
  withFlags,
} from './input/flags.ts';
import { HELP_EXAMPLES } from './input/help-examples.ts';
import { SKELETONS, type Skeleton, skeleton } from './input/skeleton.ts';
import type { Interruption } from './interruption.ts';
import { addKeys } from './keys/add-keys.ts';
import { PACKAGER_COMMANDS } from './packager/commands.ts';

const addRotate: AddCommand = (program, context) => {
  withFlags(
    program
      .command('rotate')
      .description(
        'run one rotation, on the embedded AWS or on a deployed stage; without a stream and a key, the first stream of rotations.yml moves to the next key of its ring',
      )
      .addOption(
        new Option(
          '--generate-cli-skeleton [kind]',
          'print a request to fill in, or a sample outcome, and start nothing',
        )
          .choices(SKELETONS)
          .preset('input'),
      )
      .addOption(allFlag())
      .addOption(awayFromFlag())
      .addOption(accessCheckFlag())
      .option('--dry-run', 'show the plan, as the command plan does'),
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
      const { rotate } = await import('./commands/rotate.ts');
      const given = { ...options, force: givenForce(command) };
      process.exitCode = await rotate(given, context);
    },
  );
};

const addFollow: AddCommand = (program, context) => {
  withFlags(
    program
      .command('follow')
      .description('show how a rotation on AWS proceeds, and how it ended')
      .argument('<execution-arn>', 'the execution, as rotate prints it')
      .addOption(profileFlag()),
    outputFlags(),
  ).action(async (executionArn: string, options: FollowOptions) => {
    const { follow } = await import('./commands/follow.ts');
    process.exitCode = await follow(executionArn, options, context);
  });
};

const addPlan: AddCommand = (program, context) => {
  withFlags(
    program
      .command('plan')
      .description(
        'show what a rotation would do and need, without changing anything',
      )
      .addOption(allFlag())
      .addOption(awayFromFlag())
      .addOption(accessCheckFlag()),
    requestFlags(),
    environmentFlags(),
    outputFlags(),
  ).action(async (options: PlanOptions, command: Command) => {
    const { plan } = await import('./commands/plan.ts');
    const given = { ...options, force: givenForce(command) };
    process.exitCode = await plan(given, context);
  });
};

const addQuota: AddCommand = (program, context) => {
  withFlags(
    program
      .command('quota')
      .description(
        'show the used slots of the 25 in 24 hours: by whom, and when each is free again',
      ),
    streamFlags(),
    environmentFlags(),
    outputFlags(),
  ).action(async (options: QuotaOptions) => {
    const { quota } = await import('./commands/quota.ts');
    process.exitCode = await quota(options, context);
  });
};

const addHistory: AddCommand = (program, context) => {
  withFlags(
    program
      .command('history')
      .description('list the rotations that the ledger keeps, newest first'),
    streamFlags(),
    historyFlags(),
    environmentFlags(),
    outputFlags(),
  ).action(async (options: HistoryOptions) => {
    const { history } = await import('./commands/history.ts');
    process.exitCode = await history(options, context);
  });
};

const addReport: AddCommand = (program, context) => {
  const command = withFlags(
    program
      .command('report')
      .description(
        'write a report for auditors: keys, rotations with their proof, failures, quota; and its SHA-256 beside it',
      )
      .addOption(
        new Option('--output <format>', 'format of the report')
          .choices(['html', 'json', 'csv'] satisfies ReportFormat[])
          .default('html'),
      )
      .option(
        '--file <file>',
        'the file to write; - for stdout (default: kinesis-key-rotation.<format>)',
      ),
    streamFlags(),
    periodFlags(),
    environmentFlags(),
  ).action(async (options: ReportOptions) => {
    const { report } = await import('./commands/report.ts');
    process.exitCode = await report(options, context);
  });
  command
    .command('verify')
    .description(
      'compare a report with the SHA-256 beside it; exit code 0 for the same, 1 for another content, 2 if one of them cannot be read',
    )
    .argument('<file>', 'the report; its hash is in <file>.sha256')
    .action(async (file: string) => {
      const { verifyReport } = await import('./report/verify-report.ts');
      process.exitCode = await verifyReport(file);
    });
};

const addStreams: AddCommand = (program, context) => {
  withFlags(
    program
      .command('streams')
      .description(
        'list every stream of the account and Region: its encryption and key, and whether rotations.yml lists it',
      )
      .addOption(
        fromAccountFlag(
          'list the account of the AWS credentials, without a deployed stage',
        ),
      ),
    environmentFlags(),
    outputFlags(),
  ).action(async (options: StreamsOptions) => {
    const { streams } = await import('./commands/streams.ts');
    process.exitCode = await streams(options, context);
  });
};

const addTrigger: AddCommand = (program, context) => {
  withFlags(
    program
      .command('trigger')
      .description(
        'find the rule or schedule of the packaged template that matches an EventBridge event, and run its target on the embedded AWS',
      )
      .requiredOption(
        '--event <file>',
        'the event as JSON, in the form that AWS documents; - for stdin',
      )
      .option('--now', 'set the times of the event to the present'),
    outputFlags(),
  ).action(async (options: TriggerOptions) => {
    const { trigger } = await import('./commands/trigger.ts');
    process.exitCode = await trigger(options, context);
  });
};

const addLocal: AddCommand = (program, context) => {
  program
    .command('local')
    .description('keep the embedded AWS up for other clients, until Ctrl-C')
    .option('--kinesis-port <port>', 'port of Kinesis', port, 4568)
    .option('--dynamodb-port <port>', 'port of DynamoDB', port, 8000)
    .option('--kms-port <port>', 'port of KMS', port, 8001)
    .option('--cloudwatch-port <port>', 'port of CloudWatch', port, 4582)
    .option('--sfn-port <port>', 'port of Step Functions', port, 8083)
    .action(async (options: LocalOptions) => {
      const { local } = await import('./commands/local.ts');
      process.exitCode = await local(options, context);
    });
};

/** In the order of help. */
const COMMANDS = [
  addRotate,
  addFollow,
  addPlan,
  addQuota,
  addHistory,
  addKeys,
  addReport,
  addStreams,
  addTrigger,
  addLocal,
  ...PACKAGER_COMMANDS,
];

/** The command line: every command with its flags, help and examples. */
export function createProgram(interruption: Interruption): Command {
  const program = new Command('kinesis-key-rotation')
    .description('Moves Kinesis data streams to another KMS key, and proves it')
    .option(
      '--rotations <file>',
      'the file that lists streams and their rings of keys (default: with --stage the deployed one; else, and for package and deploy, rotations.<stage>.yml where it exists, else rotations.yml)',
    )
    .option(
      '--debug',
      'print on stderr each call to AWS, without its content, and the stack of an error',
    )
    .version(packageVersion(), '--version', 'print the version')
    .configureHelp({ sortSubcommands: false })
    .configureOutput({
      // Commander quotes arguments as they are.
      outputError: (text, write) => write(`${legible(text.trimEnd())}\n`),
    })
    .exitOverride();
  let flags: RotationsFlags = {};
  program.hook('preAction', async (_, command) => {
    resolveStage(command);
    if (program.opts().debug) {
      const { startDebugging } = await import('./debug.ts');
      startDebugging();
    }
    await chooseOutput(command);
    flags = command.optsWithGlobals();
  });
  const context = createContext(interruption, () => flags);
  for (const add of COMMANDS) add(program, context);
  addCompletion(program, context.rotationsPath);
  for (const command of program.commands) {
    command.exitOverride();
    const examples = HELP_EXAMPLES[command.name()];
    if (examples) command.addHelpText('after', examplesText(examples));
  }
  return program;
}

/** Without --output, the format is that of the AWS CLI's settings. */
async function chooseOutput(command: Command): Promise<void> {
  const { output, profile } = command.opts();
  const hasOutput = command.options.some(({ long }) => long === '--output');
  if (!hasOutput || output !== undefined) return;
  const { defaultOutput } = await import('./input/default-output.ts');
  const format = await defaultOutput(profile, process.env);
  command.setOptionValueWithSource('output', format, 'env');
}

function examplesText(examples: readonly string[]): string {
  const lines = examples.map((line) => `  $ kinesis-key-rotation ${line}`);
  return ['', 'Examples:', ...lines].join('\n');
}

/** Commander gives every --no-x a default, which is not the user's choice. */
function givenForce(command: Command): boolean | undefined {
  return command.getOptionValueSource('force') === 'cli'
    ? command.opts().force
    : undefined;
}

function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new InvalidArgumentError(`${text} is not a port from 0 to 65535.`);
  }
  return number;
}
