import type { DeploymentSettings } from '../../shared/config/deployment-settings.ts';
import { sub } from '../template.ts';
import { keyArn } from './key.ts';
import { roleName } from './role-name.ts';

/** Properties that settings add to a resource, or replace. */
type Properties = (
  settings: DeploymentSettings,
  role: { id: string; stage: string },
) => Record<string, unknown>;

interface ResourceType {
  /** Whether CloudFormation has Tags for it, a list of Key and Value. */
  hasTags: boolean;
  properties?: Properties;
}

/**
 * Every type of the template, by what an organization enforces on it.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
 */
export const RESOURCE_TYPES: Record<string, ResourceType> = {
  'AWS::CloudWatch::Alarm': { hasTags: true },
  'AWS::CloudWatch::Dashboard': { hasTags: false },
  'AWS::DynamoDB::Table': { hasTags: true, properties: tableProperties },
  'AWS::Events::Rule': { hasTags: true },
  'AWS::IAM::ManagedPolicy': { hasTags: false, properties: pathProperty },
  'AWS::IAM::Role': { hasTags: true, properties: roleProperties },
  'AWS::KMS::Key': { hasTags: true },
  'AWS::Lambda::EventInvokeConfig': { hasTags: false },
  'AWS::Lambda::Function': { hasTags: true, properties: functionProperties },
  'AWS::Lambda::Permission': { hasTags: false },
  'AWS::Lambda::Version': { hasTags: false },
  'AWS::Logs::LogGroup': { hasTags: true, properties: logGroupProperties },
  'AWS::S3::Bucket': { hasTags: true, properties: bucketProperties },
  'AWS::S3::BucketPolicy': { hasTags: false },
  'AWS::SNS::Topic': { hasTags: true, properties: topicProperties },
  'AWS::SNS::TopicPolicy': { hasTags: false },
  'AWS::SQS::Queue': { hasTags: true, properties: queueProperties },
  'AWS::SQS::QueuePolicy': { hasTags: false },
  'AWS::Scheduler::Schedule': { hasTags: false },
  'AWS::Scheduler::ScheduleGroup': { hasTags: true },
  'AWS::StepFunctions::StateMachine': { hasTags: true },
};

function pathProperty({ RolePath }: DeploymentSettings) {
  return RolePath === undefined ? {} : { Path: RolePath };
}

function roleProperties(
  settings: DeploymentSettings,
  { id, stage }: { id: string; stage: string },
) {
  const { PermissionsBoundary, RoleNamePrefix } = settings;
  return {
    ...(PermissionsBoundary && {
      PermissionsBoundary: policyArn(PermissionsBoundary),
    }),
    ...(RoleNamePrefix && {
      RoleName: sub(roleName(RoleNamePrefix, stage, id)),
    }),
    ...pathProperty(settings),
  };
}

const policyArn = (policy: string) =>
  policy.startsWith('arn:')
    ? policy
    : sub(`arn:\${AWS::Partition}:iam::\${AWS::AccountId}:policy/${policy}`);

function functionProperties({ Vpc, Architecture }: DeploymentSettings) {
  return {
    ...(Vpc && { VpcConfig: Vpc }),
    ...(Architecture && { Architectures: [Architecture] }),
  };
}

function logGroupProperties(settings: DeploymentSettings) {
  const { LogRetentionInDays, KmsKeyId } = settings;
  return {
    ...(LogRetentionInDays && { RetentionInDays: LogRetentionInDays }),
    ...(KmsKeyId && { KmsKeyId: keyArn(KmsKeyId) }),
  };
}

function tableProperties({ KmsKeyId }: DeploymentSettings) {
  if (KmsKeyId === undefined) return {};
  const SSESpecification = {
    SSEEnabled: true,
    SSEType: 'KMS',
    KMSMasterKeyId: keyArn(KmsKeyId),
  };
  return { SSESpecification };
}

function topicProperties({ KmsKeyId }: DeploymentSettings) {
  return KmsKeyId === undefined ? {} : { KmsMasterKeyId: keyArn(KmsKeyId) };
}

/** A queue with a key has no SqsManagedSseEnabled. */
function queueProperties(settings: DeploymentSettings) {
  return settings.KmsKeyId === undefined
    ? {}
    : { ...topicProperties(settings), SqsManagedSseEnabled: undefined };
}

/** One data key for many objects, which costs fewer calls of KMS. */
function bucketProperties({ KmsKeyId }: DeploymentSettings) {
  if (KmsKeyId === undefined) return {};
  const ServerSideEncryptionByDefault = {
    SSEAlgorithm: 'aws:kms',
    KMSMasterKeyID: keyArn(KmsKeyId),
  };
  return {
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        { BucketKeyEnabled: true, ServerSideEncryptionByDefault },
      ],
    },
  };
}
