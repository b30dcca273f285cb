import type { InitOptions } from '../commands/init.ts';
import type { PackageOptions } from '../commands/package.ts';
import type { ChangeOptions } from '../deployment/target.ts';
import type { AddCommand } from '../input/add-command.ts';
import {
  fromAccountFlag,
  packagerFlags,
  profileFlag,
  withFlags,
  yesFlag,
} from '../input/flags.ts';

const addInit: AddCommand = (program, context) => {
  program
    .command('init')
    .description(
      'write a rotations.yml: a sample, or the streams of an account',
    )
    .addOption(
      fromAccountFlag(
        'write the streams of the account of the AWS credentials, each with its key',
      ),
    )
    .option('--region <region>', 'Region of the account (default: AWS_REGION)')
    .addOption(profileFlag())
    .action(async (options: InitOptions) => {
      const { init } = await import('../commands/init.ts');
      process.exitCode = await init(options, context);
    });
};

const addPackage: AddCommand = (program, context) => {
  withFlags(
    program
      .command('package')
      .description(
        'write the template of a stage and the archives of its functions; needs no account',
      )
      .option(
        '--output-directory <folder>',
        'the folder to write',
        '.serverless',
      )
      .option('--stage <stage>', 'the stage to package', 'dev'),
    packagerFlags(),
  ).action(async (options: PackageOptions) => {
    const { packageStage } = await import('../commands/package.ts');
    process.exitCode = await packageStage(options, context);
  });
};

const addDeploy: AddCommand = (program, context) => {
  withFlags(
    program
      .command('deploy')
      .description(
        'show what a deployment of a stage changes and moves, ask, and deploy it',
      )
      .requiredOption('--stage <stage>', 'the stage to deploy'),
    packagerFlags(),
    [yesFlag()],
  ).action(async (options: ChangeOptions) => {
    const { deploy } = await import('../commands/deploy.ts');
    process.exitCode = await deploy(options, context);
  });
};

const addRemove: AddCommand = (program, context) => {
  withFlags(
    program
      .command('remove')
      .description(
        'show what the removal of a stage takes away, ask, and remove its stack; the ledger stays',
      )
      .requiredOption('--stage <stage>', 'the stage to remove'),
    packagerFlags(),
    [yesFlag()],
  ).action(async (options: ChangeOptions) => {
    const { remove } = await import('../commands/remove.ts');
    process.exitCode = await remove(options, context);
  });
};

/** From an empty folder to a deployed stage and back, in the order of help. */
export const PACKAGER_COMMANDS = [addInit, addPackage, addDeploy, addRemove];
