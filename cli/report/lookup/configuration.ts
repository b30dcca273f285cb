import {
  CloudFormationClient,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { nameError } from '../../../shared/errors/aws-errors.ts';
import { httpHandler } from '../../../shared/lambda/clients.ts';
import type { CommandContext } from '../../environment/context.ts';
import type { Deployment } from '../../environment/deployment.ts';
import { sha256 } from '../formats/sha256-file.ts';
import type {
  Configuration,
  DeployedTemplate,
  RotationsHash,
} from '../report-input.ts';

/** Hashes the rotations.yml of this run, and the template of the deployed stack. */
export async function gatherConfiguration(
  context: Pick<CommandContext, 'rotationsFile'>,
  deployment: Deployment | undefined,
): Promise<Configuration> {
  return {
    rotations: await hashRotations(context),
    template:
      deployment === undefined
        ? { status: 'NOT_DEPLOYED' }
        : await hashTemplate(deployment),
  };
}

async function hashRotations({
  rotationsFile,
}: Pick<CommandContext, 'rotationsFile'>): Promise<RotationsHash> {
  try {
    const { path, content } = await rotationsFile();
    return { status: 'READ', path, sha256: sha256(content) };
  } catch (error) {
    return { status: 'UNKNOWN', reason: (error as Error).message };
  }
}

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html */
async function hashTemplate({
  StackId,
  UpdatedAt,
}: Deployment): Promise<DeployedTemplate> {
  const client = new CloudFormationClient({ requestHandler: httpHandler() });
  try {
    const { TemplateBody } = await client.send(
      new GetTemplateCommand({
        StackName: StackId,
        TemplateStage: 'Original',
      }),
    );
    if (TemplateBody === undefined) throw new Error('GetTemplate has no body');
    const hash = sha256(TemplateBody);
    return {
      status: 'READ',
      stackId: StackId,
      updatedAt: UpdatedAt,
      sha256: hash,
    };
  } catch (error) {
    const { name, message } = nameError(error);
    return { status: 'UNKNOWN', reason: `${name}: ${message}` };
  } finally {
    client.destroy();
  }
}
