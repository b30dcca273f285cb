import type { InitOptions } from '../commands/init.ts';
import type { PackageOptions } from '../commands/package.ts';
import type { AddCommand } from '../input/add-command.ts';
import {
  fromAccountFlag,
  packagerFlags,
  profileFlag,
  withFlags,
} from '../input/flags.ts';
import type { PackagerOptions } from './packager.ts';

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
      .description('deploy a stage, or update it')
      .requiredOption('--stage <stage>', 'the stage to deploy'),
    packagerFlags(),
  ).action(async (options: PackagerOptions) => {
    const { deploy } = await import('../commands/deploy.ts');
    process.exitCode = await deploy(options, context);
  });
};

const addRemove: AddCommand = (program, context) => {
  withFlags(
    program
      .command('remove')
      .description('remove the stack of a stage; its ledger stays')
      .requiredOption('--stage <stage>', 'the stage to remove'),
    packagerFlags(),
  ).action(async (options: PackagerOptions) => {
    const { remove } = await import('../commands/remove.ts');
    process.exitCode = await remove(options, context);
  });
};

/** From an empty folder to a deployed stage and back, in the order of help. */
export const PACKAGER_COMMANDS = [addInit, addPackage, addDeploy, addRemove];
