import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type {
  KinesisClient,
  StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import pThrottle from 'p-throttle';
import { AwsRefusal } from '../../shared/errors/errors.ts';
import { readStreamArn } from '../../shared/identifiers/arn.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import { readHistory } from '../../shared/ledger/read-history.ts';
import { describeKeys } from '../../shared/lookup/describe-keys.ts';
import { describeStream } from '../../shared/lookup/describe-stream.ts';
import type { ChosenStream } from '../input/streams.ts';
import type { StreamDescription, StreamInput } from './report-input.ts';

export interface GatherClients {
  kinesis: KinesisClient;
  kms: KMSClient;
  dynamodb: DynamoDBClient;
  tableName: string;
}

/** A quarter of what AWS allows an account, as in the drift sweep. */
const DESCRIPTIONS_PER_SECOND = 5;

/**
 * Gathers what a report needs: the descriptions by Kinesis and KMS, the ledger
 * entries, and every record. A stream that Kinesis refuses to describe carries
 * the error.
 *
 * @throws {RotationError} ServiceUnavailable, and what DynamoDB refuses
 */
export async function gatherStreams(
  streams: readonly ChosenStream[],
  clients: GatherClients,
): Promise<StreamInput[]> {
  const describe = pThrottle({
    limit: DESCRIPTIONS_PER_SECOND,
    interval: 1000,
    strict: true,
  })((StreamARN: string) => describeStream(clients.kinesis, { StreamARN }));
  const inputs: StreamInput[] = [];
  for (const stream of streams) {
    inputs.push(await gatherStream(stream, clients, describe));
  }
  return inputs;
}

async function gatherStream(
  { StreamName, StreamARN, Entry: listed }: ChosenStream,
  { kms, dynamodb, tableName }: GatherClients,
  describe: (streamArn: string) => Promise<StreamDescriptionSummary>,
): Promise<StreamInput> {
  const description: StreamDescription = await describe(StreamARN).catch(
    (error: unknown) => {
      if (!(error instanceof AwsRefusal)) throw error;
      return { Error: error.name, Cause: error.message };
    },
  );
  const { region } = readStreamArn(StreamARN);
  const KeyId = 'KeyId' in description ? description.KeyId : undefined;
  const [current] =
    KeyId === undefined ? [] : await describeKeys(kms, { KeyId }, region);
  return {
    StreamName,
    StreamARN,
    description,
    KeyArn: current?.Metadata?.Arn,
    ledgerEntry: await new LedgerReader(dynamodb, tableName).read(StreamARN),
    history: await Array.fromAsync(readHistory(dynamodb, tableName, StreamARN)),
    listed,
    ring: listed && (await describeKeys(kms, listed, region)),
  };
}
