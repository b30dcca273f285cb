import { KMSClient } from '@aws-sdk/client-kms';

/** What the embedded AWS takes from those who have no credentials. */
export const DUMMY_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/** Variables with which the SDK would request credentials from a service. */
const SOURCES = [
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
];

/**
 * Makes sure that the SDK has credentials: those that are set, or else dummies.
 *
 * @param isAllEmbedded whether nothing but the embedded AWS will see them; then
 *   no profile or role is asked for any, which may mean a call to AWS
 */
export async function setCredentials(isAllEmbedded: boolean): Promise<void> {
  const { env } = process;
  if (isAllEmbedded) {
    for (const source of SOURCES) delete env[source];
  }
  const isSet =
    [...SOURCES, 'AWS_ACCESS_KEY_ID'].some((name) => env[name]) ||
    (!isAllEmbedded && (await hasProfile()));
  if (!isSet) Object.assign(env, DUMMY_CREDENTIALS);
}

/** Whether the SDK finds credentials in files, without asking the network. */
async function hasProfile(): Promise<boolean> {
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
