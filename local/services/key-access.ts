import { randomUUID } from 'node:crypto';
import { readArn } from '../../shared/identifiers/arn.ts';
import { isObject, parseJson } from '../../shared/json.ts';
import type { Input, Output } from './json-service.ts';
import type { KeyStore } from './key-store.ts';
import { KmsError, type StoredGrant, type StoredKey } from './stored-key.ts';

type Operation = (store: KeyStore, input: Input) => Output;

/**
 * The operations of KMS on key policies and grants. Nothing here is enforced: the
 * embedded AWS lets every caller use every key.
 *
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
 */
export const ACCESS_OPERATIONS: Record<string, Operation> = {
  GetKeyPolicy: (store, input) => {
    const key = keyOf(store, input);
    const { Policy = defaultPolicy(key) } = store.access(key.Arn);
    return { Policy, PolicyName: 'default' };
  },
  PutKeyPolicy: (store, input) => {
    const key = keyOf(store, input);
    const policy = parseJson(String(input.Policy));
    if (!isObject(policy) || !('Statement' in policy)) {
      throw new KmsError(
        'MalformedPolicyDocumentException',
        'The new key policy is not a policy.',
      );
    }
    store.setAccess(key.Arn, { Policy: String(input.Policy) });
    return undefined;
  },
  CreateGrant: (store, input) => {
    const { Arn, AWSAccountId } = keyOf(store, input);
    const { GranteePrincipal, Operations, Name, Constraints } = input as Input &
      Partial<StoredGrant>;
    if (GranteePrincipal === undefined || !Array.isArray(Operations)) {
      throw new KmsError('ValidationException', 'A required field is missing');
    }
    const GrantId = randomUUID().replaceAll('-', '').padEnd(64, '0');
    const grant: StoredGrant = {
      KeyId: Arn,
      GrantId,
      GranteePrincipal,
      IssuingAccount: `arn:aws:iam::${AWSAccountId}:root`,
      CreationDate: Math.floor(Date.now() / 1000),
      Operations,
      ...(Name && { Name }),
      ...(Constraints && { Constraints }),
    };
    const { Grants = [] } = store.access(Arn);
    store.setAccess(Arn, { Grants: [...Grants, grant] });
    return { GrantId, GrantToken: GrantId };
  },
  ListGrants: (store, input) => {
    const { Arn } = keyOf(store, input);
    const { Grants = [] } = store.access(Arn);
    const { GranteePrincipal: only, Marker, Limit = 50 } = input;
    const all = Grants.filter(
      (grant) => only === undefined || grant.GranteePrincipal === only,
    );
    const from = Number(Marker ?? 0);
    const to = from + Number(Limit);
    const isTruncated = to < all.length;
    return {
      Grants: all.slice(from, to),
      Truncated: isTruncated,
      ...(isTruncated && { NextMarker: String(to) }),
    };
  },
  RevokeGrant: (store, input) => {
    const { Arn } = keyOf(store, input);
    const { Grants = [] } = store.access(Arn);
    const left = Grants.filter(({ GrantId }) => GrantId !== input.GrantId);
    if (left.length === Grants.length) {
      throw new KmsError('NotFoundException', 'Grant ID not found');
    }
    store.setAccess(Arn, { Grants: left });
    return undefined;
  },
};

/** These operations take no alias. */
function keyOf(store: KeyStore, { KeyId }: Input): StoredKey {
  const keyId = String(KeyId);
  if (!keyId.includes('alias/')) return store.get(keyId);
  throw new KmsError('InvalidArnException', `${keyId} is not a key ID or ARN`);
}

/** What KMS gives a key without a policy of its own, and alias/aws/kinesis. */
function defaultPolicy({ KeyManager, Arn, AWSAccountId }: StoredKey): string {
  const { region, partition } = readArn(Arn);
  const Statement =
    KeyManager === 'CUSTOMER'
      ? {
          Sid: 'Enable IAM User Permissions',
          Effect: 'Allow',
          Principal: { AWS: `arn:${partition}:iam::${AWSAccountId}:root` },
          Action: 'kms:*',
          Resource: '*',
        }
      : {
          Sid: 'Allow access through Kinesis for all principals in the account that are authorized to use Kinesis',
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
          Resource: '*',
          Condition: {
            StringEquals: {
              'kms:CallerAccount': AWSAccountId,
              'kms:ViaService': `kinesis.${region}.amazonaws.com`,
            },
          },
        };
  return JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
}
