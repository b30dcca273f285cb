import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import pMap from 'p-map';
import { nameError } from '../../shared/errors/aws-errors.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import { toStreamArn } from '../../shared/identifiers/arn.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import {
  type DescribedStream,
  describeStream,
} from '../../shared/lookup/describe-stream.ts';
import { listStreams } from '../../shared/lookup/list-streams.ts';
import {
  DESCRIPTIONS_PER_SECOND,
  throttled,
} from '../discovery/account-streams.ts';
import type { Environment } from '../environment/environment.ts';
import type { ChosenStream } from '../input/streams.ts';
import type { LedgerRecord, StreamFacts, Unknown } from './stream-facts.ts';

export interface StreamClients {
  kinesis: KinesisClient;
  dynamodb: DynamoDBClient;
  tableName: string;
}

const STREAMS_AT_A_TIME = 10;

/**
 * Reads the streams of the account and Region with their ledger entries and records:
 * the ledger first, so that the look at the stream is the newer one.
 *
 * @param chosen the streams that rotations.yml lists, and those that flags name
 * @param onStream called when one more stream is read
 */
export async function readStreams(
  chosen: readonly ChosenStream[],
  clients: StreamClients,
  environment: Pick<Environment, 'partition' | 'region' | 'account'>,
  onCount: (streams: number) => (() => void) | undefined = () => undefined,
): Promise<{ streams: StreamFacts[]; unknown: string[] }> {
  const { kinesis } = clients;
  const byName = new Map(
    chosen.map((stream) => [stream.StreamName, stream] as const),
  );
  const unknown: string[] = [];
  const listed = await listStreams(kinesis, throttled).catch(
    (error: unknown) => {
      const { name, message } = nameError(error);
      unknown.push(
        `other streams of the account were not looked at: ListStreams: ${name}: ${message}`,
      );
      return [];
    },
  );
  for (const { StreamName, StreamARN } of listed) {
    if (byName.has(StreamName)) continue;
    byName.set(StreamName, {
      StreamName,
      StreamARN: StreamARN ?? toStreamArn(environment, StreamName),
    });
  }
  const describe = throttled(
    (StreamARN: string) => describeStream(kinesis, { StreamARN }),
    DESCRIPTIONS_PER_SECOND,
  );
  const onStream = onCount(byName.size);
  const found = await pMap(
    byName.values(),
    async (stream) => {
      const facts = await readStream(stream, clients, describe);
      onStream?.();
      return facts ?? [];
    },
    { concurrency: STREAMS_AT_A_TIME },
  );
  return { streams: found.flat(), unknown };
}

/** Undefined for a stream that was deleted: its records are gone. */
async function readStream(
  { StreamName, StreamARN, Entry: listed }: ChosenStream,
  clients: StreamClients,
  describe: (streamArn: string) => Promise<DescribedStream>,
): Promise<StreamFacts | undefined> {
  const record = await readLedger(clients, StreamARN);
  const common = { StreamName, StreamARN, listed, record };
  try {
    const description = await describe(StreamARN);
    return { ...common, look: { ...description, at: Date.now() } };
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'ResourceNotFoundException') return undefined;
    return {
      ...common,
      look: { Unknown: `Kinesis did not describe it: ${name}: ${message}` },
    };
  }
}

/** The ledger entry and the records of a stream, or why they are not known. */
async function readLedger(
  { dynamodb, tableName }: Pick<StreamClients, 'dynamodb' | 'tableName'>,
  streamArn: string,
): Promise<LedgerRecord | Unknown> {
  try {
    const [entry, history] = await Promise.all([
      new LedgerReader(dynamodb, tableName).read(streamArn),
      Array.fromAsync(readHistory(dynamodb, tableName, streamArn)),
    ]);
    return { entry, history };
  } catch (error) {
    const { name, message } = error as Error;
    return { Unknown: `the ledger was not read: ${name}: ${message}` };
  }
}
