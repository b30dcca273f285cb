import { nameError } from '../../../shared/errors/aws-errors.ts';
import type { CommandContext } from '../../environment/context.ts';
import type { Deployment } from '../../environment/deployment.ts';
import { readTemplate } from '../../environment/stack.ts';
import { sha256 } from '../formats/sha256-file.ts';
import type {
  Configuration,
  DeployedTemplate,
  RotationsHash,
} from '../report-input.ts';

/** Hashes the rotations.yml that this run uses, and the template of the deployed stack. */
export async function gatherConfiguration(
  context: Pick<CommandContext, 'rotationsSource'>,
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
  rotationsSource,
}: Pick<CommandContext, 'rotationsSource'>): Promise<RotationsHash> {
  try {
    const { path, sha256 } = await rotationsSource();
    return path === undefined
      ? { status: 'DEPLOYED', sha256 }
      : { status: 'READ', path, sha256 };
  } catch (error) {
    return { status: 'UNKNOWN', reason: (error as Error).message };
  }
}

async function hashTemplate({
  StackId,
  UpdatedAt,
}: Deployment): Promise<DeployedTemplate> {
  try {
    const body = await readTemplate(StackId);
    if (body === undefined) throw new Error('the stack is gone');
    return {
      status: 'READ',
      stackId: StackId,
      updatedAt: UpdatedAt,
      sha256: sha256(body),
    };
  } catch (error) {
    const { name, message } = nameError(error);
    return { status: 'UNKNOWN', reason: `${name}: ${message}` };
  }
}
