import { createHash } from 'node:crypto';

/** So many events of a stream are shown when something went wrong. */
const SHOWN = 60;

/** What happened, in the order in which it did. */
export class Journal {
  readonly #seed: string;
  readonly #hash = createHash('sha256');
  readonly #latest = new Map<string, string[]>();

  /** @param seed what replays it, for people */
  constructor(seed: string) {
    this.#seed = seed;
  }

  note(stream: string, event: string): void {
    const line = `${new Date().toISOString()} ${stream} ${event}`;
    this.#hash.update(`${line}\n`);
    const latest = this.#latest.get(stream) ?? [];
    latest.push(line);
    if (latest.length > SHOWN) latest.shift();
    this.#latest.set(stream, latest);
  }

  /** Of all events: two runs with the same digest ran the same. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  /** An error that says what led to it, and how to see it again. */
  failure(stream: string, broken: string): Error {
    const latest = this.#latest.get(stream) ?? [];
    return new Error(
      `${broken}\nstream ${stream} at ${new Date().toISOString()}; ${this.#seed}\n${latest.join('\n')}`,
    );
  }
}
