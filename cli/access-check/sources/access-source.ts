import {
  GetKeyPolicyCommand,
  type GrantListEntry,
  type KMSClient,
  paginateListGrants,
} from '@aws-sdk/client-kms';
import type { LostStatement } from '../access-report.ts';
import type { IdentityAnswer } from '../principal-verdict.ts';
import { type Answer, ask } from './answer.ts';

/** A consumer that reads a stream with a role of its own. */
export interface FoundReader {
  roleArn: string;
  /** For people, as `Lambda function orders-reader`. */
  source: string;
}

export interface FoundReaders {
  readers: FoundReader[];
  /** What was looked for and is unknown, for people. */
  notChecked: string[];
}

/** What IAM, Access Analyzer and the consumers of a stream say. */
export interface IamSource {
  /** Which statements of the candidate the existing policy does not allow. */
  comparePolicies: (
    existing: string,
    candidate: string,
  ) => Promise<
    Answer<{ isSame: boolean; message: string; reasons: LostStatement[] }>
  >;
  simulate: (
    roleArn: string,
    action: string,
    keyArn: string,
    context: Readonly<Record<string, string>>,
  ) => Promise<Answer<IdentityAnswer>>;
  findReaders: (streamArn: string) => Promise<FoundReaders>;
  destroy: () => void;
}

/** Where a check has its facts from. The answers of a key are asked for once. */
export interface AccessSource {
  policyOf: (keyArn: string) => Promise<Answer<string>>;
  grantsOf: (keyArn: string) => Promise<Answer<GrantListEntry[]>>;
  /** Or why IAM cannot be asked at all. */
  iam: Answer<IamSource>;
}

/** Reads the policies and the grants of keys by the caller's own rights. */
export function accessSource(
  kms: KMSClient,
  iam: Answer<IamSource>,
): AccessSource {
  return {
    policyOf: remembered((keyArn) => readPolicy(kms, keyArn)),
    grantsOf: remembered((keyArn) => listGrants(kms, keyArn)),
    iam,
  };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html */
function readPolicy(kms: KMSClient, keyArn: string): Promise<Answer<string>> {
  return ask(`kms:GetKeyPolicy on ${keyArn}`, async (abortSignal) => {
    const { Policy } = await kms.send(
      new GetKeyPolicyCommand({ KeyId: keyArn, PolicyName: 'default' }),
      { abortSignal },
    );
    if (Policy === undefined) throw new Error('it answered without a policy');
    return Policy;
  });
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html */
function listGrants(
  client: KMSClient,
  KeyId: string,
): Promise<Answer<GrantListEntry[]>> {
  return ask(`kms:ListGrants on ${KeyId}`, async (abortSignal) => {
    const grants: GrantListEntry[] = [];
    const pages = paginateListGrants(
      { client },
      { KeyId, Limit: 100 },
      { abortSignal },
    );
    for await (const { Grants = [] } of pages) grants.push(...Grants);
    return grants;
  });
}

/** Asks once for each key, also while the first answer is on its way. */
function remembered<T>(
  read: (key: string) => Promise<T>,
): (key: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (key) => {
    const answer = answers.get(key) ?? read(key);
    answers.set(key, answer);
    return answer;
  };
}
