import { parseArn } from '../identifiers/arn.ts';
import { parseKeyId } from '../identifiers/key-id.ts';
import { fieldOf } from '../json.ts';

/** An event of KMS, or CloudTrail's event of a call to KMS. */
export interface KmsEvent {
  /** When it happened, ISO 8601, as the event has it. */
  Time: unknown;
  /** Undefined where the event does not name the key by its ARN. */
  KeyArn: string | undefined;
}

/**
 * Reads an event of KMS about one key; undefined for any other event. KMS's own events
 * have the key ARN in `resources`, those of CloudTrail in `detail.resources` and
 * `detail.responseElements.keyId`.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/kms-events.html
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/ct-disablekey.html
 */
export function readKmsEvent(event: unknown): KmsEvent | undefined {
  if (fieldOf(event, 'source') !== 'aws.kms') return undefined;
  const detail = fieldOf(event, 'detail');
  const candidates = [
    ...listOf(fieldOf(event, 'resources')),
    ...listOf(fieldOf(detail, 'resources')).map((one) => fieldOf(one, 'ARN')),
    fieldOf(fieldOf(detail, 'responseElements'), 'keyId'),
    fieldOf(fieldOf(detail, 'requestParameters'), 'keyId'),
  ];
  return { Time: fieldOf(event, 'time'), KeyArn: candidates.find(isKeyArn) };
}

function isKeyArn(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    parseArn(value) !== undefined &&
    parseKeyId(value)?.resource.startsWith('key/') === true
  );
}

const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : [];
