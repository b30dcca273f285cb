import * as v from 'valibot';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { parseStreamArn, STREAM_NAME } from '../identifiers/arn.ts';
import { isOwnAlias, KEY_ID_FORMS, parseKeyId } from '../identifiers/key-id.ts';
import { choice, objectMessage, text, wholeNumber } from './field-checks.ts';
import { TRIGGER } from './trigger.ts';

const keyId = (field: string) =>
  v.pipe(
    text(field, KEY_ID_FORMS),
    v.check(
      (value) => parseKeyId(value) !== undefined,
      (issue) =>
        `${field} ${quote(issue.input)} is not a key id; expected ${KEY_ID_FORMS}`,
    ),
  );

const BASE64 =
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** As CloudWatch allows the name of an alarm. */
export const ALARM_NAME = /^[^\p{Cc}]{1,255}$/u;

/** A DescribeAlarms of these takes one page. */
export const MAX_BAKE_ALARMS = 20;

/** A probe's content stays out of messages, which are logged. */
const PROBE_FIELDS = {
  PartitionKey: v.pipe(
    v.string('Probe.PartitionKey is not a string of 1 to 256 characters'),
    v.check(
      (value) => value.length >= 1 && value.length <= 256,
      'Probe.PartitionKey must have 1 to 256 characters',
    ),
    v.check(
      (value) => value.isWellFormed(),
      'Probe.PartitionKey has a lone surrogate, which UTF-8 cannot encode',
    ),
  ),
  Data: v.pipe(
    v.string('Probe.Data is not a string; expected base64, as in PutRecord'),
    v.check(
      (value) => value.length <= 65_536 && BASE64.test(value),
      () =>
        'Probe.Data is not base64 of at most 65,536 characters, the form in which PutRecord takes Data',
    ),
  ),
};

const PROBE = v.strictObject(PROBE_FIELDS, (issue) =>
  objectMessage('Probe', issue, Object.keys(PROBE_FIELDS)),
);

