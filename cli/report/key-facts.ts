import { currentKey, lastAppliedTo } from '../../shared/keys/current-key.ts';
import type { CurrentKey } from '../../shared/keys/key-ring.ts';
import { isUnverified, type KeySpan } from './key-history.ts';
import type { KmsRotation, StreamInput, StreamKey } from './report-input.ts';
import { describedKey } from './sightings.ts';

/** A key of a stream's ring, or its present key. Times are milliseconds. */
export interface KeyFacts {
  KeyId: string;
  KeyArn: string | undefined;
  /** Its place in the ring, from 1; undefined outside it. */
  place: number | undefined;
  /** Whether the stream is under it now. */
  isPresent: boolean;
  /** Of the key itself, as KMS has it; undefined where KMS did not describe it. */
  createdAt: number | undefined;
  origin: string | undefined;
  keyManager: string | undefined;
  keyState: string | undefined;
  account: string | undefined;
  /** Why KMS did not describe it, for people. */
  refusal: string | undefined;
  rotation: KmsRotation;
  /** When the stream last moved to it, if a record has the time. */
  movedAt: number | undefined;
  /** The last time at which the stream is known to have been under it, if not now. */
  lastAt: number | undefined;
}

/** The key of a stream now: the ARN that the ledger recorded, or that KMS has. */
export function presentKey(stream: StreamInput): CurrentKey {
  const { description, ledgerEntry, KeyArn } = stream;
  const KeyId = describedKey(description);
  const described = 'Error' in description ? {} : description;
  const lastApplied = lastAppliedTo(described, ledgerEntry);
  return currentKey(KeyId ?? undefined, lastApplied, KeyArn);
}

/**
 * @param spans of all time, as keyHistory has them
 * @param ageFrom since when the age of the present key counts
 */
export function keyFacts(
  stream: StreamInput,
  spans: readonly KeySpan[],
  ageFrom: number | undefined,
): KeyFacts[] {
  const { keys = [], ring = [] } = stream;
  const present = presentKey(stream);
  return keys.map((key, at) => {
    const isPresent = isSameKey(key, present);
    return {
      ...metadataOf(key),
      place: at < ring.length ? at + 1 : undefined,
      isPresent,
      ...(isPresent
        ? { movedAt: movedAt(spans, ageFrom), lastAt: undefined }
        : lastUse(key, spans)),
    };
  });
}

function metadataOf({ KeyId, Metadata, Refusal, rotation }: StreamKey) {
  return {
    KeyId,
    KeyArn: Metadata?.Arn,
    createdAt: Metadata?.CreationDate?.getTime(),
    origin: Metadata?.Origin,
    keyManager: Metadata?.KeyManager,
    keyState: Metadata?.KeyState,
    account: Metadata?.AWSAccountId,
    refusal: Refusal && `${Refusal.name}: ${Refusal.message}`,
    rotation,
  };
}

function isSameKey({ KeyId, Metadata }: StreamKey, other: CurrentKey): boolean {
  return Metadata?.Arn === undefined || other.KeyArn === null
    ? KeyId === other.KeyId
    : Metadata.Arn === other.KeyArn;
}

/** The age does not count from a key that no probe has proved; the move does. */
function movedAt(
  spans: readonly KeySpan[],
  ageFrom: number | undefined,
): number | undefined {
  const last = spans.at(-1);
  return last && isUnverified(last) ? last.from : ageFrom;
}

function lastUse(
  { KeyId, Metadata }: StreamKey,
  spans: readonly KeySpan[],
): Pick<KeyFacts, 'movedAt' | 'lastAt'> {
  const arn = Metadata?.Arn;
  const last = spans.findLast((span) =>
    span.KeyArn !== undefined && arn !== undefined
      ? span.KeyArn === arn
      : span.KeyId === KeyId,
  );
  if (last === undefined) return { movedAt: undefined, lastAt: undefined };
  const isApplied = last.known !== 'SEEN' && last.known !== 'BEFORE_RECORDS';
  return { movedAt: isApplied ? last.from : undefined, lastAt: last.to };
}

/**
 * How many different keys a ring has: after as many rotations a key returns.
 * Undefined for a stream without a ring.
 */
export function ringLength({ ring }: StreamInput): number | undefined {
  if (ring === undefined) return undefined;
  return new Set(ring.map(({ KeyId, Metadata }) => Metadata?.Arn ?? KeyId))
    .size;
}
