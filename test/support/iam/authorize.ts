import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { Policy } from './role-policies.ts';

/** Of every key that has none of its own, as KMS makes it. */
const DEFAULT_KEY_POLICY = (account: string) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
});

/** The evaluator knows an encryption context only as its reference page spells it. */
const CONTEXT = 'kms:EncryptionContext:aws:kinesis:arn';
const EVALUATED = 'kms:EncryptionContext:${EncryptionContextKey}';

export interface Call {
  /** The function that calls, or for which Kinesis does. */
  role: string;
  /** An IAM action. */
  action: string;
  /** An ARN. */
  resource: string;
  context?: Record<string, string | string[]>;
  keyPolicy?: object | undefined;
}

/** Whether IAM would allow a call under the policies of a role. */
export async function isAllowed(
  { role, action, resource, context = {}, keyPolicy }: Call,
  policies: readonly Policy[],
): Promise<boolean> {
  const principal = `arn:aws:iam::000000000000:role/${role}`;
  const accountId = resource.split(':')[4] || '000000000000';
  const rename = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value).replaceAll(CONTEXT, EVALUATED));
  const resourcePolicy = action.startsWith('kms:')
    ? rename(keyPolicy ?? DEFAULT_KEY_POLICY(accountId))
    : undefined;
  const answer = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId },
        contextVariables: rename({ 'aws:PrincipalArn': principal, ...context }),
      },
      identityPolicies: policies.map(rename),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy && { resourcePolicy }),
    },
    {},
  );
  if (answer.resultType === 'error') {
    throw new Error(`${action} on ${resource}: ${answer.errors.message}`);
  }
  return answer.overallResult === 'Allowed';
}
