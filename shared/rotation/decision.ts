import type { RotationRequest } from '../contract/request.ts';
import { quote } from '../errors/text.ts';
import { isDriftAlarm } from '../identifiers/service-names.ts';
import type { ChosenKey, CurrentKey } from '../keys/key-ring.ts';
import type { KeyPlan } from './state.ts';

/** The chosen key, and for people why, where the key alone does not say it. */
export interface Target extends ChosenKey {
  /** Whether a REVERT returns to it. */
  IsReturn?: true;
  Reason?: string;
  /** When a key was applied since UnlessAppliedSince, ISO 8601. */
  AppliedAt?: string;
}

/** Decides whether the chosen key has to be applied, and says why, for people. */
export function decide(
  chosen: Target,
  current: CurrentKey,
  request: RotationRequest,
): readonly ['ROTATE' | 'UNCHANGED', string] {
  const { AppliedAt, Reason } = chosen;
  if (AppliedAt !== undefined) {
    return ['UNCHANGED', `a key was applied at ${AppliedAt}`];
  }
  const [decision, reason] = compare(chosen, current, request);
  return [decision, Reason ?? reason];
}

function compare(
  chosen: ChosenKey,
  current: CurrentKey,
  { Force, KeyIds, Mode = 'ROTATE' }: RotationRequest,
): readonly ['ROTATE' | 'UNCHANGED', string] {
  if (current.KeyId === null) return ['ROTATE', 'the stream is not encrypted'];
  if (chosen.KeyArn !== current.KeyArn) {
    return chosen.KeyId === current.KeyId
      ? [
          'ROTATE',
          `${chosen.KeyId} resolves to another key than when it was applied`,
        ]
      : ['ROTATE', `the stream is under ${current.KeyId}`];
  }
  if (Force) return ['ROTATE', 'Force: the key is applied again'];
  if (!current.IsPresumed)
    return ['UNCHANGED', 'the stream already has the key'];
  const unknown = `the ledger does not know which key ${current.KeyId} was when it was applied`;
  return KeyIds?.length === 1 && Mode === 'ROTATE'
    ? ['ROTATE', unknown]
    : ['UNCHANGED', `${unknown}; Force applies it again`];
}

/**
 * Why a rotation that changes nothing is a warning, for people: a REVERT, or a RESTORE
 * that an alarm of the user started. The drift alarm is not one of these: a stream that
 * keeps its key is as its ring wants it.
 *
 * @param reason why the stream keeps its key
 */
export function warningOf(
  { Mode, Trigger }: Pick<RotationRequest, 'Mode' | 'Trigger'>,
  { KeyId, StreamName }: { KeyId: string; StreamName: string },
  reason: string,
): string | undefined {
  const isOfAlarm =
    Mode === 'RESTORE' &&
    Trigger?.Source === 'alarm' &&
    !isDriftAlarm(Trigger.AlarmName, StreamName);
  return Mode === 'REVERT' || isOfAlarm
    ? `The stream keeps ${quote(KeyId)}, and this rotation helps no writer or reader: ${reason}`
    : undefined;
}

/**
 * The key that a rotation replaces. Its ARN is unknown where the same alias is applied
 * again, and the ledger does not know which key that was before.
 */
export function previousKey(
  chosen: ChosenKey,
  current: CurrentKey,
): CurrentKey {
  return current.IsPresumed && chosen.KeyId === current.KeyId
    ? { ...current, KeyArn: null }
    : current;
}

/** The key of an alias before it was pointed elsewhere, where the stream is under it. */
export function repointedFrom(
  chosen: ChosenKey,
  current: CurrentKey,
): Pick<KeyPlan, 'RepointedFrom'> {
  const isRepointed =
    chosen.KeyId === current.KeyId && chosen.KeyArn !== current.KeyArn;
  return isRepointed && current.KeyArn !== null
    ? { RepointedFrom: current.KeyArn }
    : {};
}
