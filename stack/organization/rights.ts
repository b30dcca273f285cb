import type { DeploymentSettings } from '../../shared/config/deployment-settings.ts';
import { allow, type Statement } from '../policies.ts';
import type { Resources } from '../template.ts';
import { keyStatements } from './key.ts';

/** The settings on which the rights of a role depend. */
export type RightsSettings = Pick<DeploymentSettings, 'KmsKeyId' | 'Vpc'>;

/**
 * EC2 offers no resource for most of these. Lambda needs them to connect a function to
 * the VPC; the code of the function may not use them.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
 */
const NETWORK: Statement[] = [
  {
    Sid: 'Network',
    Action: [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    Resource: ['*'],
    // Lambda sets the key on calls of the code, and has none for its own.
    Condition: { Null: { 'lambda:SourceFunctionArn': 'true' } },
  },
];

/**
 * The rights that the settings add to those of a function.
 *
 * @param statements all others of its role
 */
export function settingRights(
  { KmsKeyId, Vpc }: RightsSettings,
  statements: readonly Statement[],
): Statement[] {
  const actions = statements.flatMap(({ Action }) => Action);
  return [
    ...keyStatements(KmsKeyId, actions),
    ...(Vpc === undefined ? [] : NETWORK),
  ];
}

interface InlinePolicy {
  PolicyName: string;
  PolicyDocument: { Statement: { Action: string | string[] }[] };
}

/**
 * Gives the roles of serverless.yml, such as that of Scheduler, what the key of the
 * deployment needs. The functions' roles have it from {@link settingRights}.
 *
 * @param resources of serverless.yml
 */
export function addKeyRights(
  keyId: string | undefined,
  resources: Resources,
): void {
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type !== 'AWS::IAM::Role') continue;
    const policies = Properties.Policies as InlinePolicy[];
    const actions = policies
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .flatMap(({ Action }) => Action);
    const statements = keyStatements(keyId, actions);
    if (statements.length === 0) continue;
    Properties.Policies = [
      ...policies,
      {
        PolicyName: 'Key',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: statements.map(allow),
        },
      },
    ];
  }
}
