import { vi } from 'vitest';
import type { SeededRandom } from '../../../local/instruments/seeded-random.ts';

/** Where every simulation begins. */
const EPOCH = Date.UTC(2026, 0, 1);

/** All that the code under way can do before time has to pass. */
const settled = () => new Promise((done) => setImmediate(done));

/**
 * Runs a task in which no time passes but by waiting: each pause of the SDK,
 * of Wait states and of retries ends when nothing else is left to be done.
 * The clock and `Math.random` are the seed's, so the same seed runs the same.
 *
 * @throws {Error} when the task waits for something that never comes
 */
export async function inVirtualTime<Result>(
  random: SeededRandom,
  task: () => Promise<Result>,
): Promise<Result> {
  vi.useFakeTimers({
    now: EPOCH,
    toFake: ['setTimeout', 'clearTimeout', 'Date'],
  });
  const drawing = vi.spyOn(Math, 'random').mockImplementation(random.next);
  try {
    let isOver = false;
    const result = task().finally(() => {
      isOver = true;
    });
    result.catch(() => {});
    for (await settled(); !isOver; await settled()) {
      if (vi.getTimerCount() === 0) throw new Error('Nothing goes on any more');
      vi.advanceTimersToNextTimer();
    }
    return await result;
  } finally {
    drawing.mockRestore();
    vi.useRealTimers();
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
