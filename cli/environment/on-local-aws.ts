import { readStateMachine } from '../../local/runner/state-machine.ts';
import {
  type LocalAws,
  openLocalAws,
  readLocalSettings,
} from '../../local/session/local-aws.ts';
import type { RotationsStream } from '../../shared/config/rotations-file.ts';
import type { Interruption } from '../interruption.ts';
import { Progress } from '../output/progress.ts';
import type { WaitState } from '../output/wait-end.ts';
import { neededEntries } from './needed-streams.ts';
import { waitingForClients } from './waiting-for-clients.ts';

/**
 * Does some work on the embedded AWS, says on stderr how it goes, and leaves
 * all in order behind it.
 */
export async function onLocalAws<T>(
  rotations: () => Promise<RotationsStream[]>,
  { signal, forceQuit }: Interruption,
  work: (aws: LocalAws, progress: Progress) => Promise<T>,
): Promise<T> {
  const entries = await neededEntries(rotations);
  const { States } = await readStateMachine();
  const progress = new Progress({
    stream: process.stderr,
    states: States as Record<string, WaitState>,
  });
  const { isAllExternal } = readLocalSettings(process.env);
  if (!isAllExternal) progress.say('Starting the embedded AWS');
  signal.addEventListener('abort', () => {
    progress.say(`${signal.reason}: stopping, and settling the rotation`);
  });
  const aws = await openLocalAws(entries, { signal });
  try {
    return await work(aws, progress);
  } finally {
    progress.end();
    await aws.close({
      now: forceQuit,
      onClients: (count) => progress.say(waitingForClients(count)),
    });
    progress.end();
  }
}
