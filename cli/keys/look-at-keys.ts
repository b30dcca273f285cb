import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import type { CommandContext } from '../environment/context.ts';
import type { Environment } from '../environment/environment.ts';
import { locateStreams } from '../environment/locate-stream.ts';
import {
  type ChosenStream,
  isOneStream,
  type StreamOptions,
} from '../input/streams.ts';
import { GatherProgress } from '../report/gather-progress.ts';
import { judgeKeys, type KeysAnswer } from './judge-keys.ts';
import { readStreams } from './read-streams.ts';

/**
 * Looks at the streams of the account and Region, and judges the keys of those that are
 * chosen.
 *
 * @param options the flags that chose them
 */
export async function lookAtKeys(
  chosen: readonly ChosenStream[],
  options: StreamOptions,
  environment: Environment,
  context: CommandContext,
): Promise<KeysAnswer> {
  const clients = {
    kinesis: kinesisClient(),
    dynamodb: dynamoDbClient(),
    tableName: ledgerTableName(),
  };
  const kms = kmsClient();
  const progress = new GatherProgress(process.stderr);
  const { signal } = context.interruption;
  const end = () => progress.end();
  signal.addEventListener('abort', end, { once: true });
  try {
    // Of the streams that a flag does not name, rotations.yml says their rings.
    const all = isOneStream(options)
      ? await locateStreams({}, environment, context).catch(() => [])
      : [];
    const names = new Set(chosen.map(({ StreamName }) => StreamName));
    const others = all.filter(({ StreamName }) => !names.has(StreamName));
    const { streams, unknown } = await readStreams(
      [...chosen, ...others],
      clients,
      environment,
      (count) => {
        progress.begin(count, 'for their keys');
        return () => progress.add();
      },
    );
    return await judgeKeys(
      kms,
      environment.region,
      streams,
      unknown,
      (name) => names.has(name),
      Date.now(),
    );
  } finally {
    signal.removeEventListener('abort', end);
    end();
    clients.kinesis.destroy();
    clients.dynamodb.destroy();
    kms.destroy();
  }
}
