import { lookTimes } from '../../shared/rotation/polling.ts';

/**
 * Prices in us-east-1 in November 2026, in USD, as AWS's price pages show them;
 * free tiers are not counted.
 *
 * @see https://aws.amazon.com/step-functions/pricing/
 * @see https://aws.amazon.com/lambda/pricing/
 * @see https://aws.amazon.com/dynamodb/pricing/on-demand/
 * @see https://aws.amazon.com/kms/pricing/
 * @see https://aws.amazon.com/kinesis/data-streams/pricing/
 * @see https://aws.amazon.com/eventbridge/pricing/
 * @see https://aws.amazon.com/sns/pricing/
 * @see https://aws.amazon.com/cloudwatch/pricing/
 */
export const PRICES_USD = {
  StateTransition: 0.025 / 1_000,
  LambdaInvocation: 0.2 / 1_000_000,
  /** Arm. */
  LambdaGigabyteSecond: 0.0000133334,
  /** Strongly consistent, of up to 4 KB. */
  DynamoDbRead: 0.125 / 1_000_000,
  /** Of up to 1 KB. */
  DynamoDbWrite: 0.625 / 1_000_000,
  KmsRequest: 0.03 / 10_000,
  KinesisPutPayloadUnit: 0.014 / 1_000_000,
  EventBridgeEvent: 1 / 1_000_000,
  CloudWatchRequest: 0.01 / 1_000,
  SnsPublish: 0.5 / 1_000_000,
} as const;

/** What the functions of a rotation have, as serverless.yml says, in MB. */
export const LAMBDA_MEGABYTES = 1769;
/** What one of them runs for, in seconds. */
const LAMBDA_SECONDS = 0.1;
/** What a ledger's entry with all its 25 slots takes, in KB. */
const ENTRY_KILOBYTES = 8;

/** The AWS calls of one rotation, and what drives them. */
export interface RotationCalls {
  StateTransitions: number;
  LambdaInvocations: number;
  DescribeStreamSummary: number;
  StartStreamEncryption: number;
  PutRecord: number;
  DescribeKey: number;
  DescribeAlarms: number;
  DynamoDbReads: number;
  DynamoDbWrites: number;
  EventBridgeEvents: number;
}

/** How often DescribeStream looks at an update that takes this long. */
export function describesOf(updateSeconds: number): number {
  let looks = 0;
  for (const at of lookTimes()) {
    looks++;
    if (at >= updateSeconds * 1000) break;
  }
  return looks;
}

/**
 * What a rotation calls that nothing disturbs.
 *
 * @param keys how many keys PlanRotation asks KMS about
 * @param updateSeconds how long the stream is UPDATING; absent where no key is
 *   applied, since the stream has it
 * @param bakeMinutes how long it watches alarms; 0 without a bake
 */
export function callsOf(
  keys: number,
  updateSeconds?: number,
  bakeMinutes = 0,
): RotationCalls {
  const looks = updateSeconds === undefined ? 0 : describesOf(updateSeconds);
  const isApplied = updateSeconds !== undefined;
  // One before the Start, one after the probe, and one after each minute.
  const bakeLooks = isApplied && bakeMinutes > 0 ? bakeMinutes + 2 : 0;
  return {
    // Plan, verify, complete, and their two Choices; reserve, start and their
    // Choices, the wait for propagation; each look, its Choice and its wait; each
    // look at alarms and its Choice, and the minutes between them.
    StateTransitions:
      5 +
      (isApplied ? 5 + 3 * looks - 1 : 0) +
      bakeLooks * 2 +
      (bakeLooks && bakeMinutes),
    LambdaInvocations: 3 + (isApplied ? 2 + looks : 0) + bakeLooks,
    DescribeStreamSummary: 1 + looks,
    StartStreamEncryption: isApplied ? 1 : 0,
    PutRecord: 1,
    DescribeKey: keys,
    DescribeAlarms: bakeLooks,
    DynamoDbReads: 2 + (isApplied ? 3 : 0),
    DynamoDbWrites: 1 + (isApplied ? 4 : 0),
    EventBridgeEvents: 1,
  };
}

/** What calls cost in USD, at {@link PRICES_USD}. */
export function costOf(calls: RotationCalls): number {
  const prices = PRICES_USD;
  const { LambdaInvocations } = calls;
  // Each event of a rotation invokes PublishOutcome, for a message.
  const invocations = LambdaInvocations + calls.EventBridgeEvents;
  const publication = prices.EventBridgeEvent + prices.SnsPublish;
  return (
    calls.StateTransitions * prices.StateTransition +
    invocations * prices.LambdaInvocation +
    invocations *
      LAMBDA_SECONDS *
      (LAMBDA_MEGABYTES / 1024) *
      prices.LambdaGigabyteSecond +
    calls.DynamoDbReads * (ENTRY_KILOBYTES / 4) * prices.DynamoDbRead +
    calls.DynamoDbWrites * ENTRY_KILOBYTES * prices.DynamoDbWrite +
    calls.DescribeKey * prices.KmsRequest +
    calls.DescribeAlarms * prices.CloudWatchRequest +
    calls.PutRecord * prices.KinesisPutPayloadUnit +
    calls.EventBridgeEvents * publication
  );
}
