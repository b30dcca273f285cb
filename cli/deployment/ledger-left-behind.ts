import { paginateDescribeStackEvents } from '@aws-sdk/client-cloudformation';
import { serviceName } from '../../shared/identifiers/service-names.ts';
import { withCloudFormation } from '../environment/stack.ts';
import { explain } from '../errors/explain.ts';
import { commandLine } from '../executions/command-lines.ts';
import { LEDGER } from './deployed-stage.ts';
import type { Target } from './target.ts';

/** The commands that delete a ledger table, which is protected. */
export function deletionCommands(
  table: string,
  region: string,
  profile?: string,
): string[] {
  const flags = { 'table-name': table, region, profile };
  const dynamodb = (...words: string[]) =>
    commandLine(['aws', 'dynamodb', ...words], flags);
  return [
    dynamodb('update-table', '--no-deletion-protection-enabled'),
    dynamodb('delete-table'),
  ];
}

/**
 * Names the ledger table that a failed first deployment created, and how to delete it;
 * empty where it created none.
 */
export async function ledgerLeftBehind({
  stage,
  region,
}: Target): Promise<string> {
  try {
    const table = await createdTable(serviceName(stage));
    if (table === undefined) return '';
    return [
      `The deployment that failed created the ledger table ${table}. CloudFormation deletes it as it rolls back; if the deletion protection of the table prevents that, it stays, empty. Delete it then:`,
      ...deletionCommands(table, region).map((line) => `  ${line}`),
      '',
    ].join('\n');
  } catch (error) {
    return `It is unknown whether the deployment left a ledger table: ${explain(error).line}\n`;
  }
}

/** The physical ID of the table that was created and is not known to be deleted. */
function createdTable(StackName: string): Promise<string | undefined> {
  return withCloudFormation(undefined, async (client) => {
    const pages = paginateDescribeStackEvents({ client }, { StackName });
    // Newest first.
    for await (const { StackEvents = [] } of pages) {
      for (const event of StackEvents) {
        if (event.LogicalResourceId !== LEDGER) continue;
        return event.ResourceStatus === 'DELETE_COMPLETE'
          ? undefined
          : event.PhysicalResourceId || undefined;
      }
    }
    return undefined;
  });
}
