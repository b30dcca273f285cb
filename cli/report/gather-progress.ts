import type { Ora } from 'ora';
import { bar } from '../output/fleet-progress.ts';
import { spinnerOn } from '../output/progress.ts';

const TICK_MS = 250;

/**
 * Shows on stderr how many streams have been read. A signal takes the bar away at once.
 *
 * @param purpose after "Reading 3 streams", for people
 * @param read calls back when all of one more stream is known
 */
export async function withReadProgress<T>(
  total: number,
  purpose: string,
  signal: AbortSignal,
  read: (onStream: () => void) => Promise<T>,
): Promise<T> {
  const progress = new GatherProgress(process.stderr);
  const end = () => progress.end();
  signal.addEventListener('abort', end, { once: true });
  progress.begin(total, purpose);
  try {
    return await read(() => progress.add());
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

/**
 * Shows how many streams have been read: on a terminal a bar, elsewhere one line at
 * the beginning.
 */
export class GatherProgress {
  readonly #stream: NodeJS.WriteStream;
  readonly #spinner: Ora | undefined;
  readonly #now: () => number;
  #total = 0;
  #done = 0;
  #startedAt = 0;
  #ticking: NodeJS.Timeout | undefined;
  #hasEnded = false;

  /** @param now milliseconds since the epoch */
  constructor(stream: NodeJS.WriteStream, now: () => number = Date.now) {
    this.#stream = stream;
    this.#now = now;
    this.#spinner = spinnerOn(stream, process.env);
  }

  begin(total: number, purpose: string): void {
    this.#total = total;
    this.#startedAt = this.#now();
    if (this.#spinner === undefined) {
      const noun = total === 1 ? 'stream' : 'streams';
      this.#stream.write(`Reading ${total} ${noun} ${purpose}\n`);
      return;
    }
    this.#draw();
    this.#ticking = setInterval(() => this.#draw(), TICK_MS);
    this.#ticking.unref();
  }

  /** All of one more stream is known. */
  add(): void {
    this.#done++;
    this.#draw();
  }

  /** Takes the bar away, also from streams that are still under way. */
  end(): void {
    this.#hasEnded = true;
    clearInterval(this.#ticking);
    this.#spinner?.stop();
  }

  #draw(): void {
    if (this.#spinner === undefined || this.#hasEnded) return;
    const seconds = (this.#now() - this.#startedAt) / 1000;
    const text = `${seconds.toFixed(1).padStart(6)} s ${bar(this.#done, this.#total)} ${this.#done} of ${this.#total} streams read`;
    if (this.#spinner.isSpinning) this.#spinner.text = text;
    else this.#spinner.start(text);
  }
}
