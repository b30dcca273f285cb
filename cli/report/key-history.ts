import { CLOCK_MARGIN_MS } from '../../shared/ledger/window.ts';
import type { StreamInput } from './report-input.ts';
import { type Evidence, type Sighting, sightings } from './sightings.ts';

/** One key over some time, in milliseconds since the epoch. */
export interface KeySpan {
  from: number;
  to: number;
  /** As submitted; null: not encrypted; undefined: unknown. */
  KeyId: string | null | undefined;
  KeyArn?: string | undefined;
  /**
   * How the start of the span is known: by the evidence for it, or
   *
   * - `SEEN`: the key was seen then, and another key before
   * - `BEFORE_RECORDS`: no record shows an earlier key
   */
  known: Evidence | 'SEEN' | 'BEFORE_RECORDS';
  /** When a probe last proved that records are encrypted under it. */
  verifiedAt?: number | undefined;
  /** What applied it: a rotation's id, or the ARN of a caller. */
  by?: string | undefined;
  /** With BEFORE_RECORDS and SEEN: when it was first seen. */
  seenAt?: number | undefined;
  /** With SEEN: when another key was last seen. */
  notBefore?: number | undefined;
}

const EARLIEST = Number.NEGATIVE_INFINITY;

/**
 * The keys that a stream had, from its creation to `now`, without gaps or
 * overlaps. A key is unknown until it is first seen. Built from what rotations
 * found and applied, what CloudTrail reported, and the current key. Where two of
 * these contradict, the key in between is unknown.
 */
export function keyHistory(stream: StreamInput, now: number): KeySpan[] {
  const createdAt = creationOf(stream) ?? EARLIEST;
  const timeline = new Timeline(createdAt, now);
  const ordered = sightings(stream, now)
    // Earlier ones are of another stream of this name.
    .filter(({ at }) => at <= now && at >= createdAt - CLOCK_MARGIN_MS)
    .sort((a, b) => a.at - b.at);
  for (const sighting of ordered) timeline.add(sighting);
  return timeline.spans();
}

function creationOf({ description }: StreamInput): number | undefined {
  return 'Error' in description
    ? undefined
    : description.StreamCreationTimestamp?.getTime();
}

/** Spans that grow with every sighting, in the order of time. */
class Timeline {
  readonly #now: number;
  readonly #closed: KeySpan[] = [];
  #current: KeySpan;
  #lastSeen = EARLIEST;
  /** The last Start of unknown effect: the key it would have applied, and by whom. */
  #attempt: Extract<Sighting, { kind: 'UNCERTAIN' }> | undefined;

  constructor(from: number, now: number) {
    this.#now = now;
    this.#current = {
      from,
      to: now,
      KeyId: undefined,
      known: 'BEFORE_RECORDS',
    };
  }

  spans(): KeySpan[] {
    return [...this.#closed, this.#current];
  }

  add(sighting: Sighting): void {
    const { at, KeyId } = sighting;
    if (sighting.kind === 'APPLIED') {
      const { known, KeyArn, by } = sighting;
      this.#begin({ from: at, KeyId, KeyArn, known, by });
      this.#attempt = undefined;
    } else if (sighting.kind === 'UNCERTAIN') {
      this.#begin({ from: at, KeyId: undefined, known: 'SEEN' });
      this.#attempt = sighting;
    } else if (this.#current.KeyId === undefined) {
      this.#identify(at, KeyId);
      this.#attempt = undefined;
    } else if (this.#current.KeyId !== KeyId) {
      const notBefore = this.#lastSeen;
      this.#begin({ from: notBefore, KeyId: undefined, known: 'SEEN' });
      this.#begin({ from: at, KeyId, known: 'SEEN', seenAt: at, notBefore });
    }
    this.#lastSeen = at;
    if (sighting.kind !== 'SEEN' || !sighting.isVerified) return;
    if (this.#current.KeyId === KeyId) this.#current.verifiedAt = at;
  }

  #begin(next: Omit<KeySpan, 'to'>): void {
    const { from, known, KeyId } = this.#current;
    // What a first rotation found, though only the moment of it is known.
    const isFound = known === 'BEFORE_RECORDS' && KeyId !== undefined;
    if (next.from > from || isFound) {
      this.#closed.push({ ...this.#current, to: next.from });
    }
    this.#current = { ...next, to: this.#now };
  }

  /** Handles a key that is seen in a span whose key was unknown. */
  #identify(at: number, KeyId: string | null): void {
    const before = this.#closed.at(-1);
    const attempt = this.#attempt;
    const isUndone = attempt?.isUndone && before?.KeyId === KeyId;
    if (attempt && (attempt.KeyId === KeyId || isUndone)) {
      const { by } = attempt;
      this.#current = { ...this.#current, KeyId, known: 'FAILED_ROTATION', by };
    } else if (before === undefined) {
      this.#begin({ from: at, KeyId, known: 'BEFORE_RECORDS', seenAt: at });
    } else if (before.KeyId === KeyId) {
      this.#closed.pop();
      this.#current = { ...before, to: this.#now };
    } else {
      const notBefore = this.#current.from;
      this.#begin({ from: at, KeyId, known: 'SEEN', seenAt: at, notBefore });
    }
  }
}

/** How a span is known to begin with a Start. */
const APPLICATIONS: readonly KeySpan['known'][] = [
  'ROTATION',
  'FAILED_ROTATION',
  'REPORTED',
  'LEDGER',
];

/** Whether a key was applied, and no probe has proved it since. */
export function isUnverified({ KeyId, known, verifiedAt }: KeySpan): boolean {
  return Boolean(KeyId) && APPLICATIONS.includes(known) && !verifiedAt;
}

/**
 * The span from which a key's age counts: that of the last application that a probe
 * has verified. A rotation that failed and restored the key has not made it younger.
 * Undefined where the span before is gone.
 */
export function ageSpan(spans: readonly KeySpan[]): KeySpan | undefined {
  const last = spans.at(-1);
  if (last === undefined) return undefined;
  if (isUnverified(last)) return ageSpan(spans.slice(0, -1));
  if (last.known !== 'ROLLBACK') return last;
  const at = spans.findLastIndex(
    ({ KeyId }, index) => index < spans.length - 1 && KeyId === last.KeyId,
  );
  return ageSpan(spans.slice(0, at + 1));
}
