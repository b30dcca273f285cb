import * as v from 'valibot';
import {
  ALARM_NAME,
  MAX_BAKE_ALARMS,
  parseRequest,
  type RotationRequest,
} from '../contract/request.ts';
import { quote } from '../errors/text.ts';
import { KEY_ID_FORMS, parseKeyId } from '../identifiers/key-id.ts';
import { isObject } from '../json.ts';
import {
  ACCESS_FIELDS,
  type AccessSettings,
  checkAccessSettings,
} from './access-settings.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { WATCHED_METRICS, watchAlarmName } from './watch-alarms.ts';

/** Fields of a stream that go into every request for it as they are. */
const REQUEST_FIELDS = [
  'StreamName',
  'KeyIds',
  'RevertWithinMinutes',
  'OnQuotaExhausted',
  'OnVerificationFailed',
  'KeepSlotForRollback',
  'BakeMinutes',
  'BakeAlarms',
  'Probe',
] as const;

const REQUESTED: readonly string[] = REQUEST_FIELDS;

/** Everything that rotations.yml may say of a stream, as docs show it. */
export const STREAM_FIELDS = [
  ...REQUEST_FIELDS,
  'FormerKeyIds',
  'AllowOtherKeys',
  'AllowOtherProbes',
  'Schedule',
  'StartDate',
  'Timezone',
  'MaximumWindowInMinutes',
  'Alarms',
  'OnDrift',
  ...ACCESS_FIELDS,
  'WatchStream',
] as const;

/** The modes in which an alarm can start a rotation. */
const ALARM_MODES = ['RESTORE', 'REVERT'] as const;

export type AlarmMode = (typeof ALARM_MODES)[number];

/** An alarm of a stream. A plain name is that of one with the Mode RESTORE. */
interface StreamAlarm {
  Name: string;
  Mode: AlarmMode;
}

/** A stream of rotations.yml. */
export interface RotationsStream extends AccessSettings {
  StreamName: string;
  KeyIds: string[];
  RevertWithinMinutes?: number;
  OnQuotaExhausted?: RotationRequest['OnQuotaExhausted'];
  OnVerificationFailed?: RotationRequest['OnVerificationFailed'];
  KeepSlotForRollback?: boolean;
  BakeMinutes?: number;
  BakeAlarms?: string[];
  Probe?: RotationRequest['Probe'];
  /** Keys of other accounts to which a rollback may return the stream. */
  FormerKeyIds?: string[];
  /** Whether requests may move the stream to keys outside its ring. */
  AllowOtherKeys?: boolean;
  /** Whether requests may write a probe of their own into the stream. */
  AllowOtherProbes?: boolean;
  /** `rate(...)` or `cron(...)`, as EventBridge Scheduler has them. */
  Schedule?: string;
  /** When the first rotation of `rate(...)` starts, ISO 8601; at once without it. */
  StartDate?: string;
  /** Of `cron(...)`, as in the IANA time zone database; UTC without it. */
  Timezone?: string;
  /** How late, in minutes, Scheduler may start a rotation; on time without it. */
  MaximumWindowInMinutes?: number;
  /** CloudWatch alarms that start a rotation, besides the drift alarm. */
  Alarms?: (string | StreamAlarm)[];
  /** Whether drift starts a RESTORE (default), or only notifies. */
  OnDrift?: 'RESTORE' | 'ALERT';
  /** Whether the bake also watches alarms on the stream's own metrics. */
  WatchStream?: boolean;
}

const WINDOW_MINUTES = 1440;

