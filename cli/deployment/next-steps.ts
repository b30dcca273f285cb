import { visible } from '../../shared/errors/text.ts';
import { serviceName } from '../../shared/identifiers/service-names.ts';
import { commandLine, ownCommand } from '../executions/command-lines.ts';
import { dashboardLink } from '../executions/console-link.ts';
import type { Target } from './target.ts';

type Outputs = ReadonlyMap<string, string>;

/** Outputs that the packager needs, and people do not. */
const OF_PACKAGER =
  /^ServerlessDeploymentBucketName$|LambdaFunctionQualifiedArn$/;

/** The outputs of a stack, each in a line. */
export function deployedText(outputs: Outputs): string {
  const shown = [...outputs].filter(([name]) => !OF_PACKAGER.test(name));
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${name.padEnd(width)}  ${visible(value)}\n`)
    .join('');
}

/** What to do after a deployment, in lines for people. */
export function nextSteps(
  outputs: Outputs,
  { stage, region, partition }: Target,
  profile?: string,
): string {
  const topic = outputs.get('FailureTopicArn');
  const dashboard = dashboardLink(partition, region, serviceName(stage));
  const steps = [
    ...(topic === undefined
      ? []
      : [
          'Receive failures and alarms by mail:',
          `  ${commandLine(['aws', 'sns', 'subscribe'], {
            'topic-arn': topic,
            protocol: 'email',
            'notification-endpoint': 'you@example.com',
            region,
            profile,
          })}`,
        ]),
    'See what a rotation of every stream would do:',
    `  ${ownCommand(['plan'], { all: true, stage, region, profile })}`,
    ...(dashboard === undefined ? [] : ['Watch:', `  ${dashboard}`]),
  ];
  return `${steps.join('\n')}\n`;
}
