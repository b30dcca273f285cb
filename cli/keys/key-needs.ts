import { namedArn } from '../../shared/identifiers/key-id.ts';
import { type KeyUse, type StreamUses, usesOf } from './key-uses.ts';
import type { ResolveKeyId, StreamFacts } from './stream-facts.ts';

/**
 * Whether records need a key:
 *
 * - `IN_USE`: a stream is, or may be, under it now
 * - `NEEDED`: records under it are retained
 * - `NOT_KNOWN`: no record is known to need it, and not all streams are known
 * - `NOT_NEEDED`: no record of the streams of the account and Region that the ledger
 *   knows is under it any more
 */
type Verdict = 'IN_USE' | 'NEEDED' | 'NOT_KNOWN' | 'NOT_NEEDED';

/** A key that streams are or were under. Times are milliseconds since the epoch. */
export interface KeyNeed {
  /** Undefined where no key ARN is known. */
  KeyArn: string | undefined;
  /** As the streams have or had it. */
  keyIds: string[];
  verdict: Verdict;
  /** Until when records under it are retained; undefined while it is in use. */
  neededUntil: number | undefined;
  /** Why more than that may be needed, for people. */
  unknown: string[];
  /** Of every stream, also those whose key may be this one. */
  uses: KeyUse[];
}

/** What is asked of all streams. */
export interface NeedsInput {
  streams: readonly StreamFacts[];
  resolve: ResolveKeyId;
  /** Why there may be further streams in the account and Region, for people. */
  unknown: readonly string[];
  now: number;
}

/**
 * Decides for every key of the streams until when their records need it.
 *
 * @returns the keys by their first KeyId
 */
export function keyNeeds({
  streams,
  resolve,
  unknown,
  now,
}: NeedsInput): KeyNeed[] {
  const read = streams.map((facts) => usesOf(facts, resolve, now));
  const uses = read.flatMap((stream) => stream.uses);
  const arnsOf = possibleArns(uses, resolve);
  const anyKey = uses
    .filter((use) => isNeeded(use, now) && arnsOf(use) === 'ANY')
    .map(anyKeyReason);
  const forAll = [
    ...unknown,
    ...read.flatMap((stream) => stream.unknown ?? []),
    ...new Set(anyKey),
  ];
  const groups = new Map<string, KeyUse[]>();
  for (const use of uses) {
    const arns = arnsOf(use);
    const names = arns === 'ANY' ? [use.KeyId] : arns;
    for (const name of names) {
      groups.set(name, [...(groups.get(name) ?? []), use]);
    }
  }
  return [...groups]
    .map(([name, of]) => {
      const isArn = of.some((use) => arnsOf(use) !== 'ANY');
      const KeyArn = isArn ? name : undefined;
      const before = KeyArn === undefined ? [] : beforeLedger(KeyArn, of);
      return decide(KeyArn, of, [...forAll, ...before], now);
    })
    .toSorted((a, b) => (sortText(a) < sortText(b) ? -1 : 1));

  /** What streams were under before the ledger knew them, where their ring says it. */
  function beforeLedger(arn: string, of: readonly KeyUse[]): string[] {
    return read
      .filter(({ facts }) => !of.some((use) => isOfStream(use, facts)))
      .filter(({ facts }) => mayHaveBeenUnder(facts, arn, resolve))
      .flatMap((stream) => beforeReason(stream, now) ?? []);
  }
}

const isOfStream = (use: KeyUse, { StreamARN }: StreamFacts) =>
  use.StreamARN === StreamARN;

const sortText = ({ keyIds, KeyArn = '' }: KeyNeed) => `${keyIds[0]} ${KeyArn}`;

function mayHaveBeenUnder(
  { listed }: StreamFacts,
  arn: string,
  resolve: ResolveKeyId,
): boolean {
  const { KeyIds = [], FormerKeyIds = [] } = listed ?? {};
  return [...KeyIds, ...FormerKeyIds].some(
    (keyId) => keyId === arn || resolve(keyId) === arn,
  );
}

function beforeReason(
  { facts, unknownUntil }: StreamUses,
  now: number,
): string | undefined {
  if (unknownUntil === undefined || unknownUntil <= now) return undefined;
  return `rotations.yml names it for ${facts.StreamName}, whose records from before the ledger knew the stream are retained until ${new Date(unknownUntil).toISOString()}`;
}

function decide(
  KeyArn: string | undefined,
  uses: readonly KeyUse[],
  reasons: readonly string[],
  now: number,
): KeyNeed {
  const unknown =
    KeyArn === undefined
      ? [...new Set([...reasons, ...uses.map(anyKeyReason)])]
      : [...reasons];
  const isInUse = uses.some(({ until }) => until === undefined);
  const last = Math.max(...uses.map(({ until = 0 }) => until));
  return {
    KeyArn,
    keyIds: [...new Set(uses.map(({ KeyId }) => KeyId))].toSorted(),
    verdict: verdictOf(isInUse, last > now, unknown.length > 0),
    neededUntil: isInUse ? undefined : last,
    unknown,
    uses: uses.toSorted((a, b) =>
      a.StreamName === b.StreamName
        ? a.From - b.From
        : a.StreamName < b.StreamName
          ? -1
          : 1,
    ),
  };
}

function verdictOf(
  isInUse: boolean,
  isNeeded: boolean,
  isUnknown: boolean,
): Verdict {
  if (isInUse) return 'IN_USE';
  if (isNeeded) return 'NEEDED';
  return isUnknown ? 'NOT_KNOWN' : 'NOT_NEEDED';
}

const isNeeded = ({ until }: KeyUse, now: number) =>
  until === undefined || until > now;

const anyKeyReason = ({ KeyId, StreamName }: KeyUse) =>
  `which key ${KeyId} was on ${StreamName} is not known, and it may be any key`;

/**
 * The key ARNs that a use may be of: an alias may have pointed to another key when it
 * was applied, as far as it is known to have pointed to one. `ANY` where none is known.
 */
function possibleArns(
  uses: readonly KeyUse[],
  resolve: ResolveKeyId,
): (use: KeyUse) => string[] | 'ANY' {
  const known = new Map<string, Set<string>>();
  for (const { KeyId, KeyArn } of uses) {
    if (KeyArn === undefined) continue;
    known.set(KeyId, (known.get(KeyId) ?? new Set()).add(KeyArn));
  }
  return ({ KeyId, KeyArn, IsPresumed, StreamARN }) => {
    if (KeyArn !== undefined && !IsPresumed) return [KeyArn];
    const named = namedArn(KeyId, StreamARN);
    if (named !== undefined) return [named];
    const resolved = resolve(KeyId);
    const arns = new Set(known.get(KeyId));
    if (KeyArn !== undefined) arns.add(KeyArn);
    if (resolved !== undefined) arns.add(resolved);
    return resolved === undefined && KeyArn === undefined ? 'ANY' : [...arns];
  };
}
