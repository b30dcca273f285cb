/** The services that a rotation talks to, as in `AWS_ENDPOINT_URL_<service>`. */
export const SERVICES = ['KINESIS', 'DYNAMODB', 'KMS'] as const;
/** And Step Functions, for those who start rotations from outside. */
export const ALL_SERVICES = [...SERVICES, 'SFN'] as const;
export type Service = (typeof ALL_SERVICES)[number];
export type Endpoints = Record<(typeof SERVICES)[number], string> & {
  SFN?: string;
};

/**
 * The endpoints that the SDK's own variables name; these services are not
 * embedded.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function externalEndpoints(env: NodeJS.ProcessEnv): Partial<Endpoints> {
  const named = ALL_SERVICES.map((service) => [
    service,
    env[`AWS_ENDPOINT_URL_${service}`] || env.AWS_ENDPOINT_URL,
  ]);
  return Object.fromEntries(named.filter(([, url]) => url));
}
