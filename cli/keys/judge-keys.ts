import type { KMSClient } from '@aws-sdk/client-kms';
import {
  judgeNeededKeys,
  type KeyRisk,
  longer,
  neededPeriods,
} from '../../shared/guard/needed-key.ts';
import { parseKeyId } from '../../shared/identifiers/key-id.ts';
import type { ResolvedKey } from '../../shared/keys/key-ring.ts';
import { refusalText, resolveKey } from '../discovery/account-streams.ts';
import { type KeyNeed, keyNeeds } from './key-needs.ts';
import { type KeyState, keyState } from './key-state.ts';
import type { AccountLook } from './read-streams.ts';
import type { StreamFacts } from './stream-facts.ts';

/** A key with what records need of it, and with what KMS says of it now. */
export interface JudgedKey extends KeyNeed {
  state: KeyState;
  /** What keeps it from serving the records that need it, as the sweep judges it. */
  risk?: KeyRisk | undefined;
  /** The streams for which rotations.yml names it, in KeyIds or FormerKeyIds. */
  namedBy: string[];
}

/** Keys, and what the answer about them covers. */
export interface KeysAnswer {
  /** Milliseconds since the epoch. */
  at: number;
  keys: JudgedKey[];
  /** How many streams of the account and Region were looked at. */
  streams: number;
  /** Those of them that rotations.yml does not list, by name. */
  notManaged: string[];
  /** Keys of rotations.yml that KMS did not describe, for people. */
  unknownRings: string[];
}

/**
 * Judges the keys of streams, and describes them.
 *
 * @param isAbout whether the answer is about a stream; the others only count
 * @param now milliseconds since the epoch
 */
export async function judgeKeys(
  kms: KMSClient,
  region: string,
  { streams, listed }: AccountLook,
  isAbout: (streamName: string) => boolean,
  now: number,
): Promise<KeysAnswer> {
  const unknown =
    typeof listed === 'object'
      ? [
          `other streams of the account were not looked at: ListStreams: ${listed.Error}: ${listed.Cause}`,
        ]
      : [];
  const asked = new Map<string, Promise<ResolvedKey>>();
  const ask = (keyId: string) => {
    const answer = asked.get(keyId) ?? resolveKey(kms, keyId, region);
    asked.set(keyId, answer);
    return answer;
  };
  const named = await Promise.all(keyIdsOf(streams).map(ask));
  const known = new Map(named.map((key) => [key.KeyId, key]));
  const resolve = (keyId: string) => known.get(keyId)?.Metadata?.Arn;
  const needs = keyNeeds({ streams, resolve, unknown, now }).filter(
    ({ uses }) => uses.some(({ StreamName }) => isAbout(StreamName)),
  );
  const factsByName = new Map(
    streams.map((facts) => [facts.StreamName, facts]),
  );
  const byArn = new Map(named.map((key) => [key.Metadata?.Arn, key]));
  const keys = await Promise.all(
    needs.map(async (need): Promise<JudgedKey> => {
      const { KeyArn, keyIds } = need;
      const key =
        KeyArn === undefined
          ? { KeyId: String(keyIds[0]) }
          : (byArn.get(KeyArn) ?? (await ask(KeyArn)));
      const state = await keyState(kms, key);
      return {
        ...need,
        state,
        risk: riskOf(need, key, factsByName, now),
        namedBy: namesOf(KeyArn, streams, resolve),
      };
    }),
  );
  return {
    at: now,
    keys,
    streams: streams.length,
    notManaged: streams
      .filter(({ listed }) => listed === undefined)
      .map(({ StreamName }) => StreamName),
    unknownRings: unknownRings(streams, known),
  };
}

function riskOf(
  { KeyArn, uses }: KeyNeed,
  key: ResolvedKey,
  factsByName: ReadonlyMap<string, StreamFacts>,
  now: number,
): KeyRisk | undefined {
  const risks = uses.flatMap((use) => {
    const { look, record } = factsByName.get(use.StreamName) ?? {};
    const circumstances = {
      streamArn: use.StreamARN,
      retentionHours:
        look && 'RetentionPeriodHours' in look
          ? (look.RetentionPeriodHours ?? 0)
          : 0,
      now,
      before:
        record && 'entry' in record ? (record.entry.AtRisk?.Keys ?? []) : [],
    };
    const period = KeyArn === undefined ? use : { ...use, KeyArn };
    const needed = neededPeriods([period], circumstances);
    const seen = needed.map((period) => ({ period, key }));
    return judgeNeededKeys(seen, circumstances).Risks;
  });
  return risks.length === 0 ? undefined : risks.reduce(longer);
}

const ringOf = ({ listed }: StreamFacts) => [
  ...(listed?.KeyIds ?? []),
  ...(listed?.FormerKeyIds ?? []),
];

/** The KeyIds whose key KMS has to say: of rings, and where no key ARN is known. */
function keyIdsOf(streams: readonly StreamFacts[]): string[] {
  const all = streams.flatMap((stream) => {
    const { look, record } = stream;
    const entry = 'entry' in record ? record.entry : undefined;
    const history = 'history' in record ? record.history : [];
    return [
      ...('KeyId' in look ? [look.KeyId] : []),
      ...ringOf(stream),
      ...(entry?.KeyPeriods ?? [])
        .filter(({ KeyArn, IsPresumed }) => KeyArn === undefined || IsPresumed)
        .map(({ KeyId }) => KeyId),
      ...(entry?.Slots ?? []).map(({ KeyId }) => KeyId),
      ...history.map(({ PreviousKeyId }) => PreviousKeyId),
    ];
  });
  const given = all.filter((keyId) => keyId !== undefined && keyId !== null);
  // CloudTrail may have named no key.
  return [...new Set(given)].filter((keyId) => parseKeyId(keyId) !== undefined);
}

function namesOf(
  arn: string | undefined,
  streams: readonly StreamFacts[],
  resolve: (keyId: string) => string | undefined,
): string[] {
  return streams
    .filter((stream) =>
      ringOf(stream).some(
        (keyId) =>
          arn !== undefined && (keyId === arn || resolve(keyId) === arn),
      ),
    )
    .map(({ StreamName }) => StreamName);
}

/** An alias that does not exist is no key; one that KMS does not show may be any. */
function unknownRings(
  streams: readonly StreamFacts[],
  known: ReadonlyMap<string, ResolvedKey>,
): string[] {
  return [...new Set(streams.flatMap(ringOf))].flatMap((keyId) => {
    const key = known.get(keyId);
    const isKnown =
      key?.Metadata !== undefined || key?.Refusal?.name === 'NotFoundException';
    return isKnown ? [] : [`${keyId}: ${refusalText(key ?? { KeyId: keyId })}`];
  });
}
