import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDeploymentSettings } from '../../../shared/config/deployment-settings.ts';
import { parseRotations } from '../../../shared/config/rotations-file.ts';
import { organize } from '../../../stack/organization/organize.ts';
import { RESOURCE_TYPES } from '../../../stack/organization/resource-types.ts';
import type { Resource, Template } from '../../../stack/template.ts';
import { type Packaged, packaged } from '../../support/stack/packaged.ts';

/** Types with a property Tags in CloudFormation's own schemas. */
const TAGGABLE = [
  'AWS::CloudWatch::Alarm',
  'AWS::DynamoDB::Table',
  'AWS::Events::Rule',
  'AWS::IAM::Role',
  'AWS::KMS::Key',
  'AWS::Lambda::Function',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::Scheduler::ScheduleGroup',
  'AWS::StepFunctions::StateMachine',
];

const KEY = {
  'Fn::Sub':
    'arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/1234abcd-12ab-34cd-56ef-1234567890ab',
};

/** One by one, what changes the template. */
const SETTINGS = [
  'PermissionsBoundary',
  'RolePath',
  'RoleNamePrefix',
  'Tags',
  'KmsKeyId',
  'LogRetentionInDays',
  'Vpc',
  'Architecture',
];

let run: Packaged;
let plain: Packaged;
let template: Template;
let without: Template;

beforeAll(async () => {
  const sample = await readFile('examples/organization.yml', 'utf8');
  // As many streams as need managed policies.
  const streams = Array.from(
    { length: 100 },
    (_, i) =>
      `  - {StreamName: stream-${i}-with-a-name-of-some-length, KeyIds: [alias/a, alias/b]}\n`,
  );
  const all = sample + streams.join('');
  const args = ['--stage', 'prod', '--region', 'eu-west-1'];
  [run, plain] = await Promise.all([
    packaged(all, args),
    packaged(all.replace(/^Deployment:\n(?: .*\n)+/m, ''), args),
  ]);
  expect(run.output, run.output).toContain('Service packaged');
  template = await run.template();
  without = await plain.template();
});

afterAll(() => Promise.all([run.remove(), plain.remove()]));

const ofType = (type: string, { Resources } = template): [string, Resource][] =>
  Object.entries(Resources).filter(([, { Type }]) => Type === type);

/** The logical IDs that a value refers to. */
function referred(value: unknown): string[] {
  const ids: string[] = [];
  JSON.stringify(value, (key, part) => {
    if (key === 'Ref') ids.push(part);
    if (key === 'Fn::GetAtt') ids.push(part[0]);
    if (key === 'DependsOn') ids.push(...[part].flat());
    if (key === 'Fn::Sub') {
      const names = String(part).matchAll(/\$\{([^}.]+)/g);
      ids.push(...[...names].map(([, name = '']) => name));
    }
    return part;
  });
  return ids.filter((id) => !/^(?:AWS::|!)/.test(id));
}

