/** The stage of the policies in examples/iam. */
export const STACK = 'kinesis-key-rotation-prod';

export const arn = (service: string, resource: string) =>
  `arn:aws:${service}:us-east-1:000000000000:${resource}`;

/** IAM actions of a service, whose names spaces separate. */
export const actionsOf = (service: string, names: string) =>
  names.split(' ').map((name) => `${service}:${name}`);

/** A role of the stage. */
export const role = `arn:aws:iam::000000000000:role/${STACK}-ReserveQuotaRole-1A2B`;
/** The deployment bucket, in whose name CloudFormation shortens that of the stack. */
export const bucket = `arn:aws:s3:::${STACK.slice(0, 23)}-serverlessdeploymentbucket-1a2b`;
const logGroup = (name: string) => arn('logs', `log-group:${name}`);

interface Managed {
  /** By which an example of the resource is named. */
  resources: string[];
  /** That CloudFormation calls to create, read, update and delete it. */
  actions: string[];
  /** Condition keys of the calls. */
  context?: Record<string, string>;
}

/**
 * As the public schemas of the resource types list them, without the features that the
 * template does not use.
 */
export const MANAGED: Record<string, Managed> = {
  'AWS::CloudWatch::Alarm': {
    resources: [arn('cloudwatch', `alarm:${STACK}-drift-orders`)],
    actions: actionsOf(
      'cloudwatch',
      'PutMetricAlarm DescribeAlarms DeleteAlarms TagResource UntagResource ListTagsForResource',
    ),
  },
  'AWS::CloudWatch::Dashboard': {
    resources: [`arn:aws:cloudwatch::000000000000:dashboard/${STACK}`],
    actions: actionsOf(
      'cloudwatch',
      'PutDashboard GetDashboard DeleteDashboards TagResource UntagResource ListTagsForResource',
    ),
  },
  'AWS::DynamoDB::Table': {
    resources: [arn('dynamodb', `table/${STACK}-LedgerTable-1A2B`)],
    actions: actionsOf(
      'dynamodb',
      'CreateTable DescribeTable UpdateTable DeleteTable DescribeContinuousBackups UpdateContinuousBackups DescribeTimeToLive UpdateTimeToLive DescribeContributorInsights DescribeKinesisStreamingDestination GetResourcePolicy TagResource UntagResource ListTagsOfResource',
    ),
  },
  'AWS::Events::Rule': {
    resources: [arn('events', `rule/${STACK}-settle`)],
    actions: actionsOf(
      'events',
      'PutRule DescribeRule DeleteRule PutTargets RemoveTargets ListTargetsByRule TagResource UntagResource ListTagsForResource',
    ),
  },
  'AWS::IAM::ManagedPolicy': {
    resources: [
      `arn:aws:iam::000000000000:policy/${STACK}-PlanRotationPolicy1-1A2B`,
    ],
    actions: actionsOf(
      'iam',
      'CreatePolicy GetPolicy GetPolicyVersion CreatePolicyVersion DeletePolicyVersion ListPolicyVersions ListEntitiesForPolicy DeletePolicy',
    ),
  },
  'AWS::IAM::Role': {
    resources: [role],
    actions: actionsOf(
      'iam',
      'CreateRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies PutRolePermissionsBoundary DeleteRolePermissionsBoundary TagRole UntagRole ListRoleTags',
    ),
  },
  'AWS::KMS::Key': {
    resources: [arn('kms', 'key/12345678-1234-1234-1234-123456789012')],
    actions: actionsOf(
      'kms',
      'DescribeKey DisableKey DisableKeyRotation EnableKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags PutKeyPolicy ScheduleKeyDeletion TagResource UntagResource UpdateKeyDescription',
    ),
    context: { 'aws:ResourceTag/Stack': STACK },
  },
  'AWS::Lambda::EventInvokeConfig': {
    resources: [arn('lambda', `function:${STACK}-SettleFailure`)],
    actions: actionsOf(
      'lambda',
      'PutFunctionEventInvokeConfig GetFunctionEventInvokeConfig UpdateFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig',
    ),
  },
  'AWS::Lambda::Function': {
    resources: [arn('lambda', `function:${STACK}-SettleFailure`)],
    actions: actionsOf(
      'lambda',
      'CreateFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration DeleteFunction GetFunctionCodeSigningConfig GetFunctionRecursionConfig GetFunctionScalingConfig GetRuntimeManagementConfig TagResource UntagResource ListTags',
    ),
  },
  'AWS::Lambda::Permission': {
    resources: [arn('lambda', `function:${STACK}-SettleFailure`)],
    actions: actionsOf('lambda', 'AddPermission GetPolicy RemovePermission'),
  },
  'AWS::Lambda::Version': {
    resources: [
      arn('lambda', `function:${STACK}-SettleFailure`),
      arn('lambda', `function:${STACK}-SettleFailure:7`),
    ],
    actions: actionsOf(
      'lambda',
      'PublishVersion ListVersionsByFunction GetFunctionConfiguration DeleteFunction',
    ),
  },
  'AWS::Logs::LogGroup': {
    resources: [
      logGroup(`/aws/lambda/${STACK}-SettleFailure`),
      logGroup(`/aws/vendedlogs/states/${STACK}-rotate-stream`),
    ],
    actions: actionsOf(
      'logs',
      'CreateLogGroup DescribeLogGroups PutRetentionPolicy DeleteRetentionPolicy DeleteLogGroup GetDataProtectionPolicy TagResource UntagResource ListTagsForResource',
    ),
  },
  'AWS::S3::Bucket': {
    resources: [bucket],
    actions: actionsOf(
      's3',
      'CreateBucket ListBucket DeleteBucket PutEncryptionConfiguration GetEncryptionConfiguration PutBucketPublicAccessBlock GetBucketPublicAccessBlock PutBucketTagging GetBucketTagging',
    ),
  },
  'AWS::S3::BucketPolicy': {
    resources: [bucket],
    actions: actionsOf(
      's3',
      'PutBucketPolicy GetBucketPolicy DeleteBucketPolicy',
    ),
  },
  'AWS::SNS::Topic': {
    resources: [arn('sns', STACK), arn('sns', `${STACK}-failures`)],
    actions: actionsOf(
      'sns',
      'CreateTopic GetTopicAttributes SetTopicAttributes DeleteTopic GetDataProtectionPolicy ListSubscriptionsByTopic TagResource UntagResource ListTagsForResource',
    ),
  },
  'AWS::SNS::TopicPolicy': {
    resources: [arn('sns', STACK), arn('sns', `${STACK}-failures`)],
    actions: actionsOf('sns', 'SetTopicAttributes GetTopicAttributes'),
  },
  'AWS::SQS::Queue': {
    resources: [arn('sqs', `${STACK}-dead-letters`)],
    actions: actionsOf(
      'sqs',
      'CreateQueue GetQueueUrl GetQueueAttributes SetQueueAttributes DeleteQueue TagQueue UntagQueue ListQueueTags',
    ),
  },
  'AWS::SQS::QueuePolicy': {
    resources: [arn('sqs', `${STACK}-dead-letters`)],
    actions: actionsOf(
      'sqs',
      'SetQueueAttributes GetQueueAttributes GetQueueUrl',
    ),
  },
  'AWS::Scheduler::Schedule': {
    resources: [arn('scheduler', `schedule/${STACK}/rotate-orders`)],
    actions: actionsOf(
      'scheduler',
      'CreateSchedule GetSchedule UpdateSchedule DeleteSchedule',
    ),
  },
  'AWS::Scheduler::ScheduleGroup': {
    resources: [arn('scheduler', `schedule-group/${STACK}`)],
    actions: actionsOf(
      'scheduler',
      'CreateScheduleGroup GetScheduleGroup DeleteScheduleGroup TagResource UntagResource ListTagsForResource',
    ),
  },
  'AWS::StepFunctions::StateMachine': {
    resources: [
      arn('states', `stateMachine:${STACK}-rotate-stream`),
      arn('states', `stateMachine:${STACK}-rotate-fleet`),
    ],
    actions: actionsOf(
      'states',
      'CreateStateMachine DescribeStateMachine UpdateStateMachine DeleteStateMachine TagResource UntagResource ListTagsForResource',
    ),
  },
};
