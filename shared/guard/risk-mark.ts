import { isDeepStrictEqual } from 'node:util';
import {
  changeEntry,
  type KeyAtRisk,
  type LedgerEntry,
  type Transition,
} from '../ledger/entry.ts';

/** A key that stays at risk is published again after this time. */
const AGAIN_MS = 24 * 60 * 60 * 1000;

/** A look at the keys that records of a stream need. */
export interface RiskSight {
  /** With `HasRemedy` false, it is published once. */
  Keys: readonly (KeyAtRisk & { HasRemedy: boolean })[];
  /** Milliseconds since the epoch. */
  At: number;
}

/**
 * Marks which keys are at risk, so that each is published once, and once a day while it
 * can be helped.
 *
 * @returns whether to publish them now
 */
export function markRisks(
  entry: LedgerEntry,
  { Keys, At }: RiskSight,
): Transition<boolean> {
  const { AtRisk, ...rest } = entry;
  const marked = Keys.map(({ KeyArn, State, Deadline }) => ({
    KeyArn,
    State,
    Deadline,
  }));
  if (marked.length === 0) {
    return AtRisk === undefined
      ? { answer: false }
      : { answer: false, entry: changeEntry(rest, {}) };
  }
  const known = AtRisk?.Keys ?? [];
  const isNew = marked.some(
    (key) => !known.some((one) => isDeepStrictEqual(one, key)),
  );
  const isDue =
    AtRisk !== undefined &&
    (AtRisk.PublishedAt === null ||
      (At >= AtRisk.PublishedAt + AGAIN_MS &&
        Keys.some(({ HasRemedy }) => HasRemedy)));
  if (isNew || isDue) {
    const mark = { Keys: marked, PublishedAt: At };
    return { answer: true, entry: changeEntry(entry, { AtRisk: mark }) };
  }
  if (AtRisk === undefined || marked.length === known.length) {
    return { answer: false };
  }
  const fewer = { ...AtRisk, Keys: marked };
  return { answer: false, entry: changeEntry(entry, { AtRisk: fewer }) };
}

/**
 * Marks that a message was not published after all, so that the next look publishes it.
 *
 * @param at when the look was that was to be published
 */
export function unpublishRisks(
  entry: LedgerEntry,
  at: number,
): Transition<void> {
  const { AtRisk } = entry;
  if (AtRisk?.PublishedAt !== at) return { answer: undefined };
  const mark = { ...AtRisk, PublishedAt: null };
  return { answer: undefined, entry: changeEntry(entry, { AtRisk: mark }) };
}
