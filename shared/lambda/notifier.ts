import {
  type EventBridgeClient,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import type { Outcome } from '../contract/outcome.ts';
import { eventBridgeClient } from './clients.ts';
import { logger } from './logger.ts';

/** Publishes how a rotation ended. */
export interface Notifier {
  publish: (outcome: Outcome) => Promise<void>;
}

/** Publishes nothing, where there is no event bus. */
export const NO_NOTIFIER: Notifier = { publish: async () => {} };

/**
 * Puts an outcome on an event bus: `source: kinesis-key-rotation`, detail-type
 * `Rotation Succeeded` or `Rotation Failed`, detail = outcome. A rotation that
 * cannot be published has still ended with its outcome, so this never throws.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export function eventBusNotifier(
  client: EventBridgeClient,
  eventBusName: string,
): Notifier {
  return {
    publish: async (outcome) => {
      const { Status, StreamARN, RotationId } = outcome;
      try {
        const { Entries = [] } = await client.send(
          new PutEventsCommand({
            Entries: [
              {
                EventBusName: eventBusName,
                Source: 'kinesis-key-rotation',
                DetailType:
                  Status === 'SUCCEEDED'
                    ? 'Rotation Succeeded'
                    : 'Rotation Failed',
                Resources: [RotationId, ...(StreamARN ? [StreamARN] : [])],
                Detail: JSON.stringify(outcome),
              },
            ],
          }),
        );
        const [{ ErrorCode, ErrorMessage } = {}] = Entries;
        if (ErrorCode) throw new Error(`${ErrorCode}: ${ErrorMessage}`);
      } catch (error) {
        logger.error('The outcome could not be put on the event bus', {
          EventBusName: eventBusName,
          Cause: String(error),
        });
      }
    },
  };
}

/** The notifier for the bus of `EVENT_BUS_NAME`; without it, one that does nothing. */
export function notifier(): Notifier {
  const { EVENT_BUS_NAME } = process.env;
  return EVENT_BUS_NAME
    ? eventBusNotifier(eventBridgeClient(), EVENT_BUS_NAME)
    : NO_NOTIFIER;
}
