import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import type { Outcome } from '../contract/outcome.ts';
import { type KeyRisk, RISK_EVENT } from '../guard/needed-key.ts';
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
      await putEvent(client, 'The outcome could not be put on the event bus', {
        EventBusName: eventBusName,
        DetailType:
          Status === 'SUCCEEDED' ? 'Rotation Succeeded' : 'Rotation Failed',
        Resources: [RotationId, ...(StreamARN ? [StreamARN] : [])],
        Detail: JSON.stringify(outcome),
      });
    },
  };
}

/**
 * Never throws.
 *
 * @param failure the message to log where the event bus does not take it
 * @returns whether the event bus took it
 */
async function putEvent(
  client: EventBridgeClient,
  failure: string,
  entry: PutEventsRequestEntry,
): Promise<boolean> {
  try {
    const { Entries = [] } = await client.send(
      new PutEventsCommand({
        Entries: [{ Source: 'kinesis-key-rotation', ...entry }],
      }),
    );
    const [{ ErrorCode, ErrorMessage } = {}] = Entries;
    if (ErrorCode) throw new Error(`${ErrorCode}: ${ErrorMessage}`);
    return true;
  } catch (error) {
    const { EventBusName } = entry;
    logger.error(failure, { EventBusName, Cause: String(error) });
    return false;
  }
}

/** The keys at risk of one stream, as the event bus gets them. */
interface RiskReport {
  Stage: string;
  StreamName: string;
  StreamARN: string;
  /** When they were looked at, ISO 8601. */
  At: string;
  Keys: readonly KeyRisk[];
}

/** @returns whether the event bus took it */
export type PublishRisks = (report: RiskReport) => Promise<boolean>;

/**
 * Puts keys at risk on an event bus: `source: kinesis-key-rotation`, detail-type
 * {@link RISK_EVENT}, detail = report. Never throws.
 */
export function eventBusRisks(
  client: EventBridgeClient,
  eventBusName: string,
): PublishRisks {
  return (report) => {
    const keys = [...new Set(report.Keys.map(({ KeyArn }) => KeyArn))];
    return putEvent(client, 'Keys at risk could not be put on the event bus', {
      EventBusName: eventBusName,
      DetailType: RISK_EVENT,
      Resources: [report.StreamARN, ...keys],
      Detail: JSON.stringify(report),
    });
  };
}

/** For the bus of `EVENT_BUS_NAME`; undefined without it. */
export function riskPublisher(): PublishRisks | undefined {
  const { EVENT_BUS_NAME } = process.env;
  return EVENT_BUS_NAME
    ? eventBusRisks(eventBridgeClient(), EVENT_BUS_NAME)
    : undefined;
}

/** The notifier for the bus of `EVENT_BUS_NAME`; without it, one that does nothing. */
export function notifier(): Notifier {
  const { EVENT_BUS_NAME } = process.env;
  return EVENT_BUS_NAME
    ? eventBusNotifier(eventBridgeClient(), EVENT_BUS_NAME)
    : NO_NOTIFIER;
}