/** What a request for a stream of rotations.yml says. */
export function requestFor(entry: RotationsStream): Record<string, unknown> {
  return Object.fromEntries(
    REQUEST_FIELDS.map((field) => [field, entry[field]] as const).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

/**
 * Checks a stream of rotations.yml.
 *
 * @throws {Error} naming the field and the value
 */
export function readStream(entry: Record<string, unknown>): RotationsStream {
  const known: readonly string[] = STREAM_FIELDS;
  const unknown = Object.keys(entry).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    throw new Error(
      `${quote(unknown)} is not a field of a stream; known are ${known.join(', ')}`,
    );
  }
  const request = Object.fromEntries(
    Object.entries(entry).filter(([field]) => REQUESTED.includes(field)),
  );
  checkLiterals(entry);
  const watched = checkWatch(entry);
  parseRequest({ StreamName: '', KeyIds: [], ...request, ...watched });
  checkTimes(entry);
  checkAlarms(entry.Alarms);
  checkBoundary(entry);
  checkDrift(entry.OnDrift);
  checkAccessSettings(entry);
  return entry as unknown as RotationsStream;
}

function checkTimes(entry: Record<string, unknown>): void {
  const { Schedule, Timezone, MaximumWindowInMinutes: window } = entry;
  if (Schedule === undefined) {
    const field = ['StartDate', 'Timezone', 'MaximumWindowInMinutes'].find(
      (name) => name in entry,
    );
    if (field === undefined) return;
    throw new Error(
      `${field} ${quote(entry[field])} is given without Schedule; give both or neither`,
    );
  }
  checkStartDate(entry.StartDate, parseSchedule(Schedule));
  if (Timezone !== undefined && !isTimezone(Timezone)) {
    throw new Error(
      `Timezone ${quote(Timezone)} is not a name of the IANA time zone database; expected UTC, Europe/Berlin and the like`,
    );
  }
  const isWindow =
    Number.isInteger(window) &&
    Number(window) >= 1 &&
    Number(window) <= WINDOW_MINUTES;
  if (window !== undefined && !isWindow) {
    throw new Error(
      `MaximumWindowInMinutes ${quote(window)} is not a whole number from 1 to ${WINDOW_MINUTES}`,
    );
  }
}

const START_DATE = v.pipe(v.string(), v.isoTimestamp());

function checkStartDate(value: unknown, schedule: Schedule): void {
  if (value === undefined) return;
  if (!('RateMinutes' in schedule)) {
    throw new Error(
      `StartDate ${quote(value)} is given with cron(...), which has its own times; leave it out`,
    );
  }
  if (v.is(START_DATE, value)) return;
  throw new Error(
    `StartDate ${quote(value)} is not a time; expected ISO 8601, as "2027-01-12T03:00:00Z"`,
  );
}

function checkDrift(value: unknown): void {
  if (value === undefined || value === 'RESTORE' || value === 'ALERT') return;
  throw new Error(`OnDrift ${quote(value)} is not one of RESTORE, ALERT`);
}

/**
 * The BakeAlarms of a stream with WatchStream, with the alarms on its own metrics as
 * one stage names them: every stage has as many.
 */
function checkWatch({
  WatchStream: watch,
  BakeMinutes,
  BakeAlarms = [],
  StreamName,
}: Record<string, unknown>): { BakeAlarms?: unknown } {
  if (watch === undefined || watch === false) return {};
  if (watch !== true) {
    throw new Error(`WatchStream ${quote(watch)} is not true or false`);
  }
  if (BakeMinutes === undefined) {
    throw new Error(
      'WatchStream true watches the stream during the bake, and BakeMinutes is missing; give BakeMinutes too, such as 15',
    );
  }
  if (!Array.isArray(BakeAlarms)) return {};
  const own = WATCHED_METRICS.map((metric) =>
    watchAlarmName('stage', String(StreamName), metric),
  );
  const most = MAX_BAKE_ALARMS - own.length;
  if (BakeAlarms.length > most) {
    throw new Error(
      `BakeAlarms has ${BakeAlarms.length} alarms, and WatchStream adds ${own.length}; a bake watches at most ${MAX_BAKE_ALARMS}, so give at most ${most}`,
    );
  }
  return { BakeAlarms: [...BakeAlarms, ...own] };
}

function checkBoundary(entry: Record<string, unknown>): void {
  for (const field of ['AllowOtherKeys', 'AllowOtherProbes']) {
    const value = entry[field];
    if (value === undefined || typeof value === 'boolean') continue;
    throw new Error(`${field} ${quote(value)} is not true or false`);
  }
  const { FormerKeyIds: former } = entry;
  if (former === undefined) return;
  if (!Array.isArray(former)) {
    throw new Error(`FormerKeyIds ${quote(former)} is not a list of key ids`);
  }
  const bad = former.find(
    (keyId) => typeof keyId !== 'string' || parseKeyId(keyId) === undefined,
  );
  if (bad === undefined) return;
  throw new Error(
    `FormerKeyIds ${quote(bad)} is not a key id; expected ${KEY_ID_FORMS}`,
  );
}

/** CloudFormation would read these as something to look up. */
function checkLiterals(entry: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(entry)) {
    if (!/\$\{|\{\{resolve:/.test(JSON.stringify(value) ?? '')) continue;
    throw new Error(
      `${field} holds \${ or {{resolve:, which CloudFormation does not leave as they are; do without`,
    );
  }
}

/** Intl also takes offsets and any spelling of case, Scheduler does not. */
function isTimezone(timezone: unknown): boolean {
  if (typeof timezone !== 'string' || !/^[A-Z]/.test(timezone)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', {
      timeZone: timezone,
    }).resolvedOptions();
    const isSpelledSo = timeZone === timezone;
    // Another name for it, or the same in another case?
    return isSpelledSo || timeZone.toLowerCase() !== timezone.toLowerCase();
  } catch {
    return false;
  }
}

/** The names of a stream's own alarms that start a rotation in a mode. */
export function alarmNames(
  { Alarms = [] }: Pick<RotationsStream, 'Alarms'>,
  mode: AlarmMode,
): string[] {
  return Alarms.map(toAlarm).flatMap(({ Name, Mode }) =>
    Mode === mode ? [Name] : [],
  );
}

const toAlarm = (alarm: string | StreamAlarm): StreamAlarm =>
  typeof alarm === 'string' ? { Name: alarm, Mode: 'RESTORE' } : alarm;

function checkAlarms(alarms: unknown): void {
  if (alarms === undefined) return;
  if (!Array.isArray(alarms)) {
    throw new Error(
      `Alarms ${quote(alarms)} is not a list of alarm names, or of maps of Name and Mode`,
    );
  }
  const names = alarms.map(checkAlarm);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) {
    throw new Error(`Alarms ${quote(twice)} is listed twice`);
  }
}

/** @returns the name of the alarm */
function checkAlarm(alarm: unknown): string {
  const { Name, Mode, ...rest } = isObject(alarm)
    ? alarm
    : { Name: alarm, Mode: 'RESTORE' };
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new Error(
      `Alarms ${quote(unknown)} is not a field of an alarm; known are Name, Mode`,
    );
  }
  if (typeof Name !== 'string' || !ALARM_NAME.test(Name)) {
    throw new Error(
      `Alarms ${quote(Name)} is not the name of an alarm; expected 1 to 255 characters, none of them a control character`,
    );
  }
  if (!ALARM_MODES.some((mode) => mode === Mode)) {
    throw new Error(
      `Alarms: Mode ${quote(Mode)} of ${quote(Name)} is not one of ${ALARM_MODES.join(', ')}`,
    );
  }
  return Name;
}
