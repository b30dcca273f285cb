import { SeededRandom } from '../../local/instruments/seeded-random.ts';
import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import { recordCalls } from '../support/calls.ts';
import { mostInWindow } from '../support/statistics.ts';
import type { QuotaLimiter } from './ledgers.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A day, and the clock margin of the ledger. */
const NEXT_DAY_MS = DAY_MS + HOUR_MS;

/** Requests for keys of one stream over days, on a virtual clock. */
export interface WindowRun {
  ledger: string;
  wanted: number;
  granted: number;
  /** In the worst rolling 24 hours. */
  mostInWindow: number;
  /** How many of these exceed the quota. */
  beyond: number;
}

/** What a holder leaves that ends without a word. */
export interface CrashRun {
  ledger: string;
  /** Whether its Start has left. */
  isStarted: boolean;
  /** The slots, points or locks that count. */
  used: { atOnce: number; afterHour: number; nextDay: number; cleaned: number };
  /** Whether the next request is granted. */
  isNextGranted: { atOnce: boolean; afterHour: boolean };
}

/** Slots, points or locks that count after an event of one stream. */
export interface Traits {
  ledger: string;
  /** After two requests of one rotation. */
  repeated: number;
  /** After a Start that AWS refused. */
  refused: number;
  /** 25 hours after a rotation, and 2 hours after another. */
  remembered: number;
  /** After one external Start that was reported twice; null without a way to. */
  external: number | null;
  /** DynamoDB calls of a rotation, from its request to its end. */
  calls: number;
  /** Names of what is stored of a stream after a rotation. */
  attributes: string[];
}

/**
 * Runs `work` on a clock that it sets, in milliseconds since now.
 * rate-limiter-flexible takes no clock.
 */
async function onClock<T>(
  work: (setTime: (ms: number) => void) => Promise<T>,
): Promise<T> {
  const realNow = Date.now;
  const begin = realNow();
  const setTime = (ms: number) => {
    Date.now = () => begin + ms;
  };
  setTime(0);
  try {
    return await work(setTime);
  } finally {
    Date.now = realNow;
  }
}

/**
 * The times of requests for keys, over five days: one that opens a fixed window,
 * more than the quota on both sides of the end of that window, and the rest at
 * random.
 */
function requestTimes(): number[] {
  const random = new SeededRandom(25).next;
  const burst = (at: number) =>
    Array.from({ length: 2 * QUOTA_LIMIT }, (_, n) => at + n);
  const rest = Array.from(
    { length: 6 * QUOTA_LIMIT },
    () => 2 * DAY_MS + random() * 3 * DAY_MS,
  );
  return [
    0,
    ...burst(DAY_MS - MINUTE_MS),
    ...burst(DAY_MS + MINUTE_MS),
    ...rest.map(Math.round).sort((a, b) => a - b),
  ];
}

async function rotate(limiter: QuotaLimiter, stream: string): Promise<boolean> {
  if (!(await limiter.take(stream))) return false;
  await limiter.start(stream);
  await limiter.finish(stream);
  return true;
}

/** Requests keys over days. A rotation ends before the next request. */
export function runDays(limiter: QuotaLimiter): Promise<WindowRun> {
  return onClock(async (setTime) => {
    const times = requestTimes();
    const grants: number[] = [];
    for (const time of times) {
      setTime(time);
      if (await rotate(limiter, 'over-days')) grants.push(time);
    }
    const most = mostInWindow(grants, DAY_MS);
    return {
      ledger: limiter.name,
      wanted: times.length,
      granted: grants.length,
      mostInWindow: most,
      beyond: Math.max(0, most - QUOTA_LIMIT),
    };
  });
}

/** Has holders crash, each of a stream of its own. */
export function runCrash(
  limiter: QuotaLimiter,
  isStarted: boolean,
): Promise<CrashRun> {
  return onClock(async (setTime) => {
    const crashed = async (name: string) => {
      const stream = `crashed-${isStarted}-${name}`;
      await limiter.take(stream);
      if (isStarted) await limiter.start(stream);
      return stream;
    };
    const [left, cleaned, now, later] = [
      await crashed('left'),
      await crashed('cleaned'),
      await crashed('requested-now'),
      await crashed('requested-later'),
    ];
    await limiter.cleanUp(cleaned);
    const atOnce = await limiter.used(left);
    const isGrantedAtOnce = await limiter.take(now);
    const usedAfterCleanUp = await limiter.used(cleaned);
    setTime(HOUR_MS);
    const afterHour = await limiter.used(left);
    const isGrantedLater = await limiter.take(later);
    setTime(NEXT_DAY_MS);
    const nextDay = await limiter.used(left);
    return {
      ledger: limiter.name,
      isStarted,
      used: { atOnce, afterHour, nextDay, cleaned: usedAfterCleanUp },
      isNextGranted: { atOnce: isGrantedAtOnce, afterHour: isGrantedLater },
    };
  });
}

/** Tries what a limiter does and does not do, each on a stream of its own. */
export function probe(limiter: QuotaLimiter): Promise<Traits> {
  const { name: ledger, recordExternalStart, take, used } = limiter;
  return onClock(async (setTime) => {
    await take('repeated', 'rotation');
    await take('repeated', 'rotation');
    await take('refused');
    await limiter.start('refused');
    await limiter.refuse('refused');
    await recordExternalStart?.('external', 'request');
    await recordExternalStart?.('external', 'request');
    await rotate(limiter, 'remembered');
    await rotate(limiter, 'counted');
    const { calls } = await recordCalls(() => rotate(limiter, 'counted'));
    const [repeated, refused, external, attributes] = [
      await used('repeated'),
      await used('refused'),
      recordExternalStart ? await used('external') : null,
      await limiter.attributes('counted'),
    ];
    setTime(NEXT_DAY_MS - 2 * HOUR_MS);
    await rotate(limiter, 'remembered');
    setTime(NEXT_DAY_MS);
    return {
      ledger,
      repeated,
      refused,
      remembered: await used('remembered'),
      external,
      calls: calls.length,
      attributes,
    };
  });
}
