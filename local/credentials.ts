import { KMSClient } from '@aws-sdk/client-kms';

/** What the embedded AWS takes from those who have no credentials. */
export const DUMMY_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/**
 * Whether the SDK finds credentials: in variables, profiles or files, without
 * asking the instance metadata service.
 */
export async function hasCredentials(): Promise<boolean> {
  const { AWS_EC2_METADATA_DISABLED } = process.env;
  process.env.AWS_EC2_METADATA_DISABLED = 'true';
  const client = new KMSClient();
  try {
    await client.config.credentials();
    return true;
  } catch {
    return false;
  } finally {
    client.destroy();
    if (AWS_EC2_METADATA_DISABLED === undefined) {
      delete process.env.AWS_EC2_METADATA_DISABLED;
    } else {
      process.env.AWS_EC2_METADATA_DISABLED = AWS_EC2_METADATA_DISABLED;
    }
  }
}