describe('an organization', () => {
  it('has every type of the template', () => {
    // The key of the topics is in a template without KmsKeyId.
    const types = new Set(
      [template, without]
        .flatMap(({ Resources }) => Object.values(Resources))
        .map(({ Type }) => Type),
    );
    expect(types).toContain('AWS::IAM::ManagedPolicy');
    const known = Object.keys(RESOURCE_TYPES).filter(
      // The packager's own, which is not in this template.
      (type) => !type.startsWith('AWS::S3::'),
    );
    expect([...types].toSorted()).toEqual(known.toSorted());
    const taggable = Object.entries(RESOURCE_TYPES)
      .filter(([, { hasTags }]) => hasTags)
      .map(([type]) => type);
    expect(taggable.toSorted()).toEqual(TAGGABLE.toSorted());
  });

  it('has its tags on every resource that takes tags', () => {
    for (const [id, { Type, Properties }] of Object.entries(
      template.Resources,
    )) {
      expect(Properties.Tags, id).toEqual(
        TAGGABLE.includes(Type)
          ? [
              { Key: 'CostCenter', Value: '4711' },
              { Key: 'Owner', Value: 'platform@example.com' },
            ]
          : undefined,
      );
    }
  });

  it('has its boundary, path and names on every role', () => {
    const roles = ofType('AWS::IAM::Role');
    expect(roles).toHaveLength(19);
    for (const [id, { Properties }] of roles) {
      expect(Properties).toMatchObject({
        PermissionsBoundary: {
          'Fn::Sub':
            'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/boundary',
        },
        Path: '/platform/',
        RoleName: {
          'Fn::Sub': `kinesis-key-rotation-prod-\${AWS::Region}-${id.replace(/Role$/, '')}`,
        },
      });
    }
    const policies = ofType('AWS::IAM::ManagedPolicy');
    for (const [, { Properties }] of policies) {
      expect(Properties.Path).toBe('/platform/');
    }
  });

  it('has its key wherever the stack stores something', () => {
    for (const [, { Properties }] of ofType('AWS::DynamoDB::Table')) {
      expect(Properties.SSESpecification).toEqual({
        SSEEnabled: true,
        SSEType: 'KMS',
        KMSMasterKeyId: KEY,
      });
    }
    expect(ofType('AWS::KMS::Key')).toEqual([]);
    expect(ofType('AWS::SNS::Topic')).toHaveLength(2);
    for (const [, { Properties }] of ofType('AWS::SNS::Topic')) {
      expect(Properties.KmsMasterKeyId).toEqual(KEY);
    }
    for (const [, { Properties }] of ofType('AWS::SQS::Queue')) {
      expect(Properties.KmsMasterKeyId).toEqual(KEY);
      expect(Properties).not.toHaveProperty('SqsManagedSseEnabled');
    }
    expect(ofType('AWS::Logs::LogGroup')).toHaveLength(17);
    for (const [, { Properties }] of ofType('AWS::Logs::LogGroup')) {
      expect(Properties).toMatchObject({
        KmsKeyId: KEY,
        RetentionInDays: 365,
      });
    }
  });

  it('gives Scheduler its key for the dead-letter queue', () => {
    const [, role] =
      ofType('AWS::IAM::Role').find(([id]) => id === 'SchedulerRole') ?? [];
    const Policies = role?.Properties.Policies as {
      PolicyDocument: { Statement: object[] };
    }[];
    expect(
      Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
    ).toContainEqual({
      Sid: 'QueueKey',
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: [KEY],
      Condition: {
        StringLike: {
          'kms:ViaService': { 'Fn::Sub': 'sqs.${AWS::Region}.amazonaws.com*' },
        },
      },
    });
  });

  it('has every function in its VPC, for its architecture', () => {
    const functions = ofType('AWS::Lambda::Function');
    expect(functions).toHaveLength(15);
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({
        VpcConfig: {
          SubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
          SecurityGroupIds: ['sg-0123456789abcdef0'],
        },
        Architectures: ['x86_64'],
      });
    }
  });

  it('publishes other versions, which keep role and VPC', () => {
    const versions = ofType('AWS::Lambda::Version').map(([id]) => id);
    const before = ofType('AWS::Lambda::Version', without).map(([id]) => id);
    expect(versions).toHaveLength(15);
    expect(before.filter((id) => versions.includes(id))).toEqual([]);
    for (const id of before) {
      expect(versions.filter((one) => one.startsWith(id))).toHaveLength(1);
    }
  });

  it('refers to nothing that is not there', () => {
    for (const { Resources, Outputs } of [template, without]) {
      const ids = new Set(referred([Resources, Outputs]));
      expect([...ids].filter((id) => !Resources[id])).toEqual([]);
    }
  });
});

