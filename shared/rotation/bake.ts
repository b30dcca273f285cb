import type { RotationRequest } from '../contract/request.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import type { WatchedAlarm } from '../lookup/describe-alarms.ts';
import type { Bake, BakePlan, PlannedState } from './state.ts';

const MINUTE_MS = 60_000;

/** The bake of a request. RESTORE and REVERT have none: alarms start them. */
export function bakePlan({
  Mode,
  BakeMinutes,
  BakeAlarms,
  Force,
}: Pick<RotationRequest, 'Mode' | 'BakeMinutes' | 'BakeAlarms' | 'Force'>):
  | BakePlan
  | undefined {
  const isRotate = Mode === undefined || Mode === 'ROTATE';
  return !isRotate || !BakeMinutes || BakeAlarms === undefined
    ? undefined
    : { Minutes: BakeMinutes, Alarms: BakeAlarms, Force };
}

/** By how much longer a rotation with a bake holds its stream, in milliseconds. */
export const bakeMs = (bake: BakePlan | undefined): number =>
  (bake?.Minutes ?? 0) * MINUTE_MS;

/**
 * Judges the alarms of a rotation: before the Start, and during the bake after its
 * probe. An alarm counts in the state ALARM, and where CloudWatch does not show it.
 *
 * @param alarms those that CloudWatch shows
 * @param now milliseconds since the epoch
 * @throws {RotationError} AlarmBeforeStart, AlarmDuringBake
 */
export function judgeAlarms(
  {
    Plan,
    Verification,
    Bake,
  }: Pick<PlannedState, 'Plan' | 'Verification' | 'Bake'>,
  bake: BakePlan,
  alarms: readonly WatchedAlarm[],
  now: number,
): Bake {
  const ignored = Verification === undefined ? [] : (Bake?.Ignored ?? []);
  const watched = bake.Alarms.filter((name) => !ignored.includes(name));
  const raised = watched.flatMap((name) => raisedAlarm(name, alarms));
  if (Verification === undefined) {
    if (raised.length > 0 && !bake.Force) {
      throw new RotationError(
        'AlarmBeforeStart',
        `StreamName ${quote(Plan.StreamName)} was not moved: ${textOf(raised)} before the Start. Start the rotation again when the alarm is OK, or with Force, which leaves that alarm out of the bake`,
      );
    }
    const Ignored = raised.map(({ name }) => name);
    return { Status: 'CLEAR', Ignored, WaitSeconds: 0 };
  }
  if (raised.length > 0) {
    throw new RotationError(
      'AlarmDuringBake',
      `StreamName ${quote(Plan.StreamName)} was moved to ${quote(Plan.KeyId)}, and during the bake of ${bake.Minutes} minutes ${textOf(raised)}. Look at the writers and readers before you move it again`,
    );
  }
  const endsAt = Date.parse(Verification.VerifiedAt) + bakeMs(bake);
  const leftMs = endsAt - now;
  return leftMs > 0
    ? {
        Status: 'BAKING',
        Ignored: ignored,
        WaitSeconds: Math.ceil(Math.min(leftMs, MINUTE_MS) / 1000),
      }
    : {
        Status: 'BAKED',
        Ignored: ignored,
        WaitSeconds: 0,
        BakedUntil: new Date(now).toISOString(),
      };
}

interface RaisedAlarm {
  name: string;
  /** For people. */
  why: string;
}

function raisedAlarm(
  name: string,
  alarms: readonly WatchedAlarm[],
): RaisedAlarm[] {
  const alarm = alarms.find(({ AlarmName }) => AlarmName === name);
  if (alarm === undefined) {
    return [{ name, why: 'does not exist, or is a composite alarm' }];
  }
  if (alarm.StateValue !== 'ALARM') return [];
  const since = alarm.Since && ` since ${alarm.Since.toISOString()}`;
  return [{ name, why: `was in ALARM${since ?? ''}` }];
}

const textOf = (raised: readonly RaisedAlarm[]): string =>
  raised.map(({ name, why }) => `alarm ${quote(name)} ${why}`).join(', and ');
