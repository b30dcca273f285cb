import * as v from 'valibot';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { describeRisk } from '../guard/needed-key.ts';
import { STREAM_NAME } from '../identifiers/arn.ts';
import { parseKeyId } from '../identifiers/key-id.ts';
import { fieldOf } from '../json.ts';
import { cut, type Fact, mail, markdown, toSubject } from './message-text.ts';
import type { OutcomeMessage } from './outcome-message.ts';

/** Of the events that the sweep puts on the bus. */
const DETAIL_TYPE = 'Needed Key At Risk';

/** More keys are in the JSON alone. */
const MAX_KEYS = 10;
/** Characters of a title. */
const MAX_TITLE = 250;

const KEY = v.pipe(
  v.string(),
  v.check((text) => parseKeyId(text) !== undefined),
);
const TIME = v.pipe(v.string(), v.isoTimestamp());
/**
 * Commands without harm. A principal with events:PutEvents can write an event like this
 * one, and people copy its commands.
 */
const COMMAND = v.pipe(
  v.string(),
  v.regex(
    /^aws kms (?:enable-key|cancel-key-deletion|get-parameters-for-import|import-key-material|connect-custom-key-store|describe-key)(?: [\w:/.-]{1,512}){0,20}$/,
  ),
);
const RISK = v.looseObject({
  Stage: v.string(),
  StreamName: v.pipe(v.string(), v.regex(STREAM_NAME)),
  StreamARN: v.string(),
  At: TIME,
  Keys: v.pipe(
    v.array(
      v.looseObject({
        KeyId: KEY,
        KeyArn: KEY,
        State: v.pipe(v.string(), v.regex(/^[A-Za-z]{1,40}$/)),
        Deadline: v.union([TIME, v.literal('now')]),
        NeededUntil: v.nullable(TIME),
        IsPresumed: v.optional(v.boolean()),
        Remedy: v.array(COMMAND),
      }),
    ),
    v.minLength(1),
  ),
});

type Risk = v.InferOutput<typeof RISK>;

export const isRiskEvent = (event: unknown): boolean =>
  fieldOf(event, 'detail-type') === DETAIL_TYPE;

/**
 * Reads the keys at risk in an event that the sweep put on the bus.
 *
 * @throws {RotationError} InvalidRequest for another event
 */
export function riskOf(event: unknown): Risk {
  const detail = fieldOf(event, 'detail');
  if (v.is(RISK, detail)) return detail;
  throw new RotationError(
    'InvalidRequest',
    `detail ${quote(detail)} does not say which keys are at risk`,
  );
}

/** What subscribers of the topics read about keys at risk. */
export function riskMessage(
  risk: Risk,
  { stage, runbook }: { stage: string; runbook: string },
): OutcomeMessage {
  const { StreamName, StreamARN, At, Keys } = risk;
  const states = [...new Set(Keys.map(({ State }) => State))].join(', ');
  const title = cut(
    `${StreamName} (${stage}): needed key at risk, ${states}`,
    MAX_TITLE,
  );
  const shown = Keys.slice(0, MAX_KEYS);
  const text = shown.map((key) => describeRisk(key)).join(' ');
  const facts = [...shown.flatMap(factsOf), ...restOf(Keys.length)];
  const steps = [
    ...shown.flatMap(({ Remedy }) => Remedy),
    `Runbook: ${runbook}#alarm-needed-keys`,
  ];
  const all: Fact[] = [...facts, ['Looked at', At], ['Stream', StreamARN]];
  return {
    Subject: toSubject(title),
    Email: mail(title, text, all, steps),
    Chat: {
      version: '1.0',
      source: 'custom',
      content: {
        textType: 'client-markdown',
        title: markdown(title),
        description: [
          markdown(text),
          ...facts.map(([name, value]) => `*${name}* ${markdown(value)}`),
        ].join('\n'),
        nextSteps: steps.map(markdown),
        keywords: [markdown(StreamName), stage],
      },
      metadata: {
        threadId: `${StreamARN}/needed-keys`,
        summary: markdown(title),
        eventType: DETAIL_TYPE,
        relatedResources: [StreamARN, ...shown.map(({ KeyArn }) => KeyArn)],
        additionalContext: { StreamName, States: states },
      },
    },
    Json: JSON.stringify(risk),
  };
}

function factsOf({
  KeyId,
  KeyArn,
  State,
  Deadline,
  NeededUntil,
  IsPresumed,
}: Risk['Keys'][number]): Fact[] {
  return [
    ['Key', KeyArn],
    ['Applied as', IsPresumed ? `${KeyId}, presumably` : KeyId],
    ['State', State],
    ['Deadline', Deadline],
    ['Needed until', NeededUntil ?? 'the stream leaves it, and longer'],
  ];
}

function restOf(keys: number): Fact[] {
  const rest = keys - MAX_KEYS;
  return rest > 0 ? [['Further keys', `${rest}, in the JSON`]] : [];
}