const FIELDS = {
  StreamName: v.optional(
    v.pipe(
      text('StreamName', 'the name of a data stream'),
      v.regex(
        STREAM_NAME,
        (issue) =>
          `StreamName ${quote(issue.input)} is not a stream name; expected 1 to 128 of a-z A-Z 0-9 _ . -`,
      ),
    ),
  ),
  StreamARN: v.optional(
    v.pipe(
      text('StreamARN', 'the ARN of a data stream'),
      v.check(
        (value) => parseStreamArn(value) !== undefined,
        (issue) =>
          `StreamARN ${quote(issue.input)} is not the ARN of a data stream; expected arn:aws:kinesis:<Region>:<account>:stream/<name>`,
      ),
    ),
  ),
  EncryptionType: v.optional(
    v.literal('KMS', (issue) =>
      issue.input === 'NONE'
        ? 'EncryptionType "NONE" is refused: it would end encryption, which is StopStreamEncryption and never part of a rotation; use KMS'
        : `EncryptionType ${quote(issue.input)} is not an encryption type; the only one is KMS`,
    ),
    'KMS',
  ),
  KeyId: v.optional(keyId('KeyId')),
  KeyIds: v.optional(
    v.pipe(
      v.array(
        keyId('KeyIds'),
        (issue) => `KeyIds ${quote(issue.input)} is not a list of key ids`,
      ),
      v.check(
        (ring) => ring.length > 0,
        'KeyIds [] is empty; give at least two keys, or one alias of your own',
      ),
      v.check(
        (ring) => ring.length !== 1 || ring.every(isOwnAlias),
        (issue) =>
          `KeyIds ${quote(issue.input)} is a ring of 1 that never resolves to another key; give at least two keys or one alias of your own; only a request takes one key, as KeyId`,
      ),
      v.check(
        (ring) => ring.length <= 100,
        (issue) =>
          `KeyIds has ${issue.input.length} keys; a ring has at most 100`,
      ),
      v.check(
        (ring) => new Set(ring).size === ring.length,
        (issue) =>
          `KeyIds ${quote(issue.input)} names a key twice; name each key once`,
      ),
    ),
  ),
  Mode: v.optional(choice('Mode', ['ROTATE', 'RESTORE', 'REVERT'])),
  RevertWithinMinutes: v.optional(
    wholeNumber('RevertWithinMinutes', 1, 10_080),
  ),
  OnQuotaExhausted: v.optional(
    choice('OnQuotaExhausted', ['FAIL', 'WAIT']),
    'FAIL',
  ),
  Force: v.optional(
    v.boolean((issue) => `Force ${quote(issue.input)} is not true or false`),
    false,
  ),
  UnlessAppliedSince: v.optional(
    v.pipe(
      text('UnlessAppliedSince', 'a time as ISO 8601'),
      v.isoTimestamp(
        (issue) =>
          `UnlessAppliedSince ${quote(issue.input)} is not a time; expected ISO 8601, as 2026-01-12T03:00:00Z`,
      ),
    ),
  ),
  OnVerificationFailed: v.optional(
    choice('OnVerificationFailed', ['ROLL_BACK', 'KEEP']),
    'ROLL_BACK',
  ),
  KeepSlotForRollback: v.optional(
    v.boolean(
      (issue) =>
        `KeepSlotForRollback ${quote(issue.input)} is not true or false`,
    ),
    false,
  ),
  BakeMinutes: v.optional(wholeNumber('BakeMinutes', 0, 60)),
  BakeAlarms: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          text('BakeAlarms', 'the name of an alarm'),
          v.regex(
            ALARM_NAME,
            (issue) =>
              `BakeAlarms ${quote(issue.input)} is not the name of an alarm; expected 1 to 255 characters, none of them a control character`,
          ),
        ),
        (issue) => `BakeAlarms ${quote(issue.input)} is not a list of names`,
      ),
      v.check(
        (names) => names.length <= MAX_BAKE_ALARMS,
        (issue) =>
          `BakeAlarms has ${issue.input.length} alarms; a bake watches at most ${MAX_BAKE_ALARMS}`,
      ),
      v.check(
        (names) => new Set(names).size === names.length,
        (issue) => `BakeAlarms ${quote(issue.input)} names an alarm twice`,
      ),
    ),
  ),
  Probe: v.optional(PROBE),
  Trigger: v.optional(TRIGGER),
};

const REQUEST = v.pipe(
  v.strictObject(FIELDS, (issue) => objectMessage('', issue, REQUEST_FIELDS)),
  v.check(
    (r) => r.StreamName !== undefined || r.StreamARN !== undefined,
    'StreamName and StreamARN are both missing; give one of them',
  ),
  v.check(
    (r) =>
      r.StreamName === undefined ||
      r.StreamARN === undefined ||
      parseStreamArn(r.StreamARN)?.streamName === r.StreamName,
    (issue) =>
      `StreamName ${quote(issue.input.StreamName)} and StreamARN ${quote(issue.input.StreamARN)} name different streams; give one, or make them agree`,
  ),
  v.check(
    (r) => r.KeyId === undefined || r.KeyIds === undefined,
    (issue) =>
      `KeyId ${quote(issue.input.KeyId)} and KeyIds ${quote(issue.input.KeyIds)} are both given; give one key or a ring, not both`,
  ),
  v.check(
    (r) => r.KeyId !== undefined || r.KeyIds !== undefined,
    'KeyId and KeyIds are both missing; give one key as KeyId or a ring as KeyIds',
  ),
  v.check(
    (r) => r.Mode === undefined || r.KeyIds !== undefined,
    (issue) =>
      `Mode ${quote(issue.input.Mode)} chooses from a ring, and KeyIds is missing; give KeyIds or leave Mode out`,
  ),
  v.check(
    (r) => !(r.Force && r.Mode === 'REVERT'),
    'Force true applies a key again, and Mode "REVERT" returns to the key before; leave one of them out',
  ),
  v.check(
    (r) => !(r.KeepSlotForRollback && r.OnVerificationFailed === 'KEEP'),
    'KeepSlotForRollback true keeps a slot that OnVerificationFailed "KEEP" never uses; leave one of them out',
  ),
  v.check(
    (r) => !r.BakeMinutes || (r.BakeAlarms ?? []).length > 0,
    (issue) =>
      `BakeMinutes ${quote(issue.input.BakeMinutes)} has no alarm to watch; give BakeAlarms too`,
  ),
  v.check(
    (r) => r.BakeMinutes !== undefined || !r.BakeAlarms?.length,
    (issue) =>
      `BakeAlarms ${quote(issue.input.BakeAlarms)} are watched for BakeMinutes, which is missing; give BakeMinutes too, 0 for no bake`,
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { StreamARN } = dataset.value;
    if (StreamARN === undefined) return;
    const region = parseStreamArn(StreamARN)?.region;
    const { KeyId, KeyIds = [KeyId] } = dataset.value;
    const field = KeyId === undefined ? 'KeyIds' : 'KeyId';
    for (const id of KeyIds) {
      if (id === undefined) continue;
      const keyRegion = parseKeyId(id)?.region;
      if (keyRegion !== undefined && keyRegion !== region) {
        addIssue({
          message: `${field} ${quote(id)} is in Region ${keyRegion}, and StreamARN ${quote(StreamARN)} is in ${region}; use a key of the stream's Region`,
        });
      }
    }
  }),
);

