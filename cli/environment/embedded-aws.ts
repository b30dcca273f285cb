import { isAbsolute, relative } from 'node:path';
import { readStateMachine } from '../../local/runner/state-machine.ts';
import {
  type LocalAws,
  type OpenOptions,
  openLocalAws,
  readLocalSettings,
} from '../../local/session/local-aws.ts';
import { visible } from '../../shared/errors/text.ts';
import { Progress } from '../output/progress.ts';
import type { WaitState } from '../output/wait-end.ts';
import type { CommandContext } from './context.ts';

/**
 * Works on the embedded AWS, and closes it afterwards. One line on stderr names its
 * folder, unless ports say that it is for other clients.
 *
 * @param say shows a line for people
 */
export async function withEmbeddedAws<T>(
  { interruption, rotations }: CommandContext,
  say: (message: string) => void,
  work: (aws: LocalAws) => Promise<T>,
  ports?: OpenOptions['ports'],
): Promise<T> {
  const { signal, forceQuit } = interruption;
  const { isAllExternal, directory } = readLocalSettings(process.env);
  const streams = isAllExternal && !ports ? [] : await rotations();
  if (!isAllExternal && !ports) {
    process.stderr.write(
      `Using the embedded AWS of ${folderText(directory)}\n`,
    );
  }
  const aws = await openLocalAws(streams, { signal, ports });
  try {
    return await work(aws);
  } finally {
    await aws.close({
      now: forceQuit,
      onClients: (count) => say(waitingForClients(count)),
    });
  }
}

/** Works on the embedded AWS, and shows on stderr how an execution proceeds. */
export async function withProgress<T>(
  context: CommandContext,
  work: (aws: LocalAws, progress: Progress) => Promise<T>,
): Promise<T> {
  const { signal } = context.interruption;
  const { States } = await readStateMachine();
  const progress = new Progress({
    stream: process.stderr,
    states: States as Record<string, WaitState>,
  });
  const say = (message: string) => progress.say(message);
  signal.addEventListener('abort', () => {
    say(`${signal.reason}: stopping, and settling the rotation`);
  });
  try {
    return await withEmbeddedAws(context, say, (aws) =>
      work(aws, progress).finally(() => progress.end()),
    );
  } finally {
    progress.end();
  }
}

/** For people: from the current folder where it is inside. */
export function folderText(directory: string): string {
  const path = relative(process.cwd(), directory);
  const isInside = !path.startsWith('..') && !isAbsolute(path);
  return visible(`${isInside ? path : directory}/`);
}

function waitingForClients(count: number): string {
  const clients =
    count === 1 ? 'another process that uses' : `${count} processes that use`;
  return `Waiting for ${clients} this embedded AWS`;
}
