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
import { type AccountLook, readStreams } from './read-streams.ts';
import type { StreamClients } from './stream-clients.ts';
import type { StreamFacts } from './stream-facts.ts';

/**
 * Looks at the streams of the account and Region, and judges the keys of those that are
 * chosen.
 *
 * @param options the flags that chose them
 * @param read what was read of them before; these are not read again
 */
export async function lookAtKeys(
  chosen: readonly ChosenStream[],
  options: StreamOptions,
  clients: StreamClients,
  environment: Environment,
  context: CommandContext,
  read: readonly StreamFacts[] = [],
): Promise<{ answer: KeysAnswer; account: AccountLook }> {
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
    const account = await readStreams(
      [...chosen, ...others],
      new Map(read.map((facts) => [facts.StreamName, facts])),
      clients,
      environment,
      (count) => {
        progress.begin(count, 'for their keys');
        return () => progress.add();
      },
    );
    const answer = await judgeKeys(
      clients.kms,
      environment.region,
      account,
      (name) => names.has(name),
      Date.now(),
    );
    return { answer, account };
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}
