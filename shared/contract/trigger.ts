import * as v from 'valibot';
import { quote } from '../errors/text.ts';
import { fieldOf } from '../json.ts';
import { choice, objectMessage } from './field-checks.ts';

/**
 * What started a rotation, as the request says: a claim, whose proof is CloudTrail's
 * event of StartExecution.
 */
export type Trigger = Record<string, string | number | boolean | null>;

const TRIGGER_FIELD = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,128}$/u;
/** Bytes of its JSON: the last state gets it twice, and takes at most 256 KiB. */
const TRIGGER_BYTES = 16_384;
const MAX_TRIGGER_TEXT = 1024;

/** Fields with a meaning of their own, each with its form and the words for it. */
const KNOWN_FIELDS: Record<string, [form: RegExp, expected: string]> = {
  Ticket: [
    /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,256}$/u,
    'a string of 1 to 256 visible characters',
  ],
  CallerArn: [
    /^arn:[^\s\p{Cc}\p{Cf}\p{Cs}]{1,1020}$/u,
    'an ARN of at most 1,024 visible characters',
  ],
};

/** Flat by design: it is copied into logs and into a DynamoDB item. */
export const TRIGGER = v.pipe(
  v.looseObject(
    { Source: choice('Trigger.Source', ['schedule', 'manual', 'alarm']) },
    (issue) => objectMessage('Trigger', issue),
  ),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const trigger = withoutEvent(dataset.value);
    const fields = Object.entries(trigger);
    if (fields.length > 20) {
      addIssue({
        message: 'Trigger has more than 20 fields',
      });
      return NEVER;
    }
    const wrong = wrongField(trigger);
    if (wrong !== undefined) {
      addIssue({ message: wrong });
      return NEVER;
    }
    for (const [field, value] of fields) {
      if (!TRIGGER_FIELD.test(field)) {
        addIssue({
          message: `Trigger has a field ${quote(field)}; expected a name of 1 to 128 visible characters`,
        });
        return NEVER;
      }
      if (isPlain(value)) continue;
      addIssue({
        message: `Trigger.${field} ${quote(value)} must be a string of at most 1,024 characters, a number of at most 15 digits, a boolean or null`,
      });
      return NEVER;
    }
    const bytes = Buffer.byteLength(JSON.stringify(trigger));
    if (bytes > TRIGGER_BYTES) {
      addIssue({
        message: `Trigger has ${bytes} bytes as JSON; it may have ${TRIGGER_BYTES}`,
      });
      return NEVER;
    }
    return trigger as Trigger;
  }),
);

/** What is wrong with a field that has a form of its own. */
function wrongField(trigger: Record<string, unknown>): string | undefined {
  for (const [field, [form, expected]] of Object.entries(KNOWN_FIELDS)) {
    const value = trigger[field];
    if (value === undefined) continue;
    if (typeof value === 'string' && form.test(value)) continue;
    return `Trigger.${field} ${quote(value)} is not ${expected}`;
  }
  return undefined;
}

/**
 * An alarm's rule passes CloudWatch's whole event. Of that, the name of the alarm, the
 * reason and the time of its change are kept.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */
function withoutEvent(
  trigger: Record<string, unknown>,
): Record<string, unknown> {
  if (trigger.Source !== 'alarm' || !('Event' in trigger)) return trigger;
  const { Event, ...rest } = trigger;
  const detail = fieldOf(Event, 'detail');
  const state = fieldOf(detail, 'state');
  const kept = {
    AlarmName: fieldOf(detail, 'alarmName'),
    Reason: fieldOf(state, 'reason'),
    Time: fieldOf(state, 'timestamp'),
  };
  const texts = Object.entries(kept)
    .filter(([, value]) => typeof value === 'string')
    .map(([field, value]) => [field, cut(value as string)]);
  return { ...rest, ...Object.fromEntries(texts) };
}

/** To what a field of a trigger holds, without half of a character. */
const cut = (text: string) => text.slice(0, MAX_TRIGGER_TEXT).toWellFormed();

function isPlain(value: unknown): value is Trigger[string] {
  if (typeof value === 'string') {
    return value.length <= MAX_TRIGGER_TEXT && value.isWellFormed();
  }
  if (typeof value === 'number') {
    const size = Math.abs(value);
    return size === 0 || (size >= 1e-100 && size <= Number.MAX_SAFE_INTEGER);
  }
  return value === null || typeof value === 'boolean';
}