/**
 * A request to move a stream to another key: the fields of
 * StartStreamEncryption in the API's own spelling, and our own.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html
 */
export type RotationRequest = v.InferOutput<typeof REQUEST>;

export type RequestField = keyof typeof FIELDS;

/** The fields of a request, in the order in which docs show them. */
export const REQUEST_FIELDS = Object.keys(FIELDS) as RequestField[];

/** Fields of which one can replace the other. */
const ALTERNATIVES: Record<string, RequestField> = {
  StreamName: 'StreamARN',
  StreamARN: 'StreamName',
  KeyId: 'KeyIds',
};

/**
 * Returns a request without the fields that the skeleton of `aws kinesis
 * start-stream-encryption` leaves empty: `StreamId`, and a field whose alternative is
 * given. An empty field without its alternative stays, and is refused.
 */
export function withoutEmptyFields(
  request: Record<string, unknown>,
): Record<string, unknown> {
  const isSpare = ([field, value]: [string, unknown]) => {
    if (value !== '') return false;
    const other = Object.hasOwn(ALTERNATIVES, field)
      ? ALTERNATIVES[field]
      : undefined;
    return field === 'StreamId' || (other !== undefined && !!request[other]);
  };
  return Object.fromEntries(
    Object.entries(request).filter((entry) => !isSpare(entry)),
  );
}

/**
 * Reads an execution's input.
 *
 * @throws {RotationError} InvalidRequest, naming the first field that is wrong
 *   and its value
 */
export function parseRequest(input: unknown): RotationRequest {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    // Never quoted: a request that was encoded twice has its probe in it.
    throw new RotationError(
      'InvalidRequest',
      `The request, ${kindOf(input)}, is not a JSON object`,
    );
  }
  const given = withoutEmptyFields(input as Record<string, unknown>);
  if ('StreamId' in given) {
    throw new RotationError(
      'InvalidRequest',
      `StreamId ${quote(given.StreamId)} is reserved by Kinesis for future use; leave it out, and name the stream with StreamName or StreamARN`,
    );
  }
  const result = v.safeParse(REQUEST, given, { abortEarly: true });
  if (!result.success) {
    throw new RotationError('InvalidRequest', result.issues[0].message);
  }
  return result.output;
}

function kindOf(input: unknown): string {
  if (input === null || input === undefined) return String(input);
  return Array.isArray(input) ? 'a list' : `a ${typeof input}`;
}
