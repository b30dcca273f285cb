import type { Stack } from '@aws-sdk/client-cloudformation';
import { readDeployedConfiguration } from '../../shared/config/deployed-configuration.ts';
import type { RotationsStream } from '../../shared/config/rotations-file.ts';
import { serviceName } from '../../shared/identifiers/service-names.ts';
import { fieldOf, parseJson } from '../../shared/json.ts';
import {
  describeStack,
  outputsOf,
  readTemplate,
} from '../environment/stack.ts';
import { explain } from '../errors/explain.ts';

/** The resource of a template that is the ledger. */
export const LEDGER = 'LedgerTable';

/** The stack of a stage before a change. What could not be read is a reason for people. */
export interface DeployedStage {
  stack: Stack | undefined;
  /** Whether no deployment has succeeded yet. */
  isFirst: boolean;
  /** Undefined for a first deployment. */
  template: { value: unknown } | { unknown: string } | undefined;
  /** The streams of the stage; none for a first deployment. */
  streams: readonly RotationsStream[] | { unknown: string };
  /** Undefined where the stack has no such output. */
  ledgerTableName: string | undefined;
}

/**
 * Reads the stack and the template of a stage.
 *
 * @throws what DescribeStacks refuses, and the reason of the signal
 */
export async function readDeployedStage(
  stage: string,
  signal: AbortSignal,
): Promise<DeployedStage> {
  const stack = await describeStack(stage, signal);
  const ledgerTableName = outputsOf(stack).get('LedgerTableName');
  const template =
    stack === undefined ? undefined : await templateOf(stage, signal);
  const isDeployed =
    template !== undefined &&
    ('unknown' in template ||
      fieldOf(fieldOf(template.value, 'Resources'), LEDGER) !== undefined);
  return isDeployed
    ? {
        stack,
        isFirst: false,
        template,
        streams: streamsOf(stage, template),
        ledgerTableName,
      }
    : // The packager begins with a stack that holds its bucket alone.
      {
        stack,
        isFirst: true,
        template: undefined,
        streams: [],
        ledgerTableName,
      };
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
