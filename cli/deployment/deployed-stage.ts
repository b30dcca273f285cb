import type { Stack } from '@aws-sdk/client-cloudformation';
import { readDeployedConfiguration } from '../../shared/config/deployed-configuration.ts';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { serviceName } from '../../shared/identifiers/service-names.ts';
import { fieldOf, parseJson } from '../../shared/json.ts';
import {
  describeStack,
  outputsOf,
  readTemplate,
} from '../environment/stack.ts';
import { CouldNotAskError } from '../errors/command-error.ts';
import { explain } from '../errors/explain.ts';

/** The resource of a template that is the ledger. */
export const LEDGER = 'LedgerTable';

/** The stack of a stage before a change. What could not be read is a reason for people. */
export interface DeployedStage {
  /** Whether no deployment has succeeded yet. */
  isFirst: boolean;
  /** Undefined without a stack. */
  template: { value: unknown } | { unknown: string } | undefined;
  /** The streams of the stage; none for a first deployment. */
  streams: readonly RotationsStream[] | { unknown: string };
  /** Undefined where the stack has no such output. */
  ledgerTableName: string | undefined;
}

/**
 * Reads the stack and the template of a stage.
 *
 * @throws {CouldNotAskError} for a stack in a state that allows no update
 * @throws what DescribeStacks refuses, and the reason of the signal
 */
export async function readDeployedStage(
  stage: string,
  signal: AbortSignal,
): Promise<DeployedStage> {
  const stack = await describeStack(stage, signal);
  refuseState(stack);
  const ledgerTableName = outputsOf(stack).get('LedgerTableName');
  const template =
    stack === undefined ? undefined : await templateOf(stage, signal);
  const isFirst =
    template === undefined ||
    // The packager begins with a stack that holds its bucket alone.
    ('value' in template &&
      fieldOf(fieldOf(template.value, 'Resources'), LEDGER) === undefined);
  return {
    isFirst,
    template,
    streams: isFirst ? [] : streamsOf(stage, template),
    ledgerTableName,
  };
}

/** The states in which CloudFormation updates a stack. */
const UPDATABLE = [
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
];

/** CloudFormation would refuse it after the question. */
function refuseState(stack: Stack | undefined): void {
  const { StackName, StackStatus = 'in an unknown state' } = stack ?? {};
  if (stack === undefined || UPDATABLE.includes(StackStatus)) return;
  const advice =
    StackStatus.endsWith('_IN_PROGRESS') && StackStatus !== 'REVIEW_IN_PROGRESS'
      ? 'Wait until that has ended'
      : 'Look at its events in CloudFormation, and continue its rollback or remove it first';
  throw new CouldNotAskError(
    `The stack ${StackName} is ${StackStatus}, and CloudFormation does not update it then. ${advice}`,
  );
}

async function templateOf(
  stage: string,
  signal: AbortSignal,
): Promise<{ value: unknown } | { unknown: string }> {
  try {
    const body = await readTemplate(serviceName(stage), signal);
    const value = parseJson(body);
    return value === undefined
      ? { unknown: 'unknown, since the deployed template is not JSON' }
      : { value };
  } catch (error) {
    signal.throwIfAborted();
    return {
      unknown: `unknown, since the deployed template cannot be read: ${explain(error).line}`,
    };
  }
}

function streamsOf(
  stage: string,
  template: { value: unknown } | { unknown: string },
): readonly RotationsStream[] | { unknown: string } {
  if ('unknown' in template) return template;
  const name = `rotations.yml of ${serviceName(stage)}`;
  try {
    const kept = readDeployedConfiguration(template.value, name);
    return (
      kept?.Streams ?? {
        unknown:
          'unknown what changes, since the older version that is deployed keeps no rotations.yml in its stack',
      }
    );
  } catch (error) {
    return { unknown: `unknown what changes: ${(error as Error).message}` };
  }
}
