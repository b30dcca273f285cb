import { loadConfig } from '@smithy/core/config';
import type { DeploymentSettings } from '../shared/config/deployment-settings.ts';
import type { RotationsStream } from '../shared/config/rotations-stream.ts';
import { quote } from '../shared/errors/text.ts';
import { parseKeyId } from '../shared/identifiers/key-id.ts';

/**
 * Kinesis takes only keys of the stream's own Region, and so does every service for
 * the key of the deployment.
 *
 * @throws {Error} naming the entry or the setting, and the key that is elsewhere
 */
export function checkRegion(
  entries: readonly RotationsStream[],
  region: string,
  { KmsKeyId }: Pick<DeploymentSettings, 'KmsKeyId'> = {},
): void {
  const own = KmsKeyId && parseKeyId(KmsKeyId)?.region;
  if (own && own !== region) {
    throw new Error(
      `Deployment: KmsKeyId ${quote(KmsKeyId)} is in Region ${own}, and the service is deployed to ${region}; use a key of that Region, or another --region`,
    );
  }
  for (const [at, { KeyIds }] of entries.entries()) {
    for (const keyId of KeyIds) {
      const keyRegion = parseKeyId(keyId)?.region ?? region;
      if (keyRegion === region) continue;
      throw new Error(
        `Streams[${at}]: KeyIds ${quote(keyId)} is in Region ${keyRegion}, and the service is deployed to ${region}; use a key of that Region, or another --region`,
      );
    }
  }
}

/**
 * The Region that the flags, the variables or the profile choose, as for the AWS CLI;
 * undefined without any. The packager itself would take us-east-1.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
 */
export async function chosenRegion({
  region,
  'aws-profile': profile,
}: {
  region?: string;
  'aws-profile'?: string;
}): Promise<string | undefined> {
  if (region) return region;
  const none = '';
  const found = loadConfig(
    {
      environmentVariableSelector: (env) =>
        env.AWS_REGION || env.AWS_DEFAULT_REGION,
      configFileSelector: (section) => section.region,
      default: none,
    },
    { preferredFile: 'config', ...(profile && { profile }) },
  );
  return (await found()) || undefined;
}
