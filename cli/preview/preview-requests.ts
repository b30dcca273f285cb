import { localExecutions } from '../../local/runner/rotation.ts';
import { ledgerTableName } from '../../shared/lambda/clients.ts';
import type { Environment } from '../environment/environment.ts';
import { withPreviewClients } from './preview-clients.ts';
import { previewRotation, type RotationPreview } from './rotation-preview.ts';

/**
 * Plans rotations in an environment, one after another, and changes nothing.
 *
 * @throws what previewRotation throws
 */
export async function previewRequests(
  requests: readonly Record<string, unknown>[],
  { deployment, region, account }: Environment,
): Promise<RotationPreview[]> {
  const executions = deployment
    ? `${deployment.StateMachineArn.replace(':stateMachine:', ':execution:')}:`
    : localExecutions(region, 'rotate-stream', account);
  return withPreviewClients(ledgerTableName(), async (clients) => {
    const previews: RotationPreview[] = [];
    for (const request of requests) {
      previews.push(await previewRotation(request, executions, clients));
    }
    return previews;
  });
}
