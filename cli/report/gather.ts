import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type {
  KinesisClient,
  StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import pThrottle from 'p-throttle';
import { AwsRefusal } from '../../shared/errors/errors.ts';
import { parseStreamArn } from '../../shared/identifiers/arn.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import { readHistory } from '../../shared/ledger/read-history.ts';
import { describeKeys } from '../../shared/lookup/describe-keys.ts';
import { describeStream } from '../../shared/lookup/describe-stream.ts';
import type { ChosenStream } from '../input/streams.ts';
import type { StreamInput, StreamNow } from './report-input.ts';

export interface GatherClients {
  kinesis: KinesisClient;
  kms: KMSClient;
  dynamodb: DynamoDBClient;
  tableName: string;
}

/** A quarter of what AWS allows an account, as the drift sweep takes. */
const DESCRIPTIONS_PER_SECOND = 5;

/**
 * All that a report says of streams: what Kinesis and KMS say now, the ledger,
 * and every record that it keeps. A stream that cannot be described says why.
 *
 * @throws ServiceUnavailable, and what DynamoDB refuses
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
  const found: StreamInput[] = [];
  for (const stream of streams) {
    found.push(await gatherStream(stream, clients, describe));
  }
  return found;
}

async function gatherStream(
  { StreamName, StreamARN, Entry: Listed }: ChosenStream,
  { kms, dynamodb, tableName }: GatherClients,
  describe: (streamArn: string) => Promise<StreamDescriptionSummary>,
): Promise<StreamInput> {
  const Now: StreamNow = await describe(StreamARN).catch((error: unknown) => {
    if (!(error instanceof AwsRefusal)) throw error;
    return { Error: error.name, Cause: error.message };
  });
  const region = parseStreamArn(StreamARN)?.region ?? '';
  const KeyId = 'KeyId' in Now ? Now.KeyId : undefined;
  const [current] =
    KeyId === undefined ? [] : await describeKeys(kms, { KeyId }, region);
  return {
    StreamName,
    StreamARN,
    Now,
    KeyArn: current?.Metadata?.Arn,
    Entry: await new LedgerReader(dynamodb, tableName).read(StreamARN),
    History: await Array.fromAsync(readHistory(dynamodb, tableName, StreamARN)),
    Listed,
    Ring: Listed && (await describeKeys(kms, Listed, region)),
  };
}
