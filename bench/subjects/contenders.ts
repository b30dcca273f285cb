import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { runRotation } from '../../local/runner/rotation.ts';
import type { TaskHandlers } from '../../local/runner/state-machine.ts';
import { kinesisClient } from '../../shared/lambda/clients.ts';
import { pollSeconds } from '../../shared/rotation/polling.ts';
import { PEERS, type Target } from './peers.ts';

/** This project's name among its peers. */
export const OURS = 'kinesis-key-rotation';

export const CONTENDERS = [OURS, ...PEERS.map(({ Name }) => Name)];

/** Seconds before each look of a contender at an update. */
export function pausesOf(contender: string): Iterable<number> {
  const peer = PEERS.find(({ Name }) => Name === contender);
  return peer ? peer.pauses() : ourPauses();
}

function* ourPauses() {
  yield 0;
  for (let waited = 0; ; ) {
    const pause = pollSeconds(waited * 1000);
    yield pause;
    waited += pause;
  }
}

/** A stream's name for each. */
export const STREAMS = CONTENDERS.map((name) => name.replaceAll(' ', '-'));

interface Aws {
  region: string;
  handlers: TaskHandlers;
}

let client: KinesisClient | undefined;

/**
 * Gives a stream a key as a contender does.
 *
 * @throws what the contender fails with
 */
export async function apply(
  contender: string,
  target: Target,
  { region, handlers }: Aws,
): Promise<void> {
  const peer = PEERS.find(({ Name }) => Name === contender);
  if (peer) {
    client ??= kinesisClient();
    return peer.apply(client, target);
  }
  const outcome = await runRotation({ request: target, region, handlers });
  if (outcome.Status !== 'SUCCEEDED') throw new Error(outcome.Error);
}