describe('a setting', () => {
  const settingsOf = (sample: string) => parseRotations(sample).Deployment;
  const apply = async (name: string) => {
    const all = settingsOf(await readFile('examples/organization.yml', 'utf8'));
    const one = readDeploymentSettings({
      [name]: all[name as keyof typeof all],
    });
    const copy: Template = structuredClone(without);
    organize(copy, one, 'prod');
    return copy;
  };

  it.each(SETTINGS)(
    '%s changes what it is about, and nothing else',
    async (name) => {
      const changed = await apply(name);
      const full = JSON.stringify(changed);
      expect(full).not.toBe(JSON.stringify(without));
      const others = SETTINGS.filter((one) => one !== name);
      const marks: Record<string, string> = {
        PermissionsBoundary: '"PermissionsBoundary"',
        RolePath: '"/platform/"',
        RoleNamePrefix: '"RoleName"',
        Tags: '"CostCenter"',
        KmsKeyId: '1234abcd-',
        LogRetentionInDays: '"RetentionInDays":365',
        Vpc: '"VpcConfig"',
        Architecture: '"x86_64"',
      };
      expect(full).toContain(marks[name]);
      for (const other of others) expect(full).not.toContain(marks[other]);
    },
  );

  it.each([
    ['Vpc', true],
    ['Architecture', true],
    ['RolePath', true],
    ['RoleNamePrefix', true],
    ['Tags', false],
    ['KmsKeyId', false],
    ['PermissionsBoundary', false],
    ['LogRetentionInDays', false],
  ])('%s publishes versions again: %s', async (name, isPublished) => {
    const ids = (one: Template) =>
      ofType('AWS::Lambda::Version', one).map(([id]) => id);
    const kept = ids(await apply(name)).filter((id) =>
      ids(without).includes(id),
    );
    expect(kept).toHaveLength(isPublished ? 0 : 15);
  });

  it('encrypts the bucket of a deployment', () => {
    const bucket: Template = {
      Resources: { B: { Type: 'AWS::S3::Bucket', Properties: {} } },
    };
    const KmsKeyId =
      'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    organize(bucket, readDeploymentSettings({ KmsKeyId }), 'prod');
    expect(bucket.Resources.B?.Properties.BucketEncryption).toEqual({
      ServerSideEncryptionConfiguration: [
        {
          BucketKeyEnabled: true,
          ServerSideEncryptionByDefault: {
            SSEAlgorithm: 'aws:kms',
            KMSMasterKeyID: KmsKeyId,
          },
        },
      ],
    });
  });

  it('replaces a tag of the same key, and keeps others', () => {
    const Tags = [
      { Key: 'Team', Value: 'a' },
      { Key: 'Other', Value: 'b' },
    ];
    const topic: Template = {
      Resources: { T: { Type: 'AWS::SNS::Topic', Properties: { Tags } } },
    };
    organize(topic, readDeploymentSettings({ Tags: { Team: 'data' } }), 'prod');
    expect(topic.Resources.T?.Properties.Tags).toEqual([
      { Key: 'Other', Value: 'b' },
      { Key: 'Team', Value: 'data' },
    ]);
  });

  it('is never left out of a resource that is not known', () => {
    const unknown = (): Template => ({
      Resources: { Cache: { Type: 'AWS::DAX::Cluster', Properties: {} } },
    });
    expect(() =>
      organize(unknown(), readDeploymentSettings({ RolePath: '/a/' }), 'prod'),
    ).toThrow(
      'Deployment: Cache of serverless.yml is a AWS::DAX::Cluster, for which RolePath may be missing; add the type to stack/organization/resource-types.ts',
    );
    expect(() =>
      organize(unknown(), readDeploymentSettings({}), 'prod'),
    ).not.toThrow();
  });
});

describe('the packaged template', () => {
  it('has the archives as files beside it', () => {
    const functions = ofType('AWS::Lambda::Function', without);
    expect(functions).toHaveLength(15);
    for (const [id, { Properties }] of functions) {
      expect(Properties.Code).toBe(id.replace('LambdaFunction', '.zip'));
      expect(existsSync(join(plain.directory, String(Properties.Code)))).toBe(
        true,
      );
    }
  });

  it('has no bucket of the packager', () => {
    expect(JSON.stringify(without)).not.toMatch(/DeploymentBucket|AWS::S3/);
    expect(Object.keys(without.Outputs ?? {})).toContain('StateMachineArn');
  });

  it('has resources and outputs in the order of their logical IDs', () => {
    for (const map of [without.Resources, without.Outputs ?? {}]) {
      expect(Object.keys(map)).toEqual(Object.keys(map).toSorted());
    }
  });
});
