import type { Ora } from 'ora';
import { legible } from '../../shared/errors/text.ts';
import type { StreamOutcome } from '../../shared/fleet/outcome.ts';
import { spinnerOn } from './progress.ts';

const BAR_WIDTH = 20;
const TICK_MS = 250;

/**
 * Shows how many streams of a fleet are done: on a terminal a bar, where only
 * failures stay, elsewhere a line for each stream that has ended.
 */
export class FleetProgress {
  readonly #stream: NodeJS.WriteStream;
  readonly #spinner: Ora | undefined;
  #total = 0;
  #startedAt: number | undefined;
  #running = 0;
  #done = 0;
  #failed = 0;
  #ticking: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#spinner = spinnerOn(stream, process.env);
  }

  /** @param at milliseconds since the epoch, as for every method here */
  begin(total: number, at: number): void {
    this.#total = total;
    this.#startedAt = at;
    this.#draw(at);
    if (this.#spinner === undefined) return;
    this.#ticking = setInterval(() => this.#draw(Date.now()), TICK_MS);
    this.#ticking.unref();
  }

  /** A rotation has begun. */
  started(at: number): void {
    this.#running++;
    this.#draw(at);
  }

  ended(outcome: StreamOutcome, at: number): void {
    this.#running--;
    this.#done++;
    const { StreamName, Status, Outcome, Error: error } = outcome;
    const isFailed = Status === 'FAILED';
    if (isFailed) this.#failed++;
    const count = `${this.#done} of ${this.#total}`;
    const line = legible(
      `${this.#elapsed(at)} ${StreamName} ${isFailed ? error : Outcome}, ${count}`,
    );
    if (this.#spinner === undefined) this.#stream.write(`${line}\n`);
    else if (isFailed)
      this.#spinner.stopAndPersist({ symbol: '-', text: line });
    this.#draw(at);
  }

  /** Something to say that is no stream. */
  say(message: string): void {
    const text = legible(message);
    if (this.#spinner) this.#spinner.stopAndPersist({ text });
    else this.#stream.write(`${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    clearInterval(this.#ticking);
    this.#spinner?.stop();
  }

  #draw(at: number): void {
    if (this.#spinner === undefined) return;
    const failed = this.#failed > 0 ? `, ${this.#failed} failed` : '';
    const text = `${this.#elapsed(at)} ${bar(this.#done, this.#total)} ${this.#done} of ${this.#total} streams, ${this.#running} running${failed}`;
    if (this.#spinner.isSpinning) this.#spinner.text = text;
    else this.#spinner.start(text);
  }

  #elapsed(at: number): string {
    const seconds = (at - (this.#startedAt ?? at)) / 1000;
    return `${seconds.toFixed(1).padStart(6)} s`;
  }
}

/** A bar that shows the part of a total that is done. */
export function bar(done: number, total: number): string {
  const full = Math.floor((done / (total || 1)) * BAR_WIDTH);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_WIDTH - full)}`;
}
