import { describe, expect, it } from 'vitest';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import { isAllowed } from '../../support/iam/authorize.ts';
import {
  functionRights,
  rolePolicies,
} from '../../support/iam/role-policies.ts';

const ENTRIES: RotationsStream[] = [
  { StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] },
];
const ID = '12345678-1234-1234-1234-123456789012';
const KEY = `arn:aws:kms:us-east-1:000000000000:key/${ID}`;
const OTHER_KEY = KEY.replace('12345678-', '99999999-');

/** What the caller of a service asks KMS for, where the resource has a key. */
const CALLS: Record<string, { on: string; actions: string[] }> = {
  dynamodb: {
    on: 'dynamodb:',
    actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'],
  },
  sns: { on: 'sns:Publish', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
  sqs: {
    on: 'sqs:SendMessage',
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
  },
};

const withKey = rolePolicies(ENTRIES, { KmsKeyId: ID });
const without = rolePolicies(ENTRIES);

const actionsOf = (name: string): string[] =>
  JSON.stringify(withKey.get(name)).match(/"[a-z0-9]+:[A-Za-z*]+"/g) ?? [];

const may = (
  policies: typeof withKey,
  role: string,
  action: string,
  service: string,
  resource = KEY,
) =>
  isAllowed(
    {
      role,
      action,
      resource,
      context: { 'kms:ViaService': `${service}.us-east-1.amazonaws.com` },
    },
    policies.get(role) ?? [],
  );

describe('the rights on the key of the deployment', () => {
  const cases = Object.keys(functionRights()).flatMap((name) =>
    Object.entries(CALLS).map(([service, { on, actions }]) => {
      const uses = actionsOf(name).some((action) =>
        action.startsWith(`"${on}`),
      );
      return { name, service, actions, uses };
    }),
  );

  it.each(cases)('$name has them for $service: $uses', async (given) => {
    const { name, service, actions, uses } = given;
    for (const action of actions) {
      expect(await may(withKey, name, action, service), action).toBe(uses);
      expect(await may(without, name, action, service), action).toBe(false);
    }
  });

  it('are for that key, through the service that stores with it', async () => {
    const name = 'PublishOutcome';
    expect(await may(withKey, name, 'kms:Decrypt', 'sns')).toBe(true);
    expect(await may(withKey, name, 'kms:Decrypt', 's3')).toBe(false);
    expect(await may(withKey, name, 'kms:Decrypt', 'sns', OTHER_KEY)).toBe(
      false,
    );
  });
});

describe('the rights on the key of the topics', () => {
  const topicKey = KEY.replace(ID, 'topics');

  it.each(Object.keys(functionRights()))(
    'are with %s if it publishes',
    async (name) => {
      const publishes = actionsOf(name).includes('"sns:Publish"');
      for (const action of CALLS.sns?.actions ?? []) {
        expect(await may(without, name, action, 'sns', topicKey)).toBe(
          publishes,
        );
        expect(await may(without, name, action, 'sqs', topicKey)).toBe(false);
        expect(await may(withKey, name, action, 'sns', topicKey)).toBe(false);
      }
    },
  );
});

describe('the rights for a VPC', () => {
  const Vpc = { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] };
  const inVpc = rolePolicies(ENTRIES, { Vpc });
  const mayConnect = (
    policies: typeof inVpc,
    role: string,
    context: Record<string, string> = {},
  ) =>
    isAllowed(
      {
        role,
        action: 'ec2:DeleteNetworkInterface',
        resource: 'arn:aws:ec2:us-east-1:000000000000:network-interface/eni-1',
        context,
      },
      policies.get(role) ?? [],
    );

  it.each(Object.keys(functionRights()))('are with %s', async (name) => {
    expect(await mayConnect(inVpc, name)).toBe(true);
    expect(await mayConnect(without, name)).toBe(false);
  });

  it("are not those of the function's code", async () => {
    const context = {
      'lambda:SourceFunctionArn':
        'arn:aws:lambda:us-east-1:000000000000:function:PlanRotation',
    };
    expect(await mayConnect(inVpc, 'PlanRotation', context)).toBe(false);
  });
});
