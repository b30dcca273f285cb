import {
  paginateListStackResources,
  type Stack,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import {
  paginateListExecutions,
  type SFNClient,
  StateMachineDoesNotExist,
} from '@aws-sdk/client-sfn';
import { serviceName } from '../../shared/identifiers/service-names.ts';
import { outputsOf, withCloudFormation } from '../environment/stack.ts';
import { explain } from '../errors/explain.ts';
import { commandLine } from '../executions/command-lines.ts';
import { stepFunctionsClient } from '../executions/step-functions-client.ts';
import { rowTable } from '../output/table.ts';
import { LEDGER } from './deployed-stage.ts';
import { deletionCommands } from './ledger-left-behind.ts';
import type { Target } from './target.ts';

/** What a removal takes away and leaves; what could not be read is a reason for people. */
export interface Removal {
  /** How many resources of each type go. */
  goes: Map<string, number> | { unknown: string };
  /** The ledger table; undefined for a stack without one. */
  ledger: string | undefined;
  /** That delete the table afterwards. */
  commands: string[];
  /** ARNs of executions of both state machines. */
  running: string[] | { unknown: string };
  /** The command that stops the first of them. */
  stop?: string;
}

/**
 * Reads what a removal of a stack takes away, and which rotations run.
 *
 * @throws the reason of the signal
 */
export async function removalOf(
  { stage, region, account, partition }: Target,
  stack: Stack,
  profile: string | undefined,
  signal: AbortSignal,
): Promise<Removal> {
  const outputs = outputsOf(stack);
  const resources = await orReason(signal, () => resourcesOf(stack, signal));
  const ledger =
    outputs.get('LedgerTableName') ??
    ('unknown' in resources
      ? undefined
      : resources.find(({ LogicalResourceId: id }) => id === LEDGER)
          ?.PhysicalResourceId);
  const machines = ['rotate-stream', 'rotate-fleet'].map(
    (machine) =>
      `arn:${partition}:states:${region}:${account}:stateMachine:${serviceName(stage)}-${machine}`,
  );
  const running = await orReason(signal, () => runningOf(machines, signal));
  const [first] = 'unknown' in running ? [] : running;
  return {
    goes: 'unknown' in resources ? resources : countTypes(resources),
    ledger,
    commands:
      ledger === undefined ? [] : deletionCommands(ledger, region, profile),
    running,
    ...(first !== undefined && {
      stop: commandLine(['aws', 'stepfunctions', 'stop-execution'], {
        'execution-arn': first,
        region,
        profile,
      }),
    }),
  };
}

export function removalText({
  goes,
  ledger,
  commands,
  running,
}: Removal): string {
  const types = 'unknown' in goes ? [] : [...goes].sort();
  const rows = types.map(([type, count]) => [type, String(count)]);
  return [
    ...('unknown' in goes
      ? [`Goes: unknown: ${goes.unknown}`]
      : [rowTable(['Goes', ''], rows)]),
    'The streams keep their keys. Log groups go with their logs.',
    ...(ledger === undefined
      ? []
      : [
          `Stays: the ledger table ${ledger}. AWS continues to count the keys that it records. Delete it afterwards, if you must:`,
          ...commands.map((line) => `  ${line}`),
        ]),
    ...('unknown' in running
      ? [`Running executions: unknown: ${running.unknown}`]
      : [
          `Running executions: ${running.length}`,
          ...running.map((arn) => `  ${arn}`),
        ]),
  ].join('\n');
}

async function orReason<T>(
  signal: AbortSignal,
  read: () => Promise<T>,
): Promise<T | { unknown: string }> {
  try {
    return await read();
  } catch (error) {
    signal.throwIfAborted();
    return { unknown: explain(error).line };
  }
}

function resourcesOf(
  { StackId: StackName }: Stack,
  signal: AbortSignal,
): Promise<StackResourceSummary[]> {
  return withCloudFormation(signal, async (client) => {
    const found: StackResourceSummary[] = [];
    const pages = paginateListStackResources({ client }, { StackName });
    for await (const { StackResourceSummaries = [] } of pages) {
      signal.throwIfAborted();
      found.push(...StackResourceSummaries);
    }
    return found;
  });
}

function countTypes(
  resources: readonly StackResourceSummary[],
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { LogicalResourceId, ResourceType, ResourceStatus } of resources) {
    if (LogicalResourceId === LEDGER || !ResourceType) continue;
    if (ResourceStatus === 'DELETE_COMPLETE') continue;
    counts.set(ResourceType, (counts.get(ResourceType) ?? 0) + 1);
  }
  return counts;
}

async function runningOf(
  machines: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const client = stepFunctionsClient();
  try {
    const found = machines.map((machine) => runningOn(machine, client, signal));
    return (await Promise.all(found)).flat();
  } finally {
    client.destroy();
  }
}

async function runningOn(
  stateMachineArn: string,
  client: SFNClient,
  signal: AbortSignal,
): Promise<string[]> {
  const running: string[] = [];
  const query = { stateMachineArn, statusFilter: 'RUNNING' } as const;
  try {
    for await (const page of paginateListExecutions({ client }, query)) {
      signal.throwIfAborted();
      for (const { executionArn } of page.executions ?? []) {
        if (executionArn !== undefined) running.push(executionArn);
      }
    }
    return running;
  } catch (error) {
    // A deployment that failed may have made none.
    if (error instanceof StateMachineDoesNotExist) return [];
    throw error;
  }
}
