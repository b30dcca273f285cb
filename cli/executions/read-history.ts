import { setTimeout as delay } from 'node:timers/promises';
import {
  GetExecutionHistoryCommand,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import { nameError } from '../../shared/errors/aws-errors.ts';
import { pollSeconds } from '../../shared/rotation/polling.ts';
import type { RecordedEvent } from './events.ts';
import { hasEnded } from './outcome.ts';

const WHOLE_PAGE = 1000;
/** More than happens between two polls, as a rule. */
const NEWEST_PAGE = 20;
/** Polls in a row that may fail on the way: some minutes. */
const MAX_FAILURES = 20;

export interface ReadOptions {
  client: SFNClient;
  executionArn: string;
  /** Whether it has just been started, and may not be seen everywhere yet. */
  isNew?: boolean;
  /** Ends the reading, not the execution. */
  signal: AbortSignal;
  /** Told the whole history whenever there is more of it, in its order. */
  onNews: (history: readonly RecordedEvent[]) => void;
  /** Told what goes wrong on the way, once until it goes well again. */
  onTrouble?: (error: unknown) => void;
  /** Waits a number of milliseconds between two polls. */
  pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Reads the history of an execution as it grows, to its end. The longer nothing
 * happens, the more rarely it is asked for.
 *
 * @returns the whole history; undefined when the signal came first
 * @throws what Step Functions refuses
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
 */
export async function readExecution({
  client,
  executionArn,
  isNew = false,
  signal,
  onNews,
  onTrouble,
  pause = (ms) => delay(ms, undefined, { signal }),
  now = Date.now,
}: ReadOptions): Promise<RecordedEvent[] | undefined> {
  const history: RecordedEvent[] = [];
  let newsAt = now();
  let failures = 0;
  try {
    for (;;) {
      const last = history.at(-1)?.id ?? 0;
      const news = await eventsAfter(last, client, executionArn, signal).catch(
        (error: unknown) => {
          const isThere = isNew || history.length > 0;
          failures++;
          if (!isThere || !isPassing(error) || failures > MAX_FAILURES) {
            throw error;
          }
          if (failures === 1) onTrouble?.(error);
          return undefined;
        },
      );
      if (news !== undefined) failures = 0;
      if (news !== undefined && news.length > 0) {
        history.push(...news);
        newsAt = now();
        onNews(history);
      }
      if (hasEnded(history)) return history;
      await pause(pollSeconds(now() - newsAt) * 1000, signal);
    }
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** What came after an event, in its order. */
async function eventsAfter(
  last: number,
  client: SFNClient,
  executionArn: string,
  abortSignal: AbortSignal,
): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  const reverseOrder = last > 0;
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new GetExecutionHistoryCommand({
        executionArn,
        reverseOrder,
        maxResults: reverseOrder ? NEWEST_PAGE : WHOLE_PAGE,
        nextToken,
      }),
      { abortSignal },
    );
    const events = (page.events ?? []) as RecordedEvent[];
    found.push(...events.filter(({ id }) => id > last));
    const isKnown = events.some(({ id }) => id <= last);
    nextToken = isKnown ? undefined : page.nextToken;
  } while (nextToken !== undefined);
  return reverseOrder ? found.reverse() : found;
}

/** What the next poll may find gone: throttling, and troubles on the way. */
function isPassing(error: unknown): boolean {
  const { name } = nameError(error);
  return name === 'ServiceUnavailable' || name === 'ExecutionDoesNotExist';
}
