import type { KeyMetadata } from '@aws-sdk/client-kms';
import { isOwnAlias, namedArn } from '../identifiers/key-id.ts';
import type { ResolvedKey } from '../keys/key-ring.ts';
import type { KeyAtRisk, KeyPeriod } from '../ledger/entry.ts';
import { neededUntil } from '../ledger/key-periods.ts';
import { remedyOf } from './remedy.ts';

/** The detail-type of the events that publish keys at risk. */
export const RISK_EVENT = 'Needed Key At Risk';

/** A key that records of a stream need, and that does not serve them until they expire. */
export interface KeyRisk extends KeyAtRisk {
  /** As it was submitted. */
  KeyId: string;
  /** The ledger knows the alias alone, and KeyArn is the key to which it resolved later. */
  IsPresumed?: true;
  /** When the last record under it expires, ISO 8601; null while the stream is under it. */
  NeededUntil: string | null;
  /** Commands of the AWS CLI, in their order; empty where none helps. */
  Remedy: string[];
}

/** A key of which it is not known whether it serves the records under it. */
export interface UnknownKey {
  KeyId: string;
  Reason: string;
}

export interface GuardFinding {
  Risks: KeyRisk[];
  Unknown: UnknownKey[];
}

/** A period of the ledger with what kms:DescribeKey answered. */
export interface SeenKey {
  period: KeyPeriod;
  /** Undefined where the ledger does not know which key an alias was. */
  key?: ResolvedKey | undefined;
}

interface Circumstances {
  streamArn: string;
  /** Of the stream now. */
  retentionHours: number;
  /** Milliseconds since the epoch. */
  now: number;
  /** The keys that were at risk at the look before. */
  before?: readonly KeyAtRisk[];
}

/** In these states KMS decrypts. */
const SERVING = ['Enabled', 'Updating'];

/**
 * The periods whose keys records of a stream still need. AWS does not disable or delete
 * the keys that it manages, `alias/aws/...`.
 */
export function neededPeriods(
  periods: readonly KeyPeriod[],
  { retentionHours, now }: Pick<Circumstances, 'retentionHours' | 'now'>,
): KeyPeriod[] {
  return periods.filter((period) => {
    const until = neededUntil(period, retentionHours);
    const isManaged = /(?:^|:)alias\/aws\//.test(period.KeyId);
    return !isManaged && (until === undefined || now < until);
  });
}

/** What to ask KMS for to see the key of a period; undefined where nothing names it. */
export function describableId({
  KeyId,
  KeyArn,
}: KeyPeriod): string | undefined {
  return KeyArn ?? (isOwnAlias(KeyId) ? undefined : KeyId);
}

/**
 * Judges the keys that records need. A key that cannot be described stays at risk where
 * it was before, since nothing shows that it serves again.
 *
 * @param seen the keys of {@link neededPeriods}
 */
export function judgeNeededKeys(
  seen: readonly SeenKey[],
  circumstances: Circumstances,
): GuardFinding {
  const risks = new Map<string, KeyRisk>();
  const Unknown: UnknownKey[] = [];
  for (const { period, key } of seen) {
    const known = key && stateOf(key, period, circumstances);
    if (known === undefined) {
      Unknown.push({ KeyId: period.KeyId, Reason: unknownReason(key) });
    }
    const state = known ?? stateBefore(period, circumstances);
    if (state === undefined || state === 'SERVES') continue;
    const risk = toRisk(state, period, key?.Metadata, circumstances);
    const other = risks.get(risk.KeyArn);
    risks.set(risk.KeyArn, other ? longer(other, risk) : risk);
  }
  return { Risks: [...risks.values()], Unknown };
}

/** Undefined where KMS did not say. */
function stateOf(
  { Metadata, Refusal }: ResolvedKey,
  period: KeyPeriod,
  { streamArn, retentionHours, now }: Circumstances,
): KeyAtRisk | 'SERVES' | undefined {
  if (Metadata?.Arn === undefined) {
    const KeyArn = arnOf(period, streamArn);
    return Refusal?.name === 'NotFoundException' && KeyArn !== undefined
      ? { KeyArn, State: 'NotFound', Deadline: 'now' }
      : undefined;
  }
  const { Arn: KeyArn, KeyState, DeletionDate, ValidTo } = Metadata;
  if (KeyState === undefined) return undefined;
  if (!SERVING.includes(KeyState)) {
    const Deadline = DeletionDate?.toISOString() ?? 'now';
    return { KeyArn, State: KeyState, Deadline };
  }
  // A record that is written now needs the key until then at least.
  const leftNow: KeyPeriod = { ...period, LeftAt: now };
  const until =
    neededUntil(period, retentionHours) ?? neededUntil(leftNow, retentionHours);
  return ValidTo && until !== undefined && ValidTo.getTime() < until
    ? { KeyArn, State: 'Expires', Deadline: ValidTo.toISOString() }
    : 'SERVES';
}

const arnOf = ({ KeyId, KeyArn }: KeyPeriod, streamArn: string) =>
  KeyArn ?? namedArn(KeyId, streamArn);

function stateBefore(
  period: KeyPeriod,
  { streamArn, before = [] }: Circumstances,
): KeyAtRisk | undefined {
  const arn = arnOf(period, streamArn);
  return before.find(({ KeyArn }) => KeyArn === arn);
}

function toRisk(
  state: KeyAtRisk,
  period: KeyPeriod,
  metadata: KeyMetadata | undefined,
  { retentionHours }: Circumstances,
): KeyRisk {
  const until = neededUntil(period, retentionHours);
  return {
    KeyId: period.KeyId,
    ...state,
    ...(period.IsPresumed && { IsPresumed: true }),
    NeededUntil: until === undefined ? null : new Date(until).toISOString(),
    Remedy: remedyOf(state, metadata),
  };
}

/**
 * The risk of which records last longer. Two periods may be of one key: one of them by an
 * id that was not resolved.
 */
export function longer(one: KeyRisk, other: KeyRisk): KeyRisk {
  const until = ({ NeededUntil }: KeyRisk) => NeededUntil ?? '~';
  return until(one) >= until(other) ? one : other;
}

function unknownReason(key: ResolvedKey | undefined): string {
  return key === undefined
    ? 'the ledger does not know which key the alias was'
    : (key.Refusal?.message ?? 'KMS shows no state');
}

/** For people: what the records under a key at risk meet. */
export function describeRisk({
  KeyArn,
  State,
  Deadline,
  NeededUntil,
}: Pick<KeyRisk, 'KeyArn' | 'State' | 'Deadline' | 'NeededUntil'>): string {
  const records =
    NeededUntil === null
      ? 'The stream is under it.'
      : `Records under it expire until ${NeededUntil}.`;
  return `${KeyArn} ${effectOf({ State, Deadline })}. ${records}`;
}

/** For people: the predicate of a sentence whose subject is the key. */
export function effectOf({
  State,
  Deadline,
}: Pick<KeyRisk, 'State' | 'Deadline'>): string {
  if (State === 'NotFound') {
    return 'does not exist: no record under it can be read again';
  }
  if (State === 'Expires') {
    return `has imported material that expires at ${Deadline}: no record under it can be read then`;
  }
  const now = `has KeyState ${State}: no record under it can be read now`;
  return Deadline === 'now' ? now : `${now}, and KMS deletes it at ${Deadline}`;
}
