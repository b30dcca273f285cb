import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import type { RightsSettings } from '../../../stack/organization/rights.ts';
import { type Rights, roles } from '../../../stack/roles.ts';

export interface Policy {
  name: string;
  policy: object;
}

/** What CloudFormation would put in for the embedded AWS. */
const PSEUDO: Record<string, string> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '000000000000',
};
const REFERENCES: Record<string, string> = {
  RotateStreamStateMachine:
    'arn:aws:states:us-east-1:000000000000:stateMachine:rotate-stream',
  NotificationTopic: 'arn:aws:sns:us-east-1:000000000000:outcomes',
  FailureTopic: 'arn:aws:sns:us-east-1:000000000000:failures',
};
const ATTRIBUTES: Record<string, string> = {
  // A test's ledger has a table of its own.
  LedgerTable: 'arn:aws:dynamodb:us-east-1:000000000000:table/*',
  TopicKey: 'arn:aws:kms:us-east-1:000000000000:key/topics',
  DeadLetterQueue: 'arn:aws:sqs:us-east-1:000000000000:dead-letters',
};

/** `custom.rights` of serverless.yml. */
export function functionRights(): Rights {
  const yaml = readFileSync('serverless.yml', 'utf8');
  const tags = ['!Sub', '!Ref', '!GetAtt'].map((tag) => ({
    tag,
    resolve: (text: string) => text,
  }));
  return parse(yaml, { customTags: tags, logLevel: 'silent' }).custom.rights;
}

/**
 * The identity policies of every function's role, as they are packaged for these
 * streams, with intrinsics resolved for the embedded AWS.
 *
 * @returns by the name of the function
 */
export function rolePolicies(
  entries: readonly RotationsStream[],
  settings: RightsSettings = {},
): Map<string, Policy[]> {
  const rights = functionRights();
  const resources = resolved(
    roles(rights, entries, 'dev', settings),
  ) as ReturnType<typeof roles>;
  return new Map(
    Object.keys(rights).map((name) => {
      const role = resources[`${name}Role`] as { Properties: unknown };
      const { Policies, ManagedPolicyArns = [] } = role.Properties as {
        Policies: { PolicyDocument: object }[];
        ManagedPolicyArns?: { Ref: string }[];
      };
      const managed = ManagedPolicyArns.map(
        ({ Ref }) => resources[Ref]?.Properties as { PolicyDocument: object },
      );
      return [
        name,
        [...Policies, ...managed].map(({ PolicyDocument }, at) => ({
          name: `${name}-${at}`,
          policy: PolicyDocument,
        })),
      ];
    }),
  );
}

function resolved(template: unknown): unknown {
  return JSON.parse(JSON.stringify(template), (_, value) => {
    const text = value?.['Fn::Sub'];
    if (typeof text === 'string') {
      return text.replace(/\$\{([^}]+)\}/g, (_, name) => PSEUDO[name] ?? name);
    }
    const referred = REFERENCES[value?.Ref];
    if (referred !== undefined) return referred;
    const [id] = value?.['Fn::GetAtt'] ?? [];
    return id === undefined ? value : ATTRIBUTES[id];
  });
}
