import { createHash } from 'node:crypto';
import type { DeploymentSettings } from '../../shared/config/deployment-settings.ts';
import type { Template } from '../template.ts';
import { RESOURCE_TYPES } from './resource-types.ts';

/** The settings that change resources which are there without them. */
const ENFORCED = [
  'PermissionsBoundary',
  'RolePath',
  'RoleNamePrefix',
  'Tags',
  'KmsKeyId',
  'LogRetentionInDays',
  'Vpc',
  'Architecture',
] as const;

/**
 * Applies the settings of a deployment to every resource of a template, in place.
 *
 * @throws {Error} for a resource of a type whose properties are not known here
 */
export function organize(
  template: Template,
  settings: DeploymentSettings,
  stage: string,
): void {
  const enforced = ENFORCED.filter((name) => settings[name] !== undefined);
  if (enforced.length === 0) return;
  for (const [id, resource] of Object.entries(template.Resources)) {
    const type = RESOURCE_TYPES[resource.Type];
    if (type === undefined) {
      throw new Error(
        `Deployment: ${id} of serverless.yml is a ${resource.Type}, for which ${enforced.join(', ')} may be missing; add the type to stack/organization/resource-types.ts`,
      );
    }
    const { Properties } = resource;
    Object.assign(
      Properties,
      type.properties?.(settings, { id, stage }),
      type.hasTags && settings.Tags && withTags(Properties, settings.Tags),
    );
  }
  publishAgain(template, settings);
}

function withTags(
  { Tags = [] }: { Tags?: unknown },
  tags: Record<string, string>,
) {
  const others = (Tags as { Key: string }[]).filter(
    ({ Key }) => tags[Key] === undefined,
  );
  const given = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return { Tags: [...others, ...given] };
}

/**
 * A published version keeps the VPC, the architecture and the role that it was
 * published with, so that a change of them needs another version: its logical ID
 * changes.
 */
function publishAgain(
  template: Template,
  { Vpc, Architecture, RolePath, RoleNamePrefix }: DeploymentSettings,
): void {
  const kept = JSON.stringify([Vpc, Architecture, RolePath, RoleNamePrefix]);
  if (kept === '[null,null,null,null]') return;
  const suffix = createHash('sha256').update(kept).digest('hex').slice(0, 8);
  const renamed = Object.entries(template.Resources).map(([id, resource]) => [
    resource.Type === 'AWS::Lambda::Version' ? `${id}${suffix}` : id,
    resource,
  ]);
  template.Resources = Object.fromEntries(renamed);
  for (const output of Object.values(template.Outputs ?? {})) {
    const { Value } = output as { Value: { Ref?: string } };
    const { Ref = '' } = Value;
    if (template.Resources[`${Ref}${suffix}`]) Value.Ref = `${Ref}${suffix}`;
  }
}
