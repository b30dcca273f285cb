import { parseKeyId } from '../../shared/identifiers/key-id.ts';
import type { Statement } from '../policies.ts';
import { arnOf, ownArn, sub } from '../template.ts';

/** The key of the topics, of a deployment without KmsKeyId. */
export const TOPIC_KEY = 'TopicKey';

/** The ARN of the key that KmsKeyId names, for CloudFormation. */
export function keyArn(keyId: string): unknown {
  const parts = parseKeyId(keyId);
  return parts?.account ? keyId : sub(ownArn('kms', `key/${keyId}`));
}

/** The rights on the key that a caller of an encrypted resource needs. */
interface Use {
  Sid: string;
  /** Actions that use the resource. */
  by: (action: string) => boolean;
  service: string;
  Action: string[];
}

/**
 * DynamoDB opens the key of a table for its caller, SNS and SQS make a data key for
 * the sender.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
 */
const USES: Use[] = [
  {
    Sid: 'LedgerKey',
    by: (action) => action.startsWith('dynamodb:'),
    service: 'dynamodb',
    Action: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
  },
  {
    Sid: 'TopicKey',
    by: (action) => action === 'sns:Publish',
    service: 'sns',
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
  },
  {
    Sid: 'QueueKey',
    by: (action) => action === 'sqs:SendMessage',
    service: 'sqs',
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
  },
];

/**
 * The rights on the deployment's key, or on that of its topics, that go with rights on
 * what it encrypts: only through the service that the resource belongs to.
 *
 * @param actions of the role
 */
export function keyStatements(
  keyId: string | undefined,
  actions: readonly string[],
): Statement[] {
  const key = keyId === undefined ? arnOf(TOPIC_KEY) : keyArn(keyId);
  const uses =
    keyId === undefined
      ? USES.filter(({ service }) => service === 'sns')
      : USES;
  return uses
    .filter(({ by }) => actions.some(by))
    .map(({ Sid, service, Action }) => ({
      Sid,
      Action,
      Resource: [key],
      Condition: {
        // In China the name goes on with .cn.
        StringLike: {
          'kms:ViaService': sub(`${service}.\${AWS::Region}.amazonaws.com*`),
        },
      },
    }));
}
