import pMap from 'p-map';
import { AwsRefusal } from '../../shared/errors/errors.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import { readStreamArn } from '../../shared/identifiers/arn.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import type { ChosenStream } from '../input/streams.ts';
import type { StreamClients } from '../keys/stream-clients.ts';
import { type StreamFacts, toUndescribed } from '../keys/stream-facts.ts';
import { describeForReport } from './lookup/keys.ts';
import type { StreamInput } from './report-input.ts';

/** With the time of its description. */
export interface GatheredStream extends StreamInput {
  description: StreamFacts['look'];
}

type GatherClients = Pick<
  StreamClients,
  'kms' | 'dynamodb' | 'tableName' | 'describe'
>;

/** Enough that the rate of descriptions is the limit, and not the answers' delay. */
const STREAMS_AT_A_TIME = 10;

export interface GatherOptions {
  /** Called when all of one more stream is known. */
  onStream?: () => void;
  /** Begins no further stream after it is aborted. */
  signal?: AbortSignal;
}

/**
 * Gathers what a report needs: the descriptions by Kinesis and KMS, the ledger
 * entries, and every record. A stream that Kinesis refuses to describe carries
 * the error. The result has the order of the streams.
 *
 * @throws {RotationError} ServiceUnavailable of Kinesis, and what DynamoDB refuses
 */
export async function gatherStreams(
  streams: readonly ChosenStream[],
  clients: GatherClients,
  { onStream, signal }: GatherOptions = {},
): Promise<GatheredStream[]> {
  return pMap(
    streams,
    async (stream) => {
      const input = await gatherStream(stream, clients);
      onStream?.();
      return input;
    },
    { concurrency: STREAMS_AT_A_TIME, ...(signal && { signal }) },
  );
}

async function gatherStream(
  { StreamName, StreamARN, Entry: listed }: ChosenStream,
  { kms, dynamodb, tableName, describe }: GatherClients,
): Promise<GatheredStream> {
  const description = await describe(StreamARN).then(
    (described) => ({ ...described, at: Date.now() }),
    (error: unknown) => {
      if (!(error instanceof AwsRefusal)) throw error;
      return toUndescribed(error);
    },
  );
  const { region } = readStreamArn(StreamARN);
  const KeyId = 'KeyId' in description ? description.KeyId : undefined;
  // At once, so that little can happen between the description and the records.
  const [[current] = [], ring, ledgerEntry, history] = await Promise.all([
    KeyId === undefined ? undefined : describeForReport(kms, { KeyId }, region),
    listed && describeForReport(kms, listed, region),
    new LedgerReader(dynamodb, tableName).read(StreamARN),
    Array.fromAsync(readHistory(dynamodb, tableName, StreamARN)),
  ]);
  return {
    StreamName,
    StreamARN,
    description,
    KeyArn: current?.Metadata?.Arn,
    ledgerEntry,
    history,
    listed,
    ring,
  };
}

/** What was read of a stream, for the look at keys. */
export const toFacts = ({
  StreamName,
  StreamARN,
  listed,
  description: look,
  ledgerEntry: entry,
  history,
}: GatheredStream): StreamFacts => ({
  StreamName,
  StreamARN,
  listed,
  look,
  record: { entry, history },
});
