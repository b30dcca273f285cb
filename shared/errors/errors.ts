import { legible } from './text.ts';

/**
 * The names that a failed rotation's `Error` can have besides those of AWS
 * itself, each with what it means. State machines match on these literals, so
 * a name never changes. `docs/errors.md` is checked against this list.
 */
export const ERRORS = {
  InvalidRequest: 'The request is wrong. Nothing was started.',
  UnusableKey:
    'The target key is disabled, pending deletion, of another Region, or not a symmetric encryption key. No slot was taken.',
  InvalidKeyRing: 'All keys of the ring are the same key. No slot was taken.',
  KeyNotInRing:
    'The key is outside the ring that rotations.yml gives the stream, and the stream allows no others. No slot was taken.',
  QuotaExhausted:
    'The stream has no slot left of the 25 in 24 hours. The outcome says when the next one is free.',
  RotationInProgress:
    'Another rotation is moving the stream to another key. The cause names it.',
  StreamBusy:
    'The stream was not ACTIVE because of another operation for longer than a rotation waits.',
  StartNotApplied:
    'StartStreamEncryption was not answered and Kinesis did not apply it, several times in a row.',
  StartUnconfirmed:
    'StartStreamEncryption was not answered, and the key read the same before, so Describe cannot show whether it was applied. The slot stays spent.',
  KeyMismatch:
    'The stream became ACTIVE under a key that this rotation did not request, or another key was applied before the probe.',
  UpdateTimedOut:
    'The stream was still UPDATING when the time for it ran out. The slot stays spent.',
  RecordNotEncrypted:
    'The stream is ACTIVE with the key, and PutRecord still answered EncryptionType NONE.',
  AlarmBeforeStart:
    'An alarm of the bake was in ALARM, or does not exist. Nothing was started.',
  AlarmDuringBake:
    'An alarm went to ALARM after the probe. The outcome says whether the stream has its previous key again.',
  LedgerContended:
    'Too many writers changed the ledger at once. Nothing was written.',
  ServiceUnavailable:
    'An AWS service did not answer, answered 5xx or throttled, after all retries.',
  RightsPending:
    "AWS denied a call, and the right may not be effective yet. The state machine retries it for up to five minutes; after that the error has AWS's own name.",
  ExecutionAborted: 'The rotation was stopped before it ended.',
  InternalError: 'A defect in kinesis-key-rotation. Please report it.',
} as const;

export type ErrorName = keyof typeof ERRORS;

/** An error whose message people see: one line without hidden characters. */
export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(legible(message), options);
  }

  /** Whether what was asked for is wrong, so that a retry fails again. */
  get isWrongInput(): boolean {
    return false;
  }
}

/** A file, a template or a setting that people have to correct. */
export class InputError extends UserError {
  override get isWrongInput(): boolean {
    return true;
  }
}

/** A variable or a setting of the embedded AWS is wrong; the message names it. */
export class SettingError extends InputError {
  override name = 'SettingError';
}

/** A failure whose name the state machine and the outcome carry as `Error`. */
export class RotationError extends UserError {
  constructor(name: ErrorName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
  }

  override get isWrongInput(): boolean {
    return this.name === 'InvalidRequest';
  }
}

/**
 * A refusal by AWS: keeps AWS's name, and says in its message which field and
 * value AWS refused.
 */
export class AwsRefusal extends UserError {
  constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
  }
}
