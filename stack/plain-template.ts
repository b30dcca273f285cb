import { posix } from 'node:path';
import type { Template } from './template.ts';

/** The template in the folder that `package` writes. */
export const TEMPLATE_FILE = 'template.json';

/** The packager's own, which nothing else uses. */
const BUCKET = /^ServerlessDeploymentBucket/;

/** cfn-lint warns that the archives are files. */
const LINTER = { 'cfn-lint': { config: { ignore_checks: ['W3002'] } } };

/** Where the packager's template has the archive of a function. */
interface Uploaded {
  S3Key: string;
}

/**
 * Makes a template of the packager's that any tool can deploy: without its deployment
 * bucket, and with the archives as files beside the template, which
 * `aws cloudformation package` uploads. Resources are in the order of their logical
 * IDs, so that the same rotations.yml gives the same text.
 */
export function plainTemplate(template: Template): Template {
  const { Resources, Outputs = {} } = template;
  const plain = sorted(Resources).map(([id, resource]) => {
    if (resource.Type !== 'AWS::Lambda::Function') return [id, resource];
    const { Code, ...others } = resource.Properties;
    const archive = posix.basename((Code as Uploaded).S3Key);
    return [id, { ...resource, Properties: { Code: archive, ...others } }];
  });
  return {
    ...template,
    Metadata: { ...template.Metadata, ...LINTER },
    Resources: Object.fromEntries(plain),
    Outputs: Object.fromEntries(sorted(Outputs)),
  };
}

const sorted = <T>(map: Record<string, T>): [string, T][] =>
  Object.entries(map)
    .filter(([id]) => !BUCKET.test(id))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
