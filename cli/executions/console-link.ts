import type { StatesArn } from './states-arn.ts';

const HOSTS: Record<string, string> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

/** Where AWS's console shows an execution; undefined where it has no console. */
export function consoleLink({
  arn,
  partition,
  region,
}: StatesArn): string | undefined {
  const host = HOSTS[partition];
  if (host === undefined) return undefined;
  return `https://${region}.${host}/states/home?region=${region}#/v2/executions/details/${arn}`;
}

/** Where AWS's console shows a dashboard; undefined where it has no console. */
export function dashboardLink(
  partition: string,
  region: string,
  name: string,
): string | undefined {
  const host = HOSTS[partition];
  if (host === undefined) return undefined;
  return `https://${region}.${host}/cloudwatch/home?region=${region}#dashboards/dashboard/${name}`;
}
