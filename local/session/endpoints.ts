import { InputError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';

/** The services that a rotation talks to, as in `AWS_ENDPOINT_URL_<service>`. */
export const SERVICES = ['KINESIS', 'DYNAMODB', 'KMS', 'CLOUDWATCH'] as const;
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
 * @throws {InputError} naming the variable that is no endpoint
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function externalEndpoints(env: NodeJS.ProcessEnv): Partial<Endpoints> {
  const named = ALL_SERVICES.map((service) => [
    service,
    endpointIn(env, `AWS_ENDPOINT_URL_${service}`) ??
      endpointIn(env, 'AWS_ENDPOINT_URL'),
  ]);
  return Object.fromEntries(named.filter(([, url]) => url));
}

function endpointIn(
  env: NodeJS.ProcessEnv,
  variable: string,
): string | undefined {
  const text = env[variable];
  if (!text) return undefined;
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new InputError(
    `${variable} ${quote(text)} is not an endpoint; expected a URL such as http://127.0.0.1:4566`,
  );
}
