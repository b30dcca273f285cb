import * as v from 'valibot';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { describeRisk, RISK_EVENT } from '../guard/needed-key.ts';
import { STREAM_NAME } from '../identifiers/arn.ts';
import { parseKeyId } from '../identifiers/key-id.ts';
import { fieldOf } from '../json.ts';
import { compose, type Fact, type TopicMessage } from './message-text.ts';

/** More keys are in the JSON alone. */
const MAX_KEYS = 10;

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
  fieldOf(event, 'detail-type') === RISK_EVENT;

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
): TopicMessage {
  const { StreamName, StreamARN, At, Keys } = risk;
  const states = [...new Set(Keys.map(({ State }) => State))].join(', ');
  const shown = Keys.slice(0, MAX_KEYS);
  return compose({
    title: `${StreamName} (${stage}): needed key at risk, ${states}`,
    text: shown.map((key) => describeRisk(key)).join(' '),
    facts: [...shown.flatMap(factsOf), ...restOf(Keys.length)],
    mailFacts: [
      ['Looked at', At],
      ['Stream', StreamARN],
    ],
    steps: [
      ...shown.flatMap(({ Remedy }) => Remedy),
      `Runbook: ${runbook}#alarm-needed-keys`,
    ],
    streamName: StreamName,
    stage,
    metadata: {
      threadId: `${StreamARN}/needed-keys`,
      eventType: RISK_EVENT,
      relatedResources: [StreamARN, ...shown.map(({ KeyArn }) => KeyArn)],
      additionalContext: { StreamName, States: states },
    },
    detail: risk,
  });
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
