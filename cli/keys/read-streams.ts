import pMap from 'p-map';
import { nameError } from '../../shared/errors/aws-errors.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import { toStreamArn } from '../../shared/identifiers/arn.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import { listStreams } from '../../shared/lookup/list-streams.ts';
import { throttled } from '../discovery/account-streams.ts';
import type { Environment } from '../environment/environment.ts';
import type { ChosenStream } from '../input/streams.ts';
import type { StreamClients } from './stream-clients.ts';
import {
  type LedgerRecord,
  type StreamFacts,
  toUndescribed,
  type Undescribed,
  type Unknown,
} from './stream-facts.ts';

/** The streams of an account and Region. */
export interface AccountLook {
  /** Those that were chosen, then the others that Kinesis lists; not the deleted ones. */
  streams: StreamFacts[];
  /** How many streams Kinesis lists, or why it did not list them. */
  listed: number | Undescribed;
}

const STREAMS_AT_A_TIME = 10;

/**
 * Reads the streams of the account and Region with their ledger entries and records:
 * the ledger first, so that the look at the stream is the newer one.
 *
 * @param chosen the streams that rotations.yml lists, and those that flags name
 * @param read what was read of them before, by name; these are not read again
 * @param onCount called with the number of streams; it returns what to call when one
 *   more is read
 */
export async function readStreams(
  chosen: readonly ChosenStream[],
  read: ReadonlyMap<string, StreamFacts>,
  clients: StreamClients,
  environment: Pick<Environment, 'partition' | 'region' | 'account'>,
  onCount: (streams: number) => (() => void) | undefined = () => undefined,
): Promise<AccountLook> {
  const byName = new Map(
    chosen.map((stream) => [stream.StreamName, stream] as const),
  );
  const listed = await listStreams(clients.kinesis, throttled).catch(
    (error: unknown): Undescribed => toUndescribed(nameError(error)),
  );
  for (const { StreamName, StreamARN } of 'Error' in listed ? [] : listed) {
    if (byName.has(StreamName)) continue;
    byName.set(StreamName, {
      StreamName,
      StreamARN: StreamARN ?? toStreamArn(environment, StreamName),
    });
  }
  const onStream = onCount(byName.size);
  const found = await pMap(
    byName.values(),
    async (stream) => {
      const facts =
        read.get(stream.StreamName) ?? (await readStream(stream, clients));
      onStream?.();
      return facts;
    },
    { concurrency: STREAMS_AT_A_TIME },
  );
  return {
    streams: found.filter(({ look }) => !isDeleted(look)),
    listed: 'Error' in listed ? listed : listed.length,
  };
}

/** The records of a deleted stream are gone. */
function isDeleted(look: StreamFacts['look']): boolean {
  return 'Error' in look && look.Error === 'ResourceNotFoundException';
}

async function readStream(
  { StreamName, StreamARN, Entry: listed }: ChosenStream,
  clients: StreamClients,
): Promise<StreamFacts> {
  const record = await readLedger(clients, StreamARN);
  const look = await clients
    .describe(StreamARN)
    .then((description) => ({ ...description, at: Date.now() }), toUndescribed);
  return { StreamName, StreamARN, listed, record, look };
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
