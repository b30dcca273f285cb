import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { snsClient } from '../../shared/lambda/clients.ts';
import { taskHandler } from '../../shared/lambda/handler.ts';
import { logger } from '../../shared/lambda/logger.ts';
import type { TopicMessage } from '../../shared/notification/message-text.ts';
import {
  outcomeMessage,
  outcomeOf,
} from '../../shared/notification/outcome-message.ts';
import {
  isRiskEvent,
  riskMessage,
  riskOf,
} from '../../shared/notification/risk-message.ts';
import { RUNBOOK } from '../../shared/notification/runbook.ts';

interface Dependencies {
  sns: SNSClient;
  /** ARNs of the topics that receive every outcome. */
  topics: string[];
  /** ARNs of the topics that receive failures, warnings and keys at risk. */
  failureTopics: string[];
  stage: string;
  /** The page of the runbook, a path or a URL. */
  runbook: string;
}

export interface PublishedOutcome {
  Status: 'SUCCEEDED';
  /** Which topics have the message. */
  TopicArns: string[];
  Message: TopicMessage;
}

/**
 * Publishes an outcome to the topics, with a text for mail, one for chat and the JSON
 * for programs. Takes the event that the notifier put on the bus. A failed outcome, one
 * with a warning, and keys at risk go to the topics of failures as well. A second call
 * publishes again.
 *
 * @throws InvalidRequest for another event, and SNS's own errors
 * @see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function createPublishOutcome(dependencies: Dependencies) {
  const { sns, topics, failureTopics, stage, runbook } = dependencies;
  return taskHandler(async (event: unknown): Promise<PublishedOutcome> => {
    if (isRiskEvent(event)) {
      const risk = riskOf(event);
      const Message = riskMessage(risk, { stage, runbook });
      const TopicArns = [...failureTopics, ...topics];
      await publish(sns, TopicArns, Message);
      const { StreamName } = risk;
      logger.info('Keys at risk published', { StreamName, TopicArns });
      return { Status: 'SUCCEEDED', TopicArns, Message };
    }
    const outcome = outcomeOf(event);
    const { RotationId, Status } = outcome;
    const Message = outcomeMessage(outcome, { stage, runbook });
    const isBad = outcome.Status === 'FAILED' || outcome.Warning !== undefined;
    const TopicArns = [...(isBad ? failureTopics : []), ...topics];
    await publish(sns, TopicArns, Message);
    logger.info('Outcome published', { RotationId, Status, TopicArns });
    return { Status: 'SUCCEEDED', TopicArns, Message };
  });
}

async function publish(
  sns: SNSClient,
  topicArns: string[],
  message: TopicMessage,
): Promise<void> {
  for (const TopicArn of topicArns) {
    await sns.send(
      new PublishCommand({
        TopicArn,
        Subject: message.Subject,
        MessageStructure: 'json',
        Message: JSON.stringify({
          default: message.Json,
          email: message.Email,
          // Chat subscribes by HTTPS.
          https: JSON.stringify(message.Chat),
        }),
      }),
    );
  }
}

const topic = (arn: string | undefined) => (arn ? [arn] : []);

export const handler = createPublishOutcome({
  sns: snsClient(),
  topics: topic(process.env.TOPIC_ARN),
  failureTopics: topic(process.env.FAILURE_TOPIC_ARN),
  stage: process.env.STAGE || 'local',
  runbook: process.env.RUNBOOK || RUNBOOK,
});
