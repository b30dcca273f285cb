/**
 * The names that a failed rotation's `Error` can have besides those of AWS
 * itself, each with what it means. State machines match on these literals, so
 * a name never changes. `docs/errors.md` is checked against this list.
 */
export const ERRORS = {
  InvalidRequest: 'The request is wrong. Nothing was started.',
  UnusableKey:
    'The target key is disabled, pending deletion, of another Region, or not a symmetric encryption key. No slot was taken.',
  InvalidKeyRing:
    'All keys of the ring are one and the same key. No slot was taken.',
  QuotaExhausted:
    'The stream has no slot left of the 25 in 24 hours. The outcome says when the next one is free.',
  RotationInProgress:
    'Another rotation is moving the stream to another key. The cause names it.',
  StreamBusy:
    'The stream was not ACTIVE because of something else for longer than a rotation waits.',
  StartNotApplied:
    'StartStreamEncryption was not answered and Kinesis did not apply it, several times in a row.',
  StartUnconfirmed:
    'StartStreamEncryption was not answered, and nothing can tell whether it was applied, since the key read the same before. The slot stays spent.',
  KeyMismatch:
    'The stream became ACTIVE under a key that this rotation did not ask for, or another was applied before the probe.',
  UpdateTimedOut:
    'The stream was still UPDATING when the time for it ran out. The slot stays spent.',
  RecordNotEncrypted:
    'The stream is ACTIVE with the key, and the probe was still answered EncryptionType NONE.',
  LedgerContended:
    'Too many writers changed the ledger at once. Nothing was written.',
  ServiceUnavailable:
    'An AWS service did not answer, answered 5xx or throttled, after all retries.',
  ExecutionAborted: 'Somebody stopped the rotation before it ended.',
  InternalError: 'A defect in kinesis-key-rotation. Please report it.',
} as const;

export type ErrorName = keyof typeof ERRORS;

/** A failure whose name the state machine and the outcome carry as `Error`. */
export class RotationError extends Error {
  constructor(name: ErrorName, message: string, options?: ErrorOptions) {
    super(legible(message), options);
    this.name = name;
  }
}

/**
 * A refusal by AWS itself: keeps AWS's name, and says in its message which
 * field and value AWS refused.
 */
export class AwsRefusal extends Error {
  constructor(name: string, message: string, options?: ErrorOptions) {
    super(legible(message), options);
    this.name = name;
  }
}

/** What could forge a line or play tricks on a terminal. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** More than any message of ours, and far less than Step Functions takes. */
const MAX_MESSAGE = 4096;

/**
 * A text of others as people may be shown it: one line that says what is in it,
 * and no more than 4,096 characters. AWS quotes in its messages what it was sent.
 */
export function legible(text: string): string {
  const line = text
    .slice(0, MAX_MESSAGE)
    .replace(/[\t\n\v\f\r]+/g, ' ')
    .replace(INVISIBLE, escaped)
    .toWellFormed();
  return text.length > MAX_MESSAGE || line.length > MAX_MESSAGE
    ? `${line.slice(0, MAX_MESSAGE - 3).toWellFormed()}...`
    : line;
}

/** A text of whose characters none is hidden, or hides others. */
export function visible(text: string): string {
  return text.toWellFormed().replace(INVISIBLE, escaped);
}

/** A value as it is quoted in messages: escaped, and never longer than 160. */
export function quote(value: unknown): string {
  const text = visible(asJson(value));
  return text.length > 160 ? `${text.slice(0, 157).toWellFormed()}...` : text;
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return `(a ${typeof value} that JSON cannot show)`;
  }
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
