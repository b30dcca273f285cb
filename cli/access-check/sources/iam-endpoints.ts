/** What the access check asks besides Kinesis and KMS, as the SDK spells them. */
const VARIABLES = [
  'AWS_ENDPOINT_URL_ACCESSANALYZER',
  'AWS_ENDPOINT_URL_FIREHOSE',
  'AWS_ENDPOINT_URL_IAM',
  'AWS_ENDPOINT_URL_LAMBDA',
];

/**
 * Says why IAM and the services of consumers are not asked; undefined where they are.
 * Beside an emulator of KMS, the IAM of AWS knows neither its keys nor its roles.
 *
 * @param isEmbedded whether no stage is named
 */
export function whyNoIam(
  env: NodeJS.ProcessEnv,
  isEmbedded: boolean,
): string | undefined {
  const isEmulated = Boolean(env.AWS_ENDPOINT_URL_KMS || env.AWS_ENDPOINT_URL);
  if (!isEmulated && !isEmbedded) return undefined;
  if (env.AWS_ENDPOINT_URL) return undefined;
  const missing = VARIABLES.filter((variable) => !env[variable]);
  if (missing.length === 0) return undefined;
  return isEmbedded
    ? 'the embedded AWS has no IAM policies'
    : `AWS_ENDPOINT_URL_KMS is set, and ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not`;
}
